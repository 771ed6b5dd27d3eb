//! `verify list`: what hangs on an image, by its own word.
//!
//! Nothing here is verified and nothing decides: anybody who may push can have written all of it. So
//! no word of it reads like a verdict, and it ends with what it is. With a policy, what became of each
//! and the verdict are shown beside it.

use chain::{
    Candidate, Content, Record,
    verdict::{CandidateReport, Fate},
};
use evidence::{
    Bundle, Digest, Envelope, Id, Material, Statement,
    envelope::decode_base64,
    predicate::{Claim, Kind},
    time::{self, Timestamp},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::List,
    error::Error,
    gate::{self, Asked},
    gather::Gathered,
    policy,
};

/// The version of the list's JSON.
const VERSION: u32 = 1;

/// What hangs on an image (docs/listing.schema.json).
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// The version of this JSON.
    pub version: u32,
    /// The pinned reference.
    pub reference: String,
    /// The digest.
    pub digest: String,
    /// Always false: nothing in `attestations` has been verified.
    pub verified: bool,
    /// What was found, oldest first.
    pub attestations: Vec<Entry>,
    /// The verdict, if a policy was given.
    pub verdict: Option<Record>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// One document, by its own word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The kind of claim: `build`, `scan`, …, `other`; `none` for what cannot be read.
    pub kind: String,
    /// The name that it was given (`--name`).
    pub name: Option<String>,
    /// The environment that it is about.
    pub environment: Option<String>,
    /// The predicate type.
    pub predicate_type: Option<String>,
    /// Who signed it, by its own word: a key's hint; `a certificate`; `nobody`.
    pub says_signed_by: String,
    /// When it was made, by its own word.
    pub says_made: Option<String>,
    /// The id of the statement.
    pub id: Option<String>,
    /// The referrer manifest or file that carried it.
    pub found: String,
    /// Why it cannot be read, or that it is about something else.
    pub problem: Option<String>,
    /// What the policy made of it, step by step; empty without a policy.
    pub judged: Vec<Judged>,
}

/// What a policy made of one document, for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judged {
    /// The step; `None` where it speaks for none that was asked.
    pub step: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// Why, where there is a reason.
    pub reason: Option<String>,
}

/// Lists what hangs on an image.
pub async fn list(request: &List, now: Timestamp) -> Result<Listing, Error> {
    let Some(judge) = &request.judge else {
        return Ok(listing(&gate::gathered(&request.image, false).await?));
    };
    let policy = policy::parse(&judge.policy, &request.image.roots(), now).await?;
    let asked = Asked {
        policy: &policy,
        image: &request.image,
        name: &judge.name,
        environment: judge.environment.as_deref(),
        before: None,
        now,
    };
    let gathered = asked.gather().await?;
    let mut listing = listing(&gathered);
    let verdict = asked.decide(gathered)?.into_record();
    for entry in &mut listing.attestations {
        entry.judged = judged(entry, &verdict);
    }
    Ok(Listing { verdict: Some(verdict), ..listing })
}

/// What a verdict says of an entry. Of several copies of one statement it names one.
fn judged(entry: &Entry, verdict: &Record) -> Vec<Judged> {
    let is_it = |candidate: &CandidateReport| match (&candidate.id, &entry.id) {
        (Some(candidate), Some(entry)) => candidate == entry,
        _ => candidate.found == entry.found,
    };
    let steps = verdict.steps.iter().flat_map(|step| {
        step.candidates.iter().map(move |candidate| (Some(step.name.clone()), candidate))
    });
    let all = steps.chain(verdict.others.iter().map(|candidate| (None, candidate)));
    let its = all.filter(|(_, candidate)| is_it(candidate));
    its.map(|(step, candidate)| Judged {
        step,
        fate: candidate.fate,
        reason: candidate.reason.clone(),
    })
    .collect()
}

fn listing(gathered: &Gathered) -> Listing {
    let digest = gathered.pinned.digest();
    let family: Vec<&Digest> = std::iter::once(digest).chain(gathered.shape.others()).collect();
    let mut attestations: Vec<Entry> =
        gathered.candidates.iter().map(|candidate| entry(candidate, &family)).collect();
    attestations
        .sort_by(|a, b| (&a.says_made, &a.id, &a.found).cmp(&(&b.says_made, &b.id, &b.found)));
    Listing {
        version: VERSION,
        reference: gathered.pinned.to_string(),
        digest: digest.to_string(),
        verified: false,
        attestations,
        verdict: None,
        notes: gathered.notes.clone(),
    }
}

fn entry(candidate: &Candidate, family: &[&Digest]) -> Entry {
    let found = candidate.found.clone();
    match &candidate.content {
        Content::Bundle(bytes) => match Bundle::parse(bytes) {
            Ok(bundle) => {
                let signer = signer(&bundle.material);
                of_statement(
                    &bundle.envelope.payload,
                    Some(bundle.envelope.id()),
                    signer,
                    found,
                    family,
                )
            }
            Err(error) => unreadable(found, error.to_string()),
        },
        Content::Envelope { bytes, .. } => match Envelope::parse(bytes) {
            Ok(envelope) => {
                let id = Some(envelope.id());
                let signers = envelope.signatures.len();
                let signer = format!("{signers} {}", if signers == 1 { "key" } else { "keys" });
                of_statement(&envelope.payload, id, signer, found, family)
            }
            Err(error) => unreadable(found, error.to_string()),
        },
        Content::Unsigned(bytes) => {
            // An envelope outside a bundle, or a bare statement.
            let payload = Envelope::parse(bytes).map_or_else(|_| bytes.clone(), |e| e.payload);
            of_statement(&payload, None, "nobody".to_owned(), found, family)
        }
        Content::Unreadable(reason) => unreadable(found, reason.clone()),
    }
}

fn unreadable(found: String, problem: String) -> Entry {
    Entry {
        kind: "none".to_owned(),
        name: None,
        environment: None,
        predicate_type: None,
        says_signed_by: "nobody".to_owned(),
        says_made: None,
        id: None,
        found,
        problem: Some(problem),
        judged: vec![],
    }
}

fn of_statement(
    payload: &[u8],
    id: Option<Id>,
    says_signed_by: String,
    found: String,
    family: &[&Digest],
) -> Entry {
    let id = id.map(|id| id.to_string());
    let statement = match Statement::parse(payload) {
        Ok(statement) => statement,
        Err(error) => return Entry { id, says_signed_by, ..unreadable(found, error.to_string()) },
    };
    let mut named = statement.subjects.iter().flat_map(|subject| subject.digests.values());
    let about_us = named.any(|digest| family.contains(&digest));
    let claim = Claim::read(&statement);
    let problem = match &claim {
        _ if !about_us => Some("it is about another digest".to_owned()),
        Err(error) => Some(error.to_string()),
        Ok(_) => None,
    };
    let claim = claim.ok();
    Entry {
        kind: Kind::of(&statement.predicate_type).word().to_owned(),
        name: claim.as_ref().and_then(|claim| claim.run.name.clone()),
        environment: claim.as_ref().and_then(|c| c.view.environment().map(str::to_owned)),
        predicate_type: Some(statement.predicate_type),
        says_signed_by,
        says_made: claim.as_ref().and_then(|claim| claim.time).map(time::write),
        id,
        found,
        problem,
        judged: vec![],
    }
}

/// Who signed, by the bundle's own word.
fn signer(material: &Material) -> String {
    match material {
        Material::PublicKey { hint } if hint.is_empty() => "a key".to_owned(),
        Material::PublicKey { hint } => format!("key {}", key_id(hint)),
        Material::Certificates(_) => "a certificate".to_owned(),
    }
}

/// A hint that is the base64 of a digest, as cosign writes it, in the spelling of key ids.
fn key_id(hint: &str) -> String {
    match decode_base64(hint).filter(|bytes| bytes.len() == 32) {
        Some(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha256:{hex}")
        }
        None => hint.to_owned(),
    }
}
