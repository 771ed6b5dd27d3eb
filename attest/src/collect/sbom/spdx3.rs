//! SPDX 3 JSON-LD: a graph of elements, one of them the document, whose roots it is about.

use std::collections::BTreeSet;

use evidence::{json::Value, predicate::SPDX};

use super::{Found, Names, digest, list, of_purl, segment, text_of};

/// The beginning of the context of every version (SPDX 3.0.1, Serialization).
const CONTEXT: &str = "https://spdx.org/rdf/3";
/// The versions that this was written beside.
const KNOWN: [&str; 2] = ["3.0.0", "3.0.1"];

pub(super) fn read(document: &Value) -> Option<Found> {
    let context = document.get("@context")?;
    let one = std::iter::once(context).chain(context.as_array().into_iter().flatten());
    one.filter_map(Value::as_str).find(|uri| uri.starts_with(CONTEXT))?;
    let version =
        list(document, "@graph").find_map(|element| text_of(element, "specVersion")).unwrap_or("3");
    let major = version.split('.').next().unwrap_or_default();
    Some(Found {
        version: version.to_owned(),
        known: KNOWN.contains(&version),
        predicate_type: format!("{SPDX}{}", segment(major).unwrap_or_default()),
        names: names(document),
    })
}

/// The names of the packages that the document is about: its roots, or those of a bill that is one.
fn names(document: &Value) -> Names {
    let is = |element: &Value, kind| text_of(element, "type") == Some(kind);
    let roots = |kind: &'static str, of: Option<&BTreeSet<&str>>| -> BTreeSet<&str> {
        list(document, "@graph")
            .filter(|element| is(element, kind))
            .filter(|element| match (of, text_of(element, "spdxId")) {
                (Some(of), Some(id)) => of.contains(id),
                (of, _) => of.is_none(),
            })
            .flat_map(|element| list(element, "rootElement").filter_map(Value::as_str))
            .collect()
    };
    let mut about = roots("SpdxDocument", None);
    about.extend(roots("software_Sbom", Some(&about)));
    let mut names = Names::default();
    list(document, "@graph")
        .filter(|element| is(element, "software_Package"))
        .filter(|element| text_of(element, "spdxId").is_some_and(|id| about.contains(id)))
        .for_each(|package| add(&mut names, package));
    names
}

fn add(names: &mut Names, package: &Value) {
    let identified =
        list(package, "externalIdentifier").filter_map(|each| text_of(each, "identifier"));
    let purls = text_of(package, "software_packageUrl").into_iter().chain(identified);
    names.manifests.extend(purls.filter_map(of_purl));
    names.manifests.extend(text_of(package, "software_packageVersion").and_then(digest));
    if text_of(package, "software_primaryPurpose") == Some("container") {
        let hashes = list(package, "verifiedUsing")
            .filter(|hash| text_of(hash, "algorithm") == Some("sha256"))
            .filter_map(|hash| text_of(hash, "hashValue"));
        names.manifests.extend(hashes.filter_map(|hex| digest(&format!("sha256:{hex}"))));
    }
}
