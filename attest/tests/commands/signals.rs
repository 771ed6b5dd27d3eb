//! `attest test` and `attest scan` while they are asked to end.

use evidence::json::Value;

use crate::place::{Ended, NAME, Place, testdata};
use testkit::registry::{Fault, Registry};

/// Runs a script under `attest`, and sends a signal to `attest` alone once the script is ready.
fn stopped(place: &Place, attest: &str, script: &str, signal: &str) -> Ended {
    place.write("script", script);
    let line = format!(
        "attest {attest} oci:app --as {NAME} -- sh script & id=$!
         while [ ! -e ready ]; do sleep 0.05; done
         kill -{signal} $id
         wait $id"
    );
    place.shell(&line)
}

fn predicate(place: &Place) -> Value {
    let hanging = place.hanging("app");
    assert_eq!(hanging.len(), 1);
    hanging[0].1.predicate.clone()
}

#[test]
fn a_command_that_a_signal_ends_has_failed() {
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let place = Place::new();
        let ended = stopped(&place, "test", "touch ready; exec sleep 600", signal);
        assert_eq!(ended.status, 128 + number, "{}", ended.stderr);
        assert!(ended.stderr.contains("attested FAILED"), "{}", ended.stderr);
        let predicate = predicate(&place);
        assert_eq!(predicate["result"], "FAILED");
        assert_eq!(predicate["attest_test"]["exitCode"], 128 + number);
        assert_eq!(predicate["attest_test"]["command"]["signal"], number);
        assert_eq!(predicate["attest_test"]["command"]["stopped"], number);
    }
}

#[test]
fn a_command_ends_as_it_sees_fit_and_passes_no_more() {
    let script = |status: u8| {
        format!(
            "trap 'exit {status}' TERM
             touch ready
             while :; do sleep 0.05; done"
        )
    };
    for (says, status) in [(0, 143), (7, 7)] {
        let place = Place::new();
        let ended = stopped(&place, "test", &script(says), "TERM");
        assert_eq!(ended.status, status, "{}", ended.stderr);
        let predicate = predicate(&place);
        assert_eq!(predicate["result"], "FAILED");
        assert_eq!(predicate["attest_test"]["command"]["exitStatus"], says);
        assert_eq!(predicate["attest_test"]["command"]["stopped"], 15);
    }
}

#[test]
fn a_report_that_is_a_pipe_holds_no_job_that_is_cancelled() {
    let place = Place::new();
    let script = "mkfifo out.xml; echo $$ > child; touch ready; exec sleep 600";
    let ended = stopped(&place, "test --report out.xml", script, "TERM");
    assert_eq!(ended.status, 143, "{}", ended.stderr);
    assert!(ended.stderr.contains("attested FAILED"), "{}", ended.stderr);
    let predicate = predicate(&place);
    assert_eq!(predicate["result"], "FAILED");
    assert_eq!(predicate["attest_test"]["command"]["stopped"], 15);
    let child = std::fs::read_to_string(place.path("child")).unwrap();
    assert!(!std::path::Path::new("/proc").join(child.trim()).exists(), "{child} goes on alone");
}

#[test]
fn a_stopped_scanner_has_found_nothing() {
    let place = Place::new();
    place.set_file("clean.json", "reports/scan/synthetic-trivy-clean.json");
    let script = "cp clean.json out.json; touch ready; exec sleep 600";
    let ended = stopped(&place, "scan --report out.json", script, "TERM");
    assert_eq!(ended.status, 143, "{}", ended.stderr);
    assert!(ended.stderr.contains("[stopped]"), "{}", ended.stderr);
    assert_eq!(place.hanging("app").len(), 0);
}

#[test]
fn a_registry_that_does_not_answer_holds_no_job_that_is_cancelled() {
    let registry = Registry::start().unwrap();
    registry.load("acme/app", &testdata("images/app-oci")).unwrap();
    registry.fault("POST", "/blobs/uploads/", None, Fault::Silent);
    let image = format!("{}/acme/app:v1", registry.host());
    let line = format!(
        "attest test {image} -- touch ready & id=$!
         while [ ! -e ready ]; do sleep 0.05; done
         while kill -TERM $id 2>/dev/null; do sleep 0.1; done
         wait $id"
    );
    let ended = Place::new().shell(&line);
    assert_eq!(ended.status, 143, "{}", ended.stderr);
    assert!(ended.stderr.contains("[stopped]"), "{}", ended.stderr);
}
