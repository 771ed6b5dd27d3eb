//! Remedies: who can mend a step, and with which command.

use std::collections::BTreeSet;

use evidence::{
    Digest,
    predicate::{EXCEPTION, Kind, SUMMARY},
};

use crate::{
    candidate::{Image, Shape},
    facts::Facts,
    finding::Code,
    judge::Setting,
    policy::{Claims, Fact, Place, Policy, Step},
};

/// `production.yaml:31`.
pub(crate) fn place(policy: &Policy, place: Place) -> String {
    format!("{}:{}", policy.file, place.line)
}

/// The file in which a verdict is kept that an approval follows, in the words of the documents.
const VERDICT: &str = "ready.json";

/// The command that attests a step, with the pinned reference.
pub(crate) fn command(step: &Step, image: &Image) -> String {
    let selects = &step.selects;
    let environment = selects.environment.as_deref().unwrap_or("ENVIRONMENT");
    let options: &[&str] = match &selects.claims {
        Claims::Kind(Kind::Approval) => &["approve", "--environment", environment],
        Claims::Kind(Kind::Build) => &["build"],
        Claims::Kind(Kind::Deployment) => {
            &["deploy", "--environment", environment, "--result", "succeeded"]
        }
        Claims::Kind(Kind::Sbom) => &["sbom", "--file", "FILE"],
        Claims::Kind(Kind::Scan) => &["scan", "--report", "FILE"],
        Claims::Kind(Kind::Test) => &["test", "--report", "FILE"],
        Claims::Kind(Kind::Exception) => &["predicate", "--type", EXCEPTION, "--file", "FILE"],
        Claims::Kind(Kind::Summary) => &["predicate", "--type", SUMMARY, "--file", "FILE"],
        Claims::Kind(Kind::Other) => &["predicate", "--type", "TYPE", "--file", "FILE"],
        Claims::Type(uri) => &["predicate", "--type", uri, "--file", "FILE"],
    };
    let (verb, options) = options.split_first().unwrap_or((&"predicate", &[]));
    let mut words = attest(verb, image);
    words.extend(options);
    words.extend(selects.name.iter().flat_map(|name| ["--name", name.as_str()]));
    if follows_verdict(step) {
        words.extend(["--verdict", VERDICT]);
    }
    line(words)
}

/// Whether who attests a step follows a verdict: an approval of what comes before it.
fn follows_verdict(step: &Step) -> bool {
    let reaches = !step.after.is_empty() || !step.covers.is_empty();
    step.selects.claims == Claims::Kind(Kind::Approval) && reaches
}

/// The command that attests a step, after the one that makes the verdict that it follows.
pub(crate) fn anew(step: &Step, setting: Setting<'_>) -> String {
    if step.selects.claims == Claims::Kind(Kind::Scan) {
        return on_platform(step, setting);
    }
    let command = command(step, setting.image);
    if !follows_verdict(step) {
        return command;
    }
    let report = format!("json={VERDICT}");
    let more = ["--before", &step.name, "--report", &report];
    format!("{} && {command}", gate(setting, None, &more))
}

/// A scanner's report is about one platform: where an index was asked about, that is what to scan.
fn on_platform(step: &Step, setting: Setting<'_>) -> String {
    let image = setting.image;
    let digest = match &image.shape {
        Shape::Index { platforms } => platforms
            .iter()
            .find(|platform| Some(platform.name.as_str()) == setting.view.platform)
            .map(|platform| &platform.digest)
            .filter(|digest| setting.view.digests.contains(digest)),
        Shape::Listed { .. } | Shape::Lone => None,
    };
    let platform = digest.and_then(|digest| {
        let (name, _) = image.reference.rsplit_once('@')?;
        Some(Image { reference: format!("{name}@{digest}"), ..image.clone() })
    });
    command(step, platform.as_ref().unwrap_or(image))
}

/// The question that was asked, with the index that lists the image.
pub(crate) fn asked(setting: Setting<'_>, index: &Digest) -> String {
    let before: Vec<&str> = setting.before.iter().flat_map(|step| ["--before", *step]).collect();
    gate(setting, Some(index.to_string()), &before)
}

fn gate(setting: Setting<'_>, index: Option<String>, more: &[&str]) -> String {
    let image = setting.image;
    let listed = match &image.shape {
        Shape::Listed { index, .. } => Some(index.to_string()),
        Shape::Index { .. } | Shape::Lone => None,
    };
    let index = index.or(listed);
    let mut words = about(&["verify", "gate"], image);
    words.extend(index.iter().flat_map(|index| ["--index", index.as_str()]));
    words.extend(["--policy", setting.policy.file.as_str()]);
    words.extend(setting.environment.iter().flat_map(|name| ["--environment", *name]));
    words.extend(more);
    line(words)
}

/// The options that state what another step is known to be of.
pub(crate) fn stating(facts: &Facts) -> String {
    let options = [
        ("--source", Fact::Source),
        ("--commit", Fact::Commit),
        ("--ref", Fact::Ref),
        ("--run", Fact::Run),
    ];
    let known = options.into_iter().filter_map(|(option, fact)| Some((option, facts.value(fact)?)));
    known.map(|(option, value)| format!(" {option} {}", quoted(value))).collect()
}

/// The command that puts an attestation back.
pub(crate) fn attach(image: &Image) -> String {
    let mut words = attest("attach", image);
    words.extend(["--bundle", "FILE"]);
    line(words)
}

fn attest<'a>(verb: &'a str, image: &'a Image) -> Vec<&'a str> {
    about(&["attest", verb], image)
}

fn about<'a>(command: &[&'a str], image: &'a Image) -> Vec<&'a str> {
    let mut words = command.to_vec();
    words.push(image.reference.as_str());
    if image.told {
        words.extend(["--as", image.name.as_str()]);
    }
    if let Some(repository) = &image.evidence_repository {
        words.extend(["--evidence-repository", repository]);
    }
    words
}

fn line(words: Vec<&str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The same command for a verdict that is kept in another file.
pub(crate) fn kept_in(command: &str, file: &str) -> String {
    match command.strip_suffix(&format!(" --verdict {VERDICT}")) {
        Some(command) => format!("{command} --verdict {}", quoted(file)),
        None => command.to_owned(),
    }
}

/// A word as a POSIX shell takes it for one (Shell Command Language, section 2.2.2).
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// What to do about something negative.
pub(crate) fn for_negative(
    step: &Step,
    code: Code,
    facts: Option<&Facts>,
    setting: Setting<'_>,
) -> String {
    let mut again = anew(step, setting);
    // Words of one run and no job replace none of each other: the same command would change nothing.
    let lone_run = facts.is_some_and(|facts| facts.run.is_some() && facts.job.is_none());
    let in_another = if lone_run {
        again += " --run RUN";
        " (with a new --run: its first word names no --job)"
    } else {
        ""
    };
    match (code, &step.selects.claims) {
        (Code::NoTime, Claims::Kind(Kind::Scan)) if step.database_max_age.is_some() => {
            format!("say how old the database is{in_another}: {again} --database-updated TIME")
        }
        (Code::NegativeResult, Claims::Kind(Kind::Scan)) => {
            let at = step.limits.as_ref().map_or(step.at, |limits| limits.at);
            format!(
                "rebuild with the fixed packages; or accept them by id and date in {} (accept)",
                place(setting.policy, at)
            )
        }
        _ => format!("{}{in_another}: {again}", before_again(step, code)),
    }
}

/// What to do before the step is attested again.
fn before_again(step: &Step, code: Code) -> &'static str {
    match code {
        Code::NegativeResult if step.selects.claims == Claims::Kind(Kind::Approval) => {
            "who rejected it can approve it"
        }
        Code::NegativeResult => "mend the cause, run it again, then attest the new result",
        // It is its signer's newest word as long as it is there, so another one alone mends nothing.
        Code::ClaimMismatch | Code::Unreadable | Code::WrongSubject => {
            "it stays its signer's newest word until its referrer is deleted; then"
        }
        Code::Future => {
            "it stays its signer's newest word until that time, or until its referrer is deleted; \
             then"
        }
        Code::OutsideWindow => {
            "delete its referrer, or take the retired key out of the policy; \
             then sign with a key that the policy trusts now"
        }
        _ => "attest it again",
    }
}

/// The remedies of one finding on two platforms: what both say, and the command of each.
pub(crate) fn both(one: &str, other: &str) -> String {
    let said_once = other.rsplit_once(": ").filter(|(said, _)| one.starts_with(said));
    let command = said_once.map_or(other, |(_, command)| command);
    match one.contains(command) {
        true => one.to_owned(),
        false => format!("{one} && {command}"),
    }
}

/// Who can add what is missing.
pub(crate) fn who(step: &Step, have: &BTreeSet<&str>, found: usize) -> String {
    let parties = &step.signed_by.parties;
    let others: Vec<&str> =
        parties.iter().map(String::as_str).filter(|party| !have.contains(party)).collect();
    let lone = parties.len() == 1 && parties.contains(&step.signed_by.word);
    match (lone, found == 0) {
        (true, _) => step.signed_by.word.clone(),
        (false, true) if step.count > 1 => {
            format!("{} of {} ({})", step.count, step.signed_by.word, others.join(", "))
        }
        (false, true) => format!("one of {} ({})", step.signed_by.word, others.join(", ")),
        (false, false) => {
            let more = usize::try_from(step.count).unwrap_or(usize::MAX).saturating_sub(found);
            format!("{more} more of {} ({})", step.signed_by.word, others.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Selector, SignedBy};

    const KINDS: [Kind; 9] = [
        Kind::Approval,
        Kind::Build,
        Kind::Deployment,
        Kind::Exception,
        Kind::Other,
        Kind::Sbom,
        Kind::Scan,
        Kind::Summary,
        Kind::Test,
    ];

    fn step(claims: Claims, environment: Option<&str>, name: Option<&str>) -> Step {
        Step {
            name: "step".to_owned(),
            selects: Selector {
                claims,
                environment: environment.map(str::to_owned),
                name: name.map(str::to_owned),
                tool: None,
            },
            signed_by: SignedBy { word: "who".to_owned(), parties: BTreeSet::new(), many: false },
            count: 1,
            not_signed_by: vec![],
            after: vec!["test".to_owned()],
            covers: vec![],
            max_age: None,
            database_max_age: None,
            limits: None,
            accept: vec![],
            results: vec![],
            hint: None,
            at: Place { line: 1, column: 1 },
        }
    }

    fn image(told: bool) -> Image {
        Image {
            reference: "oci:my app@sha256:00".to_owned(),
            name: "registry.example.com/app".to_owned(),
            told,
            evidence_repository: told.then(|| "registry.example.com/evidence".to_owned()),
            digest: Digest::sha256(b""),
            same_bytes: vec![],
            shape: Shape::Lone,
            labels: None,
        }
    }

    #[test]
    fn every_kind_of_step_has_its_command() {
        let environment =
            |kind| matches!(kind, Kind::Approval | Kind::Deployment).then_some("prod");
        let of =
            |kind: Kind| command(&step(Claims::Kind(kind), environment(kind), None), &image(false));
        assert_eq!(
            KINDS.map(of),
            [
                "attest approve 'oci:my app@sha256:00' --environment prod --verdict ready.json",
                "attest build 'oci:my app@sha256:00'",
                "attest deploy 'oci:my app@sha256:00' --environment prod --result succeeded",
                "attest predicate 'oci:my app@sha256:00' --type \
                 https://attest-verify.dev/exception/v1 --file FILE",
                "attest predicate 'oci:my app@sha256:00' --type TYPE --file FILE",
                "attest sbom 'oci:my app@sha256:00' --file FILE",
                "attest scan 'oci:my app@sha256:00' --report FILE",
                "attest predicate 'oci:my app@sha256:00' --type \
                 https://slsa.dev/verification_summary/v1 --file FILE",
                "attest test 'oci:my app@sha256:00' --report FILE",
            ]
        );
        let claims = Claims::Type("https://example.com/it's/v1".to_owned());
        assert_eq!(
            command(&step(claims, None, Some("smoke")), &image(true)),
            r"attest predicate 'oci:my app@sha256:00' --as registry.example.com/app --evidence-repository registry.example.com/evidence --type 'https://example.com/it'\''s/v1' --file FILE --name smoke"
        );
    }

    #[test]
    fn only_what_follows_a_verdict_names_its_file() {
        let approve =
            command(&step(Claims::Kind(Kind::Approval), Some("prod"), None), &image(false));
        assert!(kept_in(&approve, "out/v 1.json").ends_with(" --verdict 'out/v 1.json'"));
        let build = command(&step(Claims::Kind(Kind::Build), None, None), &image(false));
        assert_eq!(kept_in(&build, "v.json"), build);
    }
}
