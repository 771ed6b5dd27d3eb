//! One statement that hangs on an image, by its own word: what an approver sees of it.
//!
//! Nothing is verified here, and nothing is read: bytes come in. All that is shown is escaped.

use evidence::{
    Bundle, Digest, Envelope, Id, Material, Statement,
    predicate::{
        Claim, Kind, View,
        approval::Decision,
        commitment::Commitment,
        test_result::Counts,
        vulns::{Severity, Vulnerability},
    },
    time::Timestamp,
};

use crate::family::{Family, Member};
use crate::report::plural;

/// One statement, by its own word.
#[derive(Clone, Debug)]
pub(crate) struct Hung {
    /// Its id.
    pub(crate) id: Id,
    /// The SHA-256 of the bundle that carries it; none where an envelope does.
    pub(crate) bundle: Option<Digest>,
    /// The predicate type.
    pub(crate) predicate_type: String,
    /// What it claims.
    pub(crate) claim: Claim,
    /// The platforms that it is about, where it is not about the index as well.
    pub(crate) platforms: Vec<String>,
    /// Who signed, by the word of what carries it.
    pub(crate) who: String,
}

impl Hung {
    /// A statement in a bundle.
    pub(super) fn of_bundle(bytes: &[u8], image: &Family, on: &Member) -> Result<Self, String> {
        let bundle = Bundle::parse(bytes).map_err(|error| error.to_string())?;
        let who = who(&bundle.material);
        Self::of(&bundle.envelope, Some(Digest::sha256(bytes)), who, image, on)
    }

    /// A statement in an envelope alone, as cosign hung it before bundles.
    pub(super) fn of_envelope(bytes: &[u8], image: &Family, on: &Member) -> Result<Self, String> {
        let envelope = Envelope::parse(bytes).map_err(|error| error.to_string())?;
        Self::of(&envelope, None, "by cosign's tag .att".to_owned(), image, on)
    }

    fn of(
        envelope: &Envelope,
        bundle: Option<Digest>,
        who: String,
        image: &Family,
        on: &Member,
    ) -> Result<Self, String> {
        if envelope.payload_type != evidence::IN_TOTO {
            return Err("it is no in-toto statement".to_owned());
        }
        let statement = Statement::parse(&envelope.payload).map_err(|error| error.to_string())?;
        image.holds(&statement, on.digest()).map_err(|error| error.to_string())?;
        let claim = Claim::read(&statement).map_err(|error| error.to_string())?;
        let named = image.named_by(&statement.subjects);
        let platforms: Option<Vec<String>> =
            named.iter().map(|member| member.platform.clone()).collect();
        let (id, predicate_type) = (envelope.id(), statement.predicate_type);
        let platforms = platforms.unwrap_or_default();
        Ok(Self { id, bundle, predicate_type, claim, platforms, who })
    }

    /// What an approval of it says.
    pub(crate) fn commitment(&self) -> Commitment {
        Commitment {
            id: Some(self.id.clone()),
            predicate_type: Some(self.predicate_type.clone()),
            bundle: self.bundle.clone(),
        }
    }

    /// The step that it would be taken for: its name, else its environment, else its kind; and on which
    /// platforms, if not on all.
    pub(crate) fn step(&self) -> String {
        let kind = Kind::of(&self.predicate_type).word();
        let more = self.claim.run.name.as_deref().or(self.claim.view.environment());
        let short = |text: &str| evidence::text::escape_short(text, 40);
        let step = match (more, kind) {
            (Some(more), kind) => format!("{kind} {}", short(more)),
            (None, "other") => short(&self.predicate_type),
            (None, kind) => kind.to_owned(),
        };
        std::iter::once(step).chain(self.platforms.iter().cloned()).collect::<Vec<_>>().join(" ")
    }

    /// When it was made, by its own word.
    pub(crate) fn made(&self) -> Option<Timestamp> {
        self.claim.time
    }

    /// What it says, in a few words.
    pub(crate) fn says(&self) -> String {
        match &self.claim.view {
            View::Approval(approval) => match approval.decision {
                Decision::Approved => "approved".to_owned(),
                Decision::Rejected => "REJECTED".to_owned(),
            },
            View::Build(build) => {
                let commit: String = build.commit.iter().flat_map(|c| c.chars().take(12)).collect();
                evidence::text::escape(&commit)
            }
            View::Deployment(deployment) => deployment.result.word().to_owned(),
            View::Scan(scan) => found(&scan.findings),
            View::Test(test) => match test.counts {
                Some(Counts { failed: 1.., .. }) | None => test.result.word().to_owned(),
                Some(counts) => format!("{} passed", counts.passed),
            },
            View::Exception(_) | View::Sbom | View::Summary(_) | View::Other => String::new(),
        }
    }
}

/// Who signed, by the bundle's word. The hint of a key is the base64 of its SHA-256, as cosign and
/// `attest` write it; other hints are shown as they are.
fn who(material: &Material) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    match material {
        Material::Certificates(_) => "a certificate".to_owned(),
        Material::PublicKey { hint } => match STANDARD.decode(hint) {
            Ok(bytes) if bytes.len() == 32 => {
                let start = bytes.iter().take(6).map(|byte| format!("{byte:02x}"));
                format!("key {}", start.collect::<String>())
            }
            _ => format!("key {}", evidence::text::escape_short(hint, 40)),
        },
    }
}

/// `3 findings: 1 critical, 2 high`, the worst first.
fn found(findings: &[Vulnerability]) -> String {
    let number = |severity| findings.iter().filter(|one| one.severity == severity).count();
    let counts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .map(|severity| (number(*severity), severity.word()))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let all = plural(findings.len(), "finding");
    if counts.is_empty() { all } else { format!("{all}: {}", counts.join(", ")) }
}
