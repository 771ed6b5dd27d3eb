//! Spells out the shorthands of recipes: the statements that `attest` would write.
//!
//! Written by hand after docs/predicates and not by the code of `attest`: what both sides share they
//! would also get wrong together.

use std::collections::BTreeMap;

use evidence::{
    json::{Value, json},
    predicate::{APPROVAL, DEPLOYMENT, PROVENANCE, TEST_RESULT, VULNS},
};

use super::{
    Made,
    keyless::Someone,
    locator, pointer,
    recipe::{Approve, Deploy, Finding, Recipe, Scan, Source, Test},
};

/// The image of the cases: `testdata/images/app-oci`.
const DIGEST: &str = "b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const NAME: &str = "registry.example.com/payments/api";
const COMMIT: &str = "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c";
const SOURCE: &str = "https://git.example.com/acme/payments";
/// When what is of no known kind is signed.
const USUAL: &str = "2026-11-20T09:50:00Z";
const RUNS: &str = "https://ci.example.com/acme/payments/runs";

/// What is signed, and when.
pub(super) struct Claim {
    pub(super) payload: Vec<u8>,
    pub(super) predicate_type: Option<String>,
    pub(super) at: String,
}

/// What a shorthand stands for.
struct Spelled {
    predicate_type: String,
    predicate: Value,
    at: &'static str,
    job: Option<&'static str>,
}

/// The payload of a recipe, its predicate type where it has one, and when it is signed.
pub(super) fn payload(recipe: &Recipe, made: &BTreeMap<String, Made>) -> Result<Claim, String> {
    let spelled = match recipe.source()? {
        Source::Payload(text) => {
            let payload = text.replace("DIGEST", DIGEST).into_bytes();
            return Ok(Claim { payload, predicate_type: None, at: at(recipe, USUAL) });
        }
        Source::Again(_) => return Err("a copy has no payload of its own".to_owned()),
        Source::Approve(approve) => approval(recipe, approve, made)?,
        Source::Build => build(recipe),
        Source::Deploy(deploy) => deployment(recipe, deploy, made)?,
        Source::Other(other) => Spelled {
            predicate_type: other.predicate_type.clone(),
            predicate: other.body.clone(),
            at: USUAL,
            job: None,
        },
        Source::Scan(scan) => self::scan(recipe, scan),
        Source::Test(test) => self::test(recipe, test),
    };
    let Spelled { predicate_type, mut predicate, at: usual, job } = spelled;
    if let Some(members) = predicate.as_object_mut() {
        members.insert("attest_run".to_owned(), run(recipe, usual, job));
    }
    let mut statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": recipe.subject.as_deref().unwrap_or(NAME),
            "digest": {"sha256": recipe.digest.as_deref().unwrap_or(DIGEST)},
        }],
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    pointer::set(&mut statement, &recipe.set)?;
    pointer::remove(&mut statement, &recipe.remove)?;
    let predicate_type = statement.get("predicateType").and_then(Value::as_str).map(str::to_owned);
    Ok(Claim { payload: ordered(&statement), predicate_type, at: at(recipe, usual) })
}

/// The statement with its members in the order in which `attest` and cosign write them.
fn ordered(statement: &Value) -> Vec<u8> {
    let usual = ["_type", "subject", "predicateType", "predicate"];
    let rest = statement.as_object().into_iter().flat_map(|members| members.keys());
    let rest = rest.map(String::as_str).filter(|name| !usual.contains(name));
    let members = usual.into_iter().chain(rest).filter_map(|name| {
        let value = statement.get(name)?;
        Some(format!("{}:{value}", Value::from(name)))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
}

/// When a recipe was signed; the usual time of its kind, if it does not say.
fn at(recipe: &Recipe, usual: &'static str) -> String {
    recipe.at.clone().unwrap_or_else(|| usual.to_owned())
}

/// `attest_run`: what CI would fill in for a job, nothing for a person, and what the recipe says.
fn run(recipe: &Recipe, usual: &'static str, job: Option<&str>) -> Value {
    let at = at(recipe, usual);
    let mut run = json!({});
    if let Some(job) = job {
        let Place { source, commit, git_ref, run: url, attempt, .. } = Place::of(recipe);
        // Scans run nightly: a scan of another time is of another run.
        let url = match job {
            "scan" if recipe.identity.is_none() => {
                let number: String = at.chars().filter(char::is_ascii_digit).take(12).collect();
                format!("{RUNS}/{number}")
            }
            _ => url,
        };
        run = json!({
            "source": source, "commit": commit, "ref": git_ref, "run": url, "attempt": attempt,
            "job": job,
        });
    }
    let stated = json!(recipe.run);
    if let (Some(run), Some(stated)) = (run.as_object_mut(), stated.as_object()) {
        run.insert("signedAt".to_owned(), at.into());
        run.extend(stated.clone());
    }
    run
}

/// Where a job runs, as its CI system would say: what its certificate says, too.
struct Place {
    source: String,
    commit: String,
    git_ref: String,
    run: String,
    attempt: u32,
    builder: String,
}

impl Place {
    fn of(recipe: &Recipe) -> Self {
        match recipe.identity.as_ref().and_then(Someone::job) {
            Some((server, job)) => {
                let source = format!("{server}/{}", job.repository);
                // GitLab's certificate names the job; the pipeline is what the job says.
                let (runs, workflow) = match server {
                    "https://github.com" => ("actions/runs", format!("/{}", job.workflow)),
                    _ => ("-/pipelines", format!("//{}", job.workflow)),
                };
                Self {
                    run: format!("{source}/{runs}/{}", job.run),
                    builder: format!("{source}{workflow}@{}", job.git_ref),
                    source,
                    commit: job.commit.clone(),
                    git_ref: job.git_ref.clone(),
                    attempt: job.attempt,
                }
            }
            None => Self {
                source: SOURCE.to_owned(),
                commit: COMMIT.to_owned(),
                git_ref: "refs/heads/main".to_owned(),
                run: format!("{RUNS}/4711"),
                attempt: 1,
                builder: "https://ci.example.com".to_owned(),
            },
        }
    }
}

fn build(recipe: &Recipe) -> Spelled {
    let at_usual = "2026-11-20T09:31:00Z";
    let (stated, place) = (&recipe.run, Place::of(recipe));
    let source = stated.source.clone().unwrap_or(place.source);
    let commit = stated.commit.clone().unwrap_or(place.commit);
    let git_ref = stated.git_ref.clone().unwrap_or(place.git_ref);
    let run = stated.run.clone().unwrap_or(place.run);
    let attempt = stated.attempt.map_or(place.attempt.to_string(), |attempt| attempt.to_string());
    Spelled {
        predicate_type: PROVENANCE.to_owned(),
        predicate: json!({
            "buildDefinition": {
                "buildType": "https://attest-verify.dev/build/v1",
                "externalParameters": {"workflow": {"repository": source, "ref": git_ref}},
                "resolvedDependencies": [{
                    "uri": format!("git+{source}@{git_ref}"),
                    "digest": {"gitCommit": commit},
                }],
            },
            "runDetails": {
                "builder": {"id": place.builder},
                "metadata": {
                    "invocationId": format!("{run}/attempts/{attempt}"),
                    "finishedOn": at(recipe, at_usual),
                },
            },
        }),
        at: at_usual,
        job: Some("build"),
    }
}

fn scan(recipe: &Recipe, scan: &Scan) -> Spelled {
    let usual = "2026-11-23T03:10:00Z";
    let finished = scan.finished.clone().unwrap_or_else(|| at(recipe, usual));
    let critical = (1..=scan.critical).map(|n| {
        let severity = vec!["critical".into()];
        finding(&Finding { id: format!("CVE-2099-{n:04}"), severity, fix: Some("2.0".to_owned()) })
    });
    let result: Vec<Value> = critical.chain(scan.findings.iter().map(finding)).collect();
    let mut scanner = json!({"uri": scan.tool, "version": "0.76.0", "result": result});
    if let (Some(scanner), Some(database)) = (scanner.as_object_mut(), &scan.database) {
        scanner.insert("db".to_owned(), json!({"lastUpdate": database}));
    }
    Spelled {
        predicate_type: VULNS.to_owned(),
        predicate: json!({
            "scanner": scanner,
            "metadata": {"scanStartedOn": finished, "scanFinishedOn": finished},
            "attest_scan": {"bound": "digest"},
        }),
        at: usual,
        job: Some("scan"),
    }
}

fn finding(finding: &Finding) -> Value {
    let severity: Vec<Value> =
        finding.severity.iter().map(|score| json!({"method": "trivy", "score": score})).collect();
    let mut annotation = json!({"package": "openssl", "installedVersion": "1.0"});
    if let (Some(members), Some(fix)) = (annotation.as_object_mut(), &finding.fix) {
        match fix.as_str() {
            "none" => members.insert("fix".to_owned(), "none".into()),
            version => members.insert("fixedVersion".to_owned(), version.into()),
        };
    }
    json!({"id": finding.id, "severity": severity, "annotations": [annotation]})
}

fn test(recipe: &Recipe, test: &Test) -> Spelled {
    let usual = "2026-11-20T09:44:00Z";
    let Test { passed, failed, warned, .. } = test;
    let names = |word: &str, count: u32| {
        (1..=count.min(3)).map(|n| format!("{word}_{n}")).collect::<Vec<_>>()
    };
    let word = match (failed, warned) {
        (0, 0) => "PASSED",
        (0, _) => "WARNED",
        _ => "FAILED",
    };
    Spelled {
        predicate_type: TEST_RESULT.to_owned(),
        predicate: json!({
            "result": test.result.as_deref().unwrap_or(word),
            "configuration": [],
            "passedTests": names("passes", *passed),
            "warnedTests": names("warns", *warned),
            "failedTests": names("fails", *failed),
            "attest_test": {
                "executed": passed + failed + warned,
                "passed": passed, "failed": failed, "warned": warned, "skipped": 0,
                "finishedOn": test.finished.clone().unwrap_or_else(|| at(recipe, usual)),
            },
        }),
        at: usual,
        job: Some("test"),
    }
}

fn approval(
    recipe: &Recipe,
    approve: &Approve,
    made: &BTreeMap<String, Made>,
) -> Result<Spelled, String> {
    let usual = "2026-11-23T08:15:00Z";
    let mut predicate = json!({
        "decision": approve.decision,
        "environment": approve.environment,
        "approvedAt": at(recipe, usual),
        "inputAttestations": commitments(&approve.covers, made)?,
    });
    if let (Some(members), Some(expires)) = (predicate.as_object_mut(), &approve.expires) {
        members.insert("expires".to_owned(), expires.as_str().into());
    }
    Ok(Spelled { predicate_type: APPROVAL.to_owned(), predicate, at: usual, job: None })
}

fn deployment(
    recipe: &Recipe,
    deploy: &Deploy,
    made: &BTreeMap<String, Made>,
) -> Result<Spelled, String> {
    let usual = "2026-11-23T10:02:00Z";
    let predicate = json!({
        "action": "deployed",
        "result": deploy.result,
        "environment": deploy.environment,
        "finishedAt": at(recipe, usual),
        "inputAttestations": commitments(&deploy.covers, made)?,
    });
    Ok(Spelled { predicate_type: DEPLOYMENT.to_owned(), predicate, at: usual, job: Some("deploy") })
}

fn commitments(names: &[String], made: &BTreeMap<String, Made>) -> Result<Vec<Value>, String> {
    names
        .iter()
        .map(|name| {
            let other = made.get(name).ok_or_else(|| format!("no recipe `{name}` before it"))?;
            Ok(json!({
                "digest": {"sha256": locator(other).hex()},
                "mediaType": evidence::bundle::MEDIA_TYPE,
                "annotations": {
                    "statement": other.id.to_string(),
                    "predicateType": other.predicate_type,
                },
            }))
        })
        .collect()
}
