//! CycloneDX JSON (ECMA-424): `bomFormat`, `specVersion`, and the component that it describes.

use evidence::{json::Value, predicate::CYCLONEDX};

use super::{Found, Names, digest, list, of_purl, segment, text_of};

/// Versions with a JSON schema that this was written beside.
const KNOWN: [&str; 4] = ["1.4", "1.5", "1.6", "1.7"];

pub(super) fn read(document: &Value) -> Option<Found> {
    (text_of(document, "bomFormat")? == "CycloneDX").then_some(())?;
    let version = text_of(document, "specVersion").unwrap_or_default();
    let component = document.pointer("/metadata/component").unwrap_or(&Value::Null);
    Some(Found {
        version: version.to_owned(),
        known: KNOWN.contains(&version),
        predicate_type: format!("{CYCLONEDX}{}", segment(version).unwrap_or_default()),
        names: names(component),
    })
}

/// Trivy names the image in the package URL and in properties, Syft in the version if that happens
/// to be a digest.
fn names(component: &Value) -> Names {
    let mut names = Names::default();
    let purls = ["purl", "bom-ref"].into_iter().filter_map(|member| text_of(component, member));
    names.manifests.extend(purls.filter_map(of_purl));
    names.manifests.extend(text_of(component, "version").and_then(digest));
    for property in list(component, "properties") {
        let value = text_of(property, "value").unwrap_or_default();
        match text_of(property, "name") {
            Some("aquasecurity:trivy:ImageID") => names.configs.extend(digest(value)),
            Some("aquasecurity:trivy:RepoDigest") => names.manifests.extend(digest(value)),
            _ => {}
        }
    }
    names
}
