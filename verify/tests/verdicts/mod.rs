//! Verdicts made by hand, for the printers.

use chain::{
    Code, Decision, Finding, Record,
    verdict::{
        BeforeReport, CandidateReport, Deadline, Fate, ImageReport, PolicyReport, ProofReport,
        RelationReport, StepReport,
    },
};

pub(crate) const DIGEST: &str =
    "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const POLICY: &str = "sha256:77e05f0aa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa";

/// An id that begins with these two digits.
fn id(start: &str) -> String {
    format!("sha256:{start}{}", "0c".repeat(31))
}

fn proof(party: &str, time: &str, says: &str) -> ProofReport {
    ProofReport {
        party: party.into(),
        identity: None,
        issuer: None,
        tool: None,
        time: Some(format!("{time}:00Z")),
        seen: None,
        clock: Some("claimed".into()),
        says: says.into(),
        id: id("61"),
        predicate_type: "https://example.com/p".into(),
        run: Some("https://ci.example.com/acme/app/runs/4711".into()),
        referrer: Some(id("0d")),
    }
}

fn step(name: &str, proofs: Vec<ProofReport>) -> StepReport {
    let chosen = proofs.iter().map(|proof| CandidateReport {
        fate: Fate::Chosen,
        code: None,
        reason: None,
        signer: Some(proof.party.clone()),
        time: proof.time.clone(),
        clock: proof.clock.clone(),
        says: Some(proof.says.clone()),
        id: Some(proof.id.clone()),
        predicate_type: Some(proof.predicate_type.clone()),
        run: proof.run.clone(),
        found: id("0d"),
    });
    StepReport {
        name: name.into(),
        passes: !proofs.is_empty(),
        count: 1,
        candidates: chosen.collect(),
        proofs,
        covers: vec![],
    }
}

fn candidate(fate: Fate, signer: &str, time: &str, says: &str) -> CandidateReport {
    CandidateReport {
        fate,
        code: None,
        reason: None,
        signer: Some(signer.into()),
        time: Some(format!("{time}:00Z")),
        clock: Some("claimed".into()),
        says: Some(says.into()),
        id: Some(id("44")),
        predicate_type: None,
        run: None,
        found: id("0e"),
    }
}

fn stranger() -> CandidateReport {
    CandidateReport {
        fate: Fate::Dropped,
        code: Some(Code::WrongSigner),
        reason: Some("the key is nobody's here".into()),
        signer: Some(format!("key {}", id("c0"))),
        time: None,
        clock: None,
        says: None,
        id: Some(id("ee")),
        predicate_type: None,
        run: None,
        found: id("0f"),
    }
}

/// Six steps, all proven.
pub(crate) fn allow() -> Record {
    let mut scan = step("scan", vec![proof("scanner", "2026-11-23T03:10", "0 critical, 0 high")]);
    scan.proofs[0].tool = Some("trivy".into());
    scan.candidates.push(candidate(
        Fate::Superseded,
        "scanner",
        "2026-11-22T03:10",
        "0 critical, 1 high",
    ));
    let mut approve = step(
        "approve",
        vec![
            proof("alice", "2026-11-21T08:15", "approved for production"),
            proof("bob", "2026-11-21T08:40", "approved for production"),
        ],
    );
    approve.count = 2;
    approve.covers = vec!["scan".into(), "test".into(), "smoke".into()];
    approve.candidates.push(stranger());
    Record {
        version: 1,
        decision: Decision::Allow,
        image: ImageReport {
            reference: format!("registry.example.com/payments/api@{DIGEST}"),
            name: "registry.example.com/payments/api".into(),
            told: false,
            digest: DIGEST.into(),
            index: None,
        },
        environment: Some("production".into()),
        before: None,
        policy: PolicyReport {
            file: "production.yaml".into(),
            name: "production".into(),
            revision: Some(14),
            digest: POLICY.into(),
            contact: Some("#release-help, https://wiki.acme.com/gate".into()),
            roots: vec![],
        },
        now: "2026-11-23T15:10:00Z".into(),
        steps: vec![
            step(
                "build",
                vec![proof("release-workflow", "2026-11-20T09:31", "4f1c2a9e7b3d, run 4711")],
            ),
            scan,
            step("test", vec![proof("release-workflow", "2026-11-20T09:44", "847 passed")]),
            step("staging", vec![proof("deployer", "2026-11-20T10:02", "succeeded (staging)")]),
            step("smoke", vec![proof("deployer", "2026-11-20T10:05", "12 passed")]),
            approve,
        ],
        relations: vec![
            RelationReport {
                fact: "commit".into(),
                members: vec!["build".into(), "test".into(), "label git.commit".into()],
                value: "4f1c2a9e7b3d5068c1a2e3f405b6d7c8e9fa0b1c".into(),
                claimed: true,
            },
            RelationReport {
                fact: "run".into(),
                members: vec!["build".into(), "label ci.run".into()],
                value: "https://ci.example.com/acme/app/runs/4711".into(),
                claimed: false,
            },
        ],
        findings: vec![],
        commitments: vec![],
        next: None,
        good_until: Some(Deadline {
            time: "2026-11-24T15:10:00Z".into(),
            what: "scan max-age".into(),
        }),
        expiring: vec![Deadline {
            time: "2026-11-24T15:10:00Z".into(),
            what: "scan max-age".into(),
        }],
        others: vec![],
        notes: vec![],
    }
}

/// Five steps before the approval, all proven.
pub(crate) fn ready() -> Record {
    let mut verdict = allow();
    verdict.decision = Decision::Ready;
    verdict.before = Some(BeforeReport {
        step: "approve".into(),
        claims: "approval".into(),
        environment: Some("production".into()),
        name: None,
    });
    verdict.next = Some(format!(
        "attest approve {} --environment production --verdict ready.json",
        verdict.image.reference
    ));
    verdict.steps.pop();
    verdict.notes = vec!["the same source was not asked: fewer than two of build, test".into()];
    verdict
}

/// A scan that found something, an approval too few, and a step that fails because of the scan.
pub(crate) fn deny() -> Record {
    let mut verdict = allow();
    verdict.decision = Decision::Deny;
    verdict.good_until = None;
    verdict.expiring.clear();
    for name in [1, 4, 5] {
        verdict.steps[name].passes = false;
    }
    let scan = &mut verdict.steps[1];
    scan.proofs.clear();
    scan.candidates = vec![
        CandidateReport {
            code: Some(Code::NegativeResult),
            reason: Some("2 critical findings, at most 0".into()),
            ..candidate(Fate::Negative, "scanner", "2026-11-23T03:10", "2 critical, 0 high")
        },
        candidate(Fate::Superseded, "scanner", "2026-11-22T03:10", "0 critical, 0 high"),
    ];
    verdict.steps[5].proofs.pop();
    verdict.steps[5].candidates.remove(1);
    verdict.findings = vec![
        Finding {
            step: Some("smoke".into()),
            code: Code::OutOfOrder,
            message: "`smoke` has no `scan` to come after".into(),
            details: vec![],
            candidates: vec![],
            at: Some("production.yaml:44".into()),
            hint: None,
            remedy: None,
            who: None,
            follows: true,
        },
        Finding {
            step: Some("scan".into()),
            code: Code::NegativeResult,
            message: "2 critical findings, at most 0".into(),
            details: vec![
                "CVE-2026-31337  openssl 3.0.15  critical  fixed in 3.0.17".into(),
                "CVE-2026-31400  zlib 1.3.0  critical  fixed in 1.3.1".into(),
            ],
            candidates: vec![],
            at: Some("production.yaml:31".into()),
            hint: Some("ask #base-images for a new base".into()),
            remedy: Some(
                "rebuild with the fixed packages; or accept them by id and date in \
                 production.yaml:31 (accept)"
                    .into(),
            ),
            who: Some("scanner, https://ci.example.com/acme/app/runs/4802".into()),
            follows: false,
        },
        Finding {
            step: Some("approve".into()),
            code: Code::TooFewSigners,
            message: "1 of 2 people".into(),
            details: vec![],
            candidates: vec![],
            at: Some("production.yaml:47".into()),
            hint: None,
            remedy: Some(format!(
                "attest approve registry.example.com/payments/api@{DIGEST} \
                 --environment production --verdict ready.json"
            )),
            who: Some("1 more of managers (bob)".into()),
            follows: false,
        },
    ];
    verdict
}

/// All steps proven, and a label that disagrees.
pub(crate) fn deny_whole() -> Record {
    let mut verdict = allow();
    verdict.decision = Decision::Deny;
    verdict.good_until = None;
    verdict.findings = vec![Finding {
        step: None,
        code: Code::LabelMismatch,
        message: "label `git.commit` and build.commit disagree".into(),
        details: vec!["label git.commit  8d02e11f4c55".into(), "build.commit  4f1c2a9e7b3d".into()],
        candidates: vec![],
        at: Some("production.yaml:60".into()),
        hint: None,
        remedy: Some("build it again".into()),
        who: Some("release-workflow".into()),
        follows: false,
    }];
    verdict
}

/// Every text that a stranger could have chosen, or that quotes one, is this one.
pub(crate) fn filled(text: &str) -> Record {
    let mut verdict = deny();
    let all = || text.to_owned();
    let some = || Some(text.to_owned());
    verdict.image =
        ImageReport { reference: all(), name: all(), told: true, digest: all(), index: some() };
    verdict.environment = some();
    verdict.policy.file = all();
    verdict.policy.name = all();
    verdict.policy.contact = some();
    verdict.notes = vec![all()];
    verdict.next = some();
    verdict.expiring = vec![Deadline { time: all(), what: all() }];
    verdict.others = vec![fill_candidate(candidate(Fate::Dropped, "", "", ""), text)];
    for relation in &mut verdict.relations {
        *relation = RelationReport {
            fact: all(),
            members: vec![all(), all()],
            value: all(),
            claimed: true,
        };
    }
    for step in &mut verdict.steps {
        for candidate in &mut step.candidates {
            *candidate = fill_candidate(candidate.clone(), text);
        }
        for proof in &mut step.proofs {
            *proof = ProofReport {
                party: all(),
                identity: some(),
                issuer: some(),
                tool: some(),
                time: some(),
                seen: some(),
                clock: some(),
                says: all(),
                id: all(),
                predicate_type: all(),
                run: some(),
                referrer: some(),
            };
        }
        step.covers = vec![all()];
    }
    for finding in &mut verdict.findings {
        finding.message = all();
        finding.details = vec![all(), all()];
        finding.candidates = vec![all()];
        finding.at = some();
        finding.hint = some();
        finding.remedy = some();
        finding.who = some();
    }
    verdict.findings.push(Finding { step: None, ..verdict.findings[0].clone() });
    verdict
}

/// A verdict of one step with such texts, short enough to be read.
pub(crate) fn few(text: &str) -> Record {
    let mut verdict = filled("x");
    verdict.steps.drain(..5);
    verdict.findings.retain(|finding| finding.step.as_deref() == Some("approve"));
    verdict.relations.clear();
    verdict.others.clear();
    verdict.image.reference = text.into();
    verdict.steps[0].proofs[0].says = text.into();
    verdict.steps[0].candidates.truncate(1);
    verdict.steps[0].candidates[0].reason = Some(text.into());
    verdict.findings[0].message = text.into();
    verdict.findings[0].details = vec![text.into()];
    verdict
}

fn fill_candidate(candidate: CandidateReport, text: &str) -> CandidateReport {
    let some = || Some(text.to_owned());
    CandidateReport {
        reason: some(),
        signer: some(),
        time: some(),
        clock: some(),
        says: some(),
        id: None,
        predicate_type: some(),
        run: some(),
        found: text.to_owned(),
        ..candidate
    }
}
