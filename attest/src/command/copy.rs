//! `attest copy`: an image with all that hangs on it, elsewhere.

use evidence::{
    Digest,
    json::{Map, Value, json},
};
use registry::{AnySource, Pinned};

use super::{options, resolve};
use crate::{
    copy::{self, Copying, Derived, Evidence, Outcome, Progress, Screen, Tagged, Tally, size},
    error::Error,
    report::{self, Paragraph, Report, paragraphs, plural},
    request::{self, Access, Destination, Extent, Telling},
    resolve::{Image, repository},
    usage::UsageError,
    world::World,
};

pub(super) async fn run(world: &World, request: request::Copy) -> Result<Report, Error> {
    let request::Copy { target, destination, extent, telling } = request;
    let access = target.access.clone();
    let image = resolve(world, target).await?;
    let place = Place::open(world, &access, &destination, &image)?;
    let progress = progress(world, &access, telling);
    let copying = copying(&image, &place.source, &progress);
    let mut copied = Copied::content(&copying, &image, extent).await?;
    if extent == Extent::Everything {
        copied.tags = copying.tags(image.manifest(), &destination.tags).await?;
    }
    drop(progress);
    let mut json = copied.json(&image, &place.pinned);
    json.insert("version".to_owned(), json!(1));
    Ok(Report::Copied {
        text: paragraphs(&copied.said(&image, &place.pinned)),
        json: json.into(),
        quiet: place.pinned.to_string(),
    })
}

/// Where an image goes.
pub(super) struct Place {
    /// The target.
    pub(super) source: AnySource,
    /// The image there.
    pub(super) pinned: Pinned,
}

impl Place {
    /// Opens the target. A layout is taken for what the user says, else for the source's repository.
    pub(super) fn open(
        world: &World,
        access: &Access,
        destination: &Destination,
        image: &Image,
    ) -> Result<Self, Error> {
        let pinned = Self::named(destination, image)?;
        let source = copy::open(&destination.reference, &options(world, access))?;
        Ok(Self { source, pinned })
    }

    /// The image as it will be named there.
    pub(super) fn named(destination: &Destination, image: &Image) -> Result<Pinned, Error> {
        let Destination { reference, told, .. } = destination;
        if told.is_some() && reference.name().is_some() {
            return Err(UsageError::NamedTarget.into());
        }
        let told = told.as_deref().map(repository).transpose()?;
        let told = told.or_else(|| image.pinned().name().map(str::to_owned));
        Ok(Pinned::new(reference, told.as_deref(), image.digest().clone()))
    }
}

pub(super) fn copying<'a>(
    image: &'a Image,
    to: &'a AnySource,
    progress: &'a Progress,
) -> Copying<'a> {
    Copying { from: image.source(), evidence: image.evidence(), to, progress }
}

pub(super) fn progress(world: &World, access: &Access, telling: Telling) -> Progress {
    Progress::new(match (telling, &world.overwrite) {
        (Telling::Silence, _) => Screen::None,
        // Lines about requests would stand in the middle of one that is written over.
        (Telling::Progress, _) if access.verbose => Screen::Lines(world.aside.clone()),
        (Telling::Progress, Some(line)) => Screen::Terminal(line.clone()),
        (Telling::Progress, None) => Screen::None,
    })
}

/// What was copied.
pub(super) struct Copied {
    image: Option<copy::Image>,
    evidence: Evidence,
    /// The tags of the target.
    pub(super) tags: Vec<Tagged>,
}

impl Copied {
    /// Copies all but the tags.
    pub(super) async fn content(
        copying: &Copying<'_>,
        image: &Image,
        extent: Extent,
    ) -> Result<Self, Error> {
        let manifest = image.manifest();
        let copied = match extent {
            Extent::Everything => Some(copying.image(manifest).await?),
            Extent::Evidence => None,
        };
        let evidence = copying.evidence(Copying::subjects(manifest)).await?;
        Ok(Self { image: copied, evidence, tags: Vec::new() })
    }

    /// For people.
    pub(super) fn said(&self, image: &Image, to: &Pinned) -> Vec<Paragraph> {
        let from = report::place(image.pinned(), image.reference().tag());
        let mut there: Vec<String> = report::place(to, None).into();
        there.extend(self.tags.iter().map(|one| tag(one, image.digest())));
        let mut said = vec![
            Paragraph { label: "From", lines: from.into() },
            Paragraph { label: "To", lines: there },
        ];
        if let Some(copy::Image { manifests, blobs }) = &self.image {
            let lines = vec![
                format!("{}, the digest proven equal", tally(*manifests, "manifest")),
                tally(*blobs, "blob"),
            ];
            said.push(Paragraph { label: "Image", lines });
        }
        let Evidence { manifests, derived, .. } = &self.evidence;
        let mut lines = vec![tally(*manifests, "referrer")];
        lines.extend(derived.iter().map(of_cosign));
        said.push(Paragraph { label: "Evidence", lines });
        said
    }

    /// For machines.
    pub(super) fn json(&self, image: &Image, to: &Pinned) -> Map<String, Value> {
        let tags = self.tags.iter().map(|one| json!({"tag": one.tag, "before": one.before}));
        let derived = self.evidence.derived.iter().map(|Derived { tag, outcome }| {
            let (word, added) = word(*outcome);
            json!({"tag": tag, "outcome": word, "added": added})
        });
        let members = json!({
            "from": image.pinned().to_string(),
            "to": to.to_string(),
            "subject": image.digest(),
            "tags": tags.collect::<Vec<_>>(),
            "image": self.image.as_ref().map(|copy::Image { manifests, blobs }| {
                json!({"manifests": counts(*manifests), "blobs": counts(*blobs)})
            }),
            "evidence": {
                "manifests": counts(self.evidence.manifests),
                "blobs": counts(self.evidence.blobs),
                "derived": derived.collect::<Vec<_>>(),
            },
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// `12 blobs: 9 sent (380.1 MiB), 2 mounted, 1 there`.
fn tally(tally: Tally, word: &str) -> String {
    let Tally { sent, mounted, there, bytes } = tally;
    let bytes = if bytes > 0 { format!(" ({})", size(bytes)) } else { String::new() };
    let parts = [
        (sent, format!("{sent} sent{bytes}")),
        (mounted, format!("{mounted} mounted")),
        (there, format!("{there} there before")),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect();
    let all = plural(tally.all(), word);
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}

fn counts(Tally { sent, mounted, there, bytes }: Tally) -> Value {
    json!({"sent": sent, "mounted": mounted, "there": there, "bytes": bytes})
}

/// `tag v1`, and what else it named before.
fn tag(Tagged { tag, before }: &Tagged, image: &Digest) -> String {
    let tag = evidence::text::escape_short(tag, 128);
    match before {
        Some(before) if before != image => format!("tag {tag}, before {}", before.short()),
        _ => format!("tag {tag}"),
    }
}

/// `sha256-4f1c2a9e7b3d….att: merged, 2 added`.
fn of_cosign(Derived { tag, outcome }: &Derived) -> String {
    let (hex, suffix) = tag.rsplit_once('.').unwrap_or((tag, ""));
    let hex: String = hex.chars().take(19).collect();
    let (word, added) = word(*outcome);
    match added {
        Some(added) => format!("{hex}….{suffix}: {word}, {added} added"),
        None => format!("{hex}….{suffix}: {word}"),
    }
}

fn word(outcome: Outcome) -> (&'static str, Option<usize>) {
    match outcome {
        Outcome::Copied => ("copied", None),
        Outcome::Kept => ("kept", None),
        Outcome::Merged { added } => ("merged", Some(added)),
        Outcome::There => ("there", None),
    }
}
