//! The printer for people: a word in the margin, what it says beside it, at most 80 columns.

use evidence::text::{escape, escape_short};

use registry::{Location, Pinned};

use super::{Attested, Delivered, Made, Paragraph, Placed, signed};
use crate::attach::{self, OnPlatform};

/// The width of the margin; a digest with its algorithm fills the other 71 columns.
pub(super) const MARGIN: usize = 9;

pub(super) fn attested(attested: &Attested) -> String {
    let mut text = String::new();
    paragraph(&mut text, "Pinned", place(&attested.image, attested.tag.as_deref()));
    text.push_str(&paragraphs(&attested.said));
    if let Delivered::Signed(placed) = &attested.delivered {
        let Placed { id, by, made, vouched, kept, attached, bundle } = &**placed;
        if let Some(by) = by {
            let mut said = signed(by, vouched);
            if let (Made::Before, Some(first)) = (made, said.first_mut()) {
                let before = "before; it hung on some platforms, and now hangs on all";
                first.lines.push(before.to_owned());
            }
            text.push_str(&paragraphs(&said));
        }
        paragraph(&mut text, "Id", [id.to_string()]);
        if let Some(path) = kept {
            let path = escape_short(&path.display().to_string(), 300);
            paragraph(&mut text, "Bundle", [bundle.to_string(), format!("kept in {path}")]);
        }
        match attached {
            Some(attached) => {
                let writes = plural(attached.writes, "write");
                let elsewhere = attested.evidence_repository.as_ref();
                let place = elsewhere
                    .map(|place| format!("  in {}", escape_short(&place.to_string(), 300)))
                    .unwrap_or_default();
                let mut lines = vec![attached.referrer.to_string()];
                lines.extend(on_platforms(attached));
                lines.push(format!("{writes}{place}"));
                paragraph(&mut text, "Attached", lines);
            }
            None => {
                let next = "to attach it: attest attach IMAGE --bundle FILE".to_owned();
                paragraph(&mut text, "Attached", ["nothing".to_owned(), next]);
            }
        }
    }
    text
}

/// `linux/amd64     sha256:61aa…`, in columns.
pub(crate) fn on_platforms(attached: &attach::Attached) -> Vec<String> {
    let platforms = &attached.platforms;
    let width = platforms.iter().map(|one| one.platform.chars().count()).max().unwrap_or_default();
    platforms
        .iter()
        .map(|OnPlatform { platform, referrer, .. }| {
            format!("{platform:width$}  {}", referrer.short())
        })
        .collect()
}

/// Each word in the margin, with its lines beside it.
pub(crate) fn paragraphs(paragraphs: &[Paragraph]) -> String {
    let mut text = String::new();
    for Paragraph { label, lines } in paragraphs {
        paragraph(&mut text, label, lines.clone());
    }
    text
}

/// The image in two lines: its repository and tag, and its digest. A layout is shown as itself, beside
/// the name that it was given.
pub(crate) fn place(image: &Pinned, tag: Option<&str>) -> [String; 2] {
    let tag = tag.map(|tag| escape_short(tag, 128));
    let place = match (image.location(), image.name()) {
        (Location::Registry, name) => {
            let tag = tag.map(|tag| format!("  (tag {tag})")).unwrap_or_default();
            format!("{}{tag}", escape(name.unwrap_or_default()))
        }
        (Location::Archive(path) | Location::Layout(path), name) => {
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let is_archive = matches!(image.location(), Location::Archive(_));
            let scheme = if is_archive { "oci-archive" } else { "oci" };
            let layout = format!("{scheme}:{}{tag}", escape(&path.display().to_string()));
            match name {
                Some(name) => format!("{}  (as told; {layout})", escape(name)),
                None => layout,
            }
        }
    };
    [place, image.digest().to_string()]
}

/// The referrer's digest alone; the bundle's where nothing was attached.
pub(super) fn quiet(attested: &Attested) -> String {
    match &attested.delivered {
        Delivered::Signed(placed) => match &placed.attached {
            Some(attached) => format!("{}\n", attached.referrer),
            None => format!("{}\n", placed.bundle),
        },
        Delivered::Shown(_) => String::new(),
    }
}

fn paragraph(text: &mut String, label: &str, lines: impl IntoIterator<Item = String>) {
    let margins = std::iter::once(label).chain(std::iter::repeat(""));
    for (margin, line) in margins.zip(lines) {
        text.push_str(&format!("{margin:MARGIN$}{line}"));
        text.push('\n');
    }
}

/// `1 attestation`, `2 attestations`.
pub(crate) fn attestations(number: usize) -> String {
    plural(number, "attestation")
}

/// `1 write`, `2 writes`.
pub(crate) fn plural(number: impl TryInto<u64>, word: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}
