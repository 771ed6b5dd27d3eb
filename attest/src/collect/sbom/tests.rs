use evidence::json::json;

use super::{super::report::testing::sample, *};

const MANIFEST: &str = "sha256:b18ecfa66f191decf29a4b62dce45eb44652f666947e86a975fd929b679dfa51";
const CONFIG: &str = "sha256:1396f8186555d79f474ce19821f75ec296fdf5dabac437d7f6260d6d93d45436";
const INDEX: &str = "sha256:782419d2e04c4377f25a4aaee15e8e753b4f0e45dae61616477e71f75cf447e0";

fn document(name: &str) -> Sbom {
    read(&sample(&format!("sbom/{name}")).bytes).unwrap()
}

fn about(sbom: &Sbom, manifest: &str, config: Option<&str>) -> Result<By, &'static str> {
    let config: Option<Digest> = config.map(|config| config.parse().unwrap());
    sbom.about(&manifest.parse().unwrap(), None, config.as_ref()).map_err(|refused| refused.code())
}

fn other() -> String {
    format!("sha256:{}", "0".repeat(64))
}

fn made(value: Value) -> Sbom {
    read(value.to_string().as_bytes()).unwrap()
}

#[test]
fn real_documents_say_their_type_and_which_image_they_are_of() {
    let (spdx, cyclonedx) = ("https://spdx.dev/Document/v2.3", "https://cyclonedx.org/bom/v1");
    for (name, predicate_type, by) in [
        ("syft-ocidir.spdx.json", spdx.to_owned(), By::Manifest),
        ("syft-registry.spdx.json", spdx.to_owned(), By::Manifest),
        ("trivy-image-ocidir.spdx.json", spdx.to_owned(), By::Config),
        ("trivy-image-registry-tag.spdx.json", spdx.to_owned(), By::Config),
        ("syft-ocidir.cdx.json", format!("{cyclonedx}.6"), By::Manifest),
        ("syft-registry.cdx.json", format!("{cyclonedx}.6"), By::Nothing),
        ("trivy-image-ocidir.cdx.json", format!("{cyclonedx}.7"), By::Config),
        ("trivy-image-registry-tag.cdx.json", format!("{cyclonedx}.7"), By::Config),
        ("grype-madeup-db-registry.cdx.json", format!("{cyclonedx}.7"), By::Nothing),
    ] {
        let sbom = document(name);
        assert_eq!(sbom.predicate_type, predicate_type, "{name}");
        assert!(sbom.known, "{name}");
        assert_eq!(about(&sbom, MANIFEST, Some(CONFIG)), Ok(by), "{name}");
        let foreign = about(&sbom, &other(), Some(&other()));
        let expected = if by == By::Nothing { Ok(By::Nothing) } else { Err("wrong-image") };
        assert_eq!(foreign, expected, "{name}");
        // The document itself, whole.
        let bytes = sample(&format!("sbom/{name}")).bytes;
        assert_eq!(sbom.document, json::parse(&bytes).unwrap());
    }
}

#[test]
fn the_config_decides_beside_an_index() {
    let of_index = |config: &str| {
        made(json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {
            "purl": format!("pkg:oci/app@{INDEX}?arch=amd64"),
            "properties": [{"name": "aquasecurity:trivy:ImageID", "value": config}],
        }}}))
    };
    assert_eq!(about(&of_index(CONFIG), MANIFEST, Some(CONFIG)), Ok(By::Config));
    assert_eq!(about(&of_index(&other()), INDEX, Some(CONFIG)), Err("wrong-image"));
    // An index has no config to compare with.
    assert_eq!(about(&of_index(CONFIG), INDEX, None), Ok(By::Manifest));
    let platform = document("syft-registry.spdx.json");
    assert_eq!(about(&platform, INDEX, None), Err("wrong-image"));
}

#[test]
fn digests_stand_in_package_urls_of_images_alone() {
    for (purl, by) in [
        (format!("pkg:oci/app@{MANIFEST}"), Ok(By::Manifest)),
        (format!("pkg:oci/app@{}", MANIFEST.replace(':', "%3A")), Ok(By::Manifest)),
        (format!("pkg:docker/acme/app@{MANIFEST}?repository_url=x"), Ok(By::Manifest)),
        (format!("pkg:oci/app@{}", other()), Err("wrong-image")),
        (format!("pkg:generic/app@{}", other()), Ok(By::Nothing)),
        ("pkg:oci/app@v1".to_owned(), Ok(By::Nothing)),
        ("pkg:oci/app".to_owned(), Ok(By::Nothing)),
    ] {
        let sbom = made(json!({"bomFormat": "CycloneDX", "specVersion": "1.5",
            "metadata": {"component": {"purl": purl}}}));
        assert_eq!(about(&sbom, MANIFEST, Some(CONFIG)), by, "{purl}");
    }
}

#[test]
fn what_a_document_lists_does_not_name_the_image() {
    let sbom = made(json!({"bomFormat": "CycloneDX", "specVersion": "1.4",
        "components": [{"purl": format!("pkg:oci/base@{}", other())}]}));
    assert_eq!(about(&sbom, MANIFEST, Some(CONFIG)), Ok(By::Nothing));
    let sbom = made(json!({"spdxVersion": "SPDX-2.3", "packages": [
        {"SPDXID": "SPDXRef-base", "versionInfo": other()}]}));
    assert_eq!(about(&sbom, MANIFEST, Some(CONFIG)), Ok(By::Nothing));
    for described in [
        json!({"documentDescribes": ["SPDXRef-base"]}),
        json!({"relationships": [{"spdxElementId": "SPDXRef-base",
            "relationshipType": "DESCRIBED_BY", "relatedSpdxElement": "SPDXRef-DOCUMENT"}]}),
    ] {
        let mut document = sbom.document.clone();
        document.as_object_mut().unwrap().extend(described.as_object().unwrap().clone());
        assert_eq!(about(&made(document), MANIFEST, Some(CONFIG)), Err("wrong-image"));
    }
}

fn spdx3(digest: &str) -> Value {
    json!({
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "@id": "_:creation", "specVersion": "3.0.1"},
            {"type": "SpdxDocument", "spdxId": "urn:document", "rootElement": ["urn:bill"]},
            {"type": "software_Sbom", "spdxId": "urn:bill", "rootElement": ["urn:image"]},
            {"type": "software_Sbom", "spdxId": "urn:other", "rootElement": ["urn:base"]},
            {"type": "software_Package", "spdxId": "urn:base",
             "software_packageUrl": format!("pkg:oci/base@{}", other())},
            {"type": "software_Package", "spdxId": "urn:image",
             "software_primaryPurpose": "container",
             "verifiedUsing": [{"type": "Hash", "algorithm": "sha256",
                                "hashValue": digest.trim_start_matches("sha256:")}]},
        ],
    })
}

#[test]
fn spdx_3_is_about_the_roots_of_its_document() {
    let sbom = made(spdx3(MANIFEST));
    assert_eq!(sbom.predicate_type, "https://spdx.dev/Document/v3");
    assert!(sbom.known);
    assert_eq!(sbom.lines(By::Manifest), ["SPDX 3.0.1", "names this image by its manifest"]);
    assert_eq!(about(&sbom, MANIFEST, Some(CONFIG)), Ok(By::Manifest));
    assert_eq!(about(&made(spdx3(&other())), MANIFEST, Some(CONFIG)), Err("wrong-image"));
    let mut several = spdx3(MANIFEST);
    several["@context"] = json!(["https://spdx.org/rdf/3.1/spdx-context.jsonld", {}]);
    several["@graph"][0]["specVersion"] = json!("3.1.0");
    let later = made(several);
    assert_eq!(
        (later.predicate_type.as_str(), later.known),
        ("https://spdx.dev/Document/v3", false)
    );
}

#[test]
fn an_unknown_version_is_attested_as_it_is() {
    for (document, predicate_type) in [
        (json!({"bomFormat": "CycloneDX", "specVersion": "1.8"}), "https://cyclonedx.org/bom/v1.8"),
        (json!({"bomFormat": "CycloneDX", "specVersion": "../x"}), "https://cyclonedx.org/bom"),
        (json!({"bomFormat": "CycloneDX"}), "https://cyclonedx.org/bom"),
        (json!({"spdxVersion": "SPDX-2.2"}), "https://spdx.dev/Document/v2.2"),
        (json!({"spdxVersion": "SPDX-next"}), "https://spdx.dev/Document"),
    ] {
        let sbom = made(document);
        assert_eq!((sbom.predicate_type.as_str(), sbom.known), (predicate_type, false));
        assert_eq!(evidence::predicate::Kind::of(predicate_type).word(), "sbom");
        let lines = sbom.lines(By::Nothing);
        assert!(lines[1].contains("not known here"), "{lines:?}");
        assert!(lines.iter().all(|line| line.len() <= 70), "{lines:?}");
    }
}

#[test]
fn what_is_neither_format_is_refused() {
    let refused = |bytes: &[u8]| read(bytes).unwrap_err().code();
    for text in ["", "no json", r#"{"bomFormat": "CycloneDX""#, r#"{"a": 1, "a": 2}"#, "<bom/>"] {
        assert_eq!(refused(text.as_bytes()), "unreadable", "{text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(refused(deep.as_bytes()), "unreadable");
    for text in [
        "[]",
        "{}",
        r#"{"bomFormat": "cyclonedx"}"#,
        r#"{"spdxVersion": 2.3}"#,
        r#"{"spdxVersion": "2.3"}"#,
        r#"{"@context": "https://example.com/"}"#,
    ] {
        assert_eq!(refused(text.as_bytes()), "unknown-format", "{text}");
    }
    assert_eq!(refused(&sample("sbom/syft-registry.json").bytes), "unknown-format");
    assert_eq!(refused(&sample("scan/grype-clean.json").bytes), "unknown-format");
}
