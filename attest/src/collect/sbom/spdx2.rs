//! SPDX 2 JSON: `spdxVersion`, and the packages that the document describes.

use evidence::{json::Value, predicate::SPDX};

use super::{Found, Names, digest, list, of_purl, segment, text_of};

/// The version that this was written beside.
const KNOWN: &str = "2.3";
/// The document's own name (SPDX 2.3, 6.3).
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

pub(super) fn read(document: &Value) -> Option<Found> {
    let version = text_of(document, "spdxVersion")?.strip_prefix("SPDX-")?;
    let mut names = Names::default();
    let described = described(document);
    list(document, "packages")
        .filter(|package| text_of(package, "SPDXID").is_some_and(|id| described.contains(&id)))
        .for_each(|package| add(&mut names, package));
    Some(Found {
        version: version.to_owned(),
        known: version == KNOWN,
        predicate_type: format!("{SPDX}{}", segment(version).unwrap_or_default()),
        names,
    })
}

/// What the document is about: by its own member, or by relationships either way round (SPDX 2.3,
/// 11.1).
fn described(document: &Value) -> Vec<&str> {
    let own = list(document, "documentDescribes").filter_map(Value::as_str);
    let related = list(document, "relationships").filter_map(|relationship| {
        let from = text_of(relationship, "spdxElementId")?;
        let to = text_of(relationship, "relatedSpdxElement")?;
        match (text_of(relationship, "relationshipType")?, from, to) {
            ("DESCRIBES", DOCUMENT, described) | ("DESCRIBED_BY", described, DOCUMENT) => {
                Some(described)
            }
            _ => None,
        }
    });
    own.chain(related).collect()
}

/// Syft writes the manifest's digest as the checksum of a container, Trivy its names as annotations.
fn add(names: &mut Names, package: &Value) {
    let purls = list(package, "externalRefs").filter_map(|each| text_of(each, "referenceLocator"));
    names.manifests.extend(purls.filter_map(of_purl));
    names.manifests.extend(text_of(package, "versionInfo").and_then(digest));
    if text_of(package, "primaryPackagePurpose") == Some("CONTAINER") {
        let checksums = list(package, "checksums")
            .filter(|checksum| text_of(checksum, "algorithm") == Some("SHA256"))
            .filter_map(|checksum| text_of(checksum, "checksumValue"));
        names.manifests.extend(checksums.filter_map(|hex| digest(&format!("sha256:{hex}"))));
    }
    for annotation in list(package, "annotations") {
        let Some((name, value)) =
            text_of(annotation, "comment").and_then(|comment| comment.split_once(": "))
        else {
            continue;
        };
        match name {
            "ImageID" => names.configs.extend(digest(value)),
            "RepoDigest" => names.manifests.extend(digest(value)),
            _ => {}
        }
    }
}
