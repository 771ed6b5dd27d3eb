//! What hangs on an image and its platforms, each by its own word: what an approver sees and commits to.
//!
//! Nothing is verified here. The only I/O of this file is reading the registry, bounded by its
//! budget; what is listed and cannot be had is an error, what cannot be read is told apart.

use evidence::{
    Bundle, Digest, Id, Material, Statement,
    predicate::{
        Claim, Kind, View,
        approval::Decision,
        commitment::Commitment,
        deployment::Outcome,
        test_result::{Counts, Word},
        vulns::{Severity, Vulnerability},
    },
    time::Timestamp,
};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use registry::{AnySource, Carried, Descriptor, Error, Part, Source, carried};

use crate::family::{Family, Member};
use crate::report::plural;

/// Requests at once; the source bounds them again by the budget.
pub(super) const AT_ONCE: usize = 16;

/// All that hangs on one digest.
#[derive(Debug, Default)]
pub(crate) struct Hanging {
    /// What can be read, oldest first.
    pub(crate) statements: Vec<Hung>,
    /// What cannot, and why.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// One statement, by its own word.
#[derive(Clone, Debug)]
pub(crate) struct Hung {
    /// Its id.
    pub(crate) id: Id,
    /// The SHA-256 of the bundle that carries it.
    pub(crate) bundle: Digest,
    /// The predicate type.
    pub(crate) predicate_type: String,
    /// What it claims.
    pub(crate) claim: Claim,
    /// The platforms that it is about, where it is not about the index as well.
    pub(crate) platforms: Vec<String>,
    /// Who signed, by the bundle's word.
    pub(crate) who: String,
}

/// A referrer that cannot be read as evidence.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    /// The manifest.
    pub(crate) referrer: Digest,
    /// What is wrong with it.
    pub(crate) why: String,
}

/// Reads what hangs on an image, and on each of its platforms.
pub(crate) async fn look(source: &AnySource, image: &Family) -> Result<Hanging, Error> {
    let members = image.members().map(|member| async move {
        let referrers = source.referrers(member.digest()).await?;
        stream::iter(referrers)
            .map(|listed| async move { read(source, &listed, image, member).await })
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await
    });
    let mut hanging = Hanging::default();
    for one in try_join_all(members).await?.into_iter().flatten() {
        match one {
            Read::Evidence(hung) => hanging.statements.push(*hung),
            Read::Foreign => {}
            Read::Unreadable(unreadable) => hanging.unreadable.push(unreadable),
        }
    }
    hanging.statements.sort_by_key(|hung| (hung.claim.time, hung.id.clone()));
    // The same statement in two wrappings is one statement.
    hanging.statements.dedup_by(|a, b| a.id == b.id);
    Ok(hanging)
}

enum Read {
    Evidence(Box<Hung>),
    /// Something that is no bundle at all: a signature of another tool, an SBOM of BuildKit.
    Foreign,
    Unreadable(Unreadable),
}

async fn read(
    source: &AnySource,
    listed: &Descriptor,
    image: &Family,
    member: &Member,
) -> Result<Read, Error> {
    let unreadable =
        |why: String| Read::Unreadable(Unreadable { referrer: listed.digest.clone(), why });
    Ok(match content(source, listed).await? {
        Content::Bundle(bytes) => match hung(&bytes, image, member) {
            Ok(hung) => Read::Evidence(Box::new(hung)),
            Err(why) => unreadable(why),
        },
        Content::Foreign => Read::Foreign,
        Content::Unreadable(why) => unreadable(why),
    })
}

/// What a referrer carries.
pub(crate) enum Content {
    /// The bytes of a bundle, as its type says.
    Bundle(Vec<u8>),
    /// Something that is no bundle at all.
    Foreign,
    /// What cannot be read, and why.
    Unreadable(String),
}

/// Reads what one referrer carries.
pub(crate) async fn content(source: &AnySource, listed: &Descriptor) -> Result<Content, Error> {
    for carried in carried(source, listed).await? {
        let Carried::Bundle(part) = carried else { continue };
        let bytes = match part {
            Part::Broken(why) => Err(why),
            Part::Embedded(bytes) => Ok(bytes),
            Part::Listed(layer) => carried::content(source, &layer).await?,
        };
        return Ok(bytes.map_or_else(Content::Unreadable, Content::Bundle));
    }
    Ok(Content::Foreign)
}

fn hung(bytes: &[u8], image: &Family, member: &Member) -> Result<Hung, String> {
    let bundle = Bundle::parse(bytes).map_err(|error| error.to_string())?;
    if bundle.envelope.payload_type != evidence::IN_TOTO {
        return Err("it is no in-toto statement".to_owned());
    }
    let statement =
        Statement::parse(&bundle.envelope.payload).map_err(|error| error.to_string())?;
    image.holds(&statement, member.digest()).map_err(|error| error.to_string())?;
    let claim = Claim::read(&statement).map_err(|error| error.to_string())?;
    let named = image.named_by(&statement.subjects);
    let platforms: Option<Vec<String>> =
        named.iter().map(|member| member.platform.clone()).collect();
    Ok(Hung {
        id: bundle.envelope.id(),
        bundle: Digest::sha256(bytes),
        predicate_type: statement.predicate_type,
        claim,
        platforms: platforms.unwrap_or_default(),
        who: who(&bundle.material),
    })
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
    let all = plural(u64::try_from(findings.len()).unwrap_or(u64::MAX), "finding");
    if counts.is_empty() { all } else { format!("{all}: {}", counts.join(", ")) }
}

impl Hung {
    /// What an approval of it says.
    pub(crate) fn commitment(&self) -> Commitment {
        Commitment {
            id: Some(self.id.clone()),
            predicate_type: Some(self.predicate_type.clone()),
            bundle: Some(self.bundle.clone()),
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

    /// Whether it says that something is not as it should be; of findings, no policy is known here that
    /// says how many are too many.
    pub(crate) fn speaks_against(&self) -> bool {
        match &self.claim.view {
            View::Approval(approval) => approval.decision == Decision::Rejected,
            View::Deployment(deployment) => deployment.result != Outcome::Succeeded,
            View::Scan(scan) => !scan.findings.is_empty(),
            View::Test(test) => test.result != Word::Passed,
            View::Build(_) | View::Exception(_) | View::Sbom | View::Summary(_) | View::Other => {
                false
            }
        }
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
