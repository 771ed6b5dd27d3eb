//! The fence: what the gate and the crate that decides must not be able to do.
//!
//! The gate runs where deployments are decided. What is not linked cannot be reached by a bug, and
//! what both sides shared would make and accept the same mistake. Three pickets: the dependency trees
//! (here), the types (`clippy.toml` of `evidence`, `chain`, `trust` and `verify`, and here that clippy
//! heeds them), and cargo-deny's `wrappers` (`deny.toml`).

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test that cannot look has failed")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What signs, opens secret keys, asks for passphrases or tokens, talks to key services, or uploads.
const SIGNING: [&str; 18] = [
    "attest",
    "aws-sdk-kms",
    "azure_security_keyvault_keys",
    "ambient-id",
    "crypto_box",
    "crypto_secretbox",
    "ed25519-dalek",
    "google-cloud-kms-v1",
    "oci-client",
    "openidconnect",
    "p256",
    "rpassword",
    "rsa",
    "scrypt",
    "sigstore-fulcio",
    "sigstore-oidc",
    "sigstore-sign",
    "vaultrs",
];

/// What has to do with the outside world.
const OUTSIDE: [&str; 12] = [
    "async-std",
    "curl",
    "docker_credential",
    "http-auth",
    "hyper",
    "mio",
    "registry",
    "reqwest",
    "rustls",
    "socket2",
    "tokio",
    "ureq",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The crates that a package links, itself and build scripts' included; tests' own are left out.
fn linked(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn reached(package: &str, banned: &[&str]) -> Vec<String> {
    linked(package).into_iter().filter(|name| banned.contains(&name.as_str())).collect()
}

#[test]
fn the_gate_links_nothing_that_signs() {
    let linked = linked("verify");
    // An empty listing would pass whatever is linked.
    for known in ["evidence", "registry", "chain", "aws-lc-rs", "reqwest"] {
        assert!(linked.contains(known), "the listing of verify lacks {known}");
    }
    assert_eq!(reached("verify", &SIGNING), Vec::<String>::new(), "verify reaches it");
}

#[test]
fn the_list_of_what_signs_is_not_of_another_world() {
    // If nothing banned were ever linked by anybody, a renamed crate would go unseen.
    let attest = linked("attest");
    for known in ["crypto_secretbox", "rpassword", "scrypt"] {
        assert!(attest.contains(known), "attest no longer links {known}: ban what took its place");
    }
}

#[test]
fn what_decides_links_nothing_of_the_outside() {
    let linked = linked("chain");
    for known in ["evidence", "sigstore-verify"] {
        assert!(linked.contains(known), "the listing of chain lacks {known}");
    }
    assert_eq!(reached("chain", &OUTSIDE), Vec::<String>::new(), "chain reaches it");
    assert_eq!(reached("chain", &SIGNING), Vec::<String>::new(), "chain reaches it");
    assert_eq!(reached("evidence", &OUTSIDE), Vec::<String>::new(), "evidence reaches it");
}

#[test]
fn the_gate_and_what_reads_for_it_write_to_no_registry() {
    let mut files = Vec::new();
    rust_files(&root().join("verify/src"), &mut files);
    let own = files.len();
    rust_files(&root().join("registry/src"), &mut files);
    assert!(own > 10 && files.len() > own + 10);
    for (number, file) in files.iter().enumerate() {
        let text = fs::read_to_string(file).unwrap();
        let built = text.split("#[cfg(test)]").next().unwrap();
        // The transport of `registry` can write, for `attest`; no request of its own does. The one
        // POST asks a token service for a token, with what is no password.
        let mut writes = vec!["PUT", "PATCH", "DELETE"];
        if !file.ends_with("registry/src/http/token.rs") {
            writes.push("POST");
        }
        let writes: Vec<_> = writes.iter().map(|m| format!("method: Method::{m}")).collect();
        let transport = ["registry::http", "http::Client", "reqwest", "Method::"];
        let banned = writes.iter().map(String::as_str).chain(transport);
        let banned: Vec<&str> =
            if number < own { banned.collect() } else { banned.take(writes.len()).collect() };
        for word in banned {
            assert!(!built.contains(word), "{} names {word}", file.display());
        }
    }
}

#[test]
fn what_fetches_trusted_roots_only_asks() {
    let mut files = Vec::new();
    rust_files(&root().join("trust/src"), &mut files);
    assert!(files.len() > 5, "trust/src has {} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for word in ["Method", ".post(", ".put(", ".patch(", ".delete(", ".request("] {
            assert!(!text.contains(word), "{} names {word}", file.display());
        }
    }
}

/// The members of the workspace.
fn packages() -> Vec<String> {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = workspace.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    members.split(',').map(|member| member.trim().trim_matches('"').to_owned()).collect()
}

/// What clippy keeps out of a package.
fn settings(package: &str) -> String {
    fs::read_to_string(root().join(package).join("clippy.toml")).unwrap_or_default()
}

/// What signs or opens in the crates that verify: they are linked whole, so this half must not be named.
const SECRETS: [&str; 5] =
    ["EcdsaKeyPair", "Ed25519KeyPair", "RsaKeyPair", "PrivateDecryptingKey", "LessSafeKey"];

/// The same in the crate of Sigstore that `sigstore-verify` shows as its `crypto`.
const SIGSTORE_SECRETS: [&str; 2] = ["sigstore_crypto::KeyPair", "sigstore_crypto::SigningKeyPair"];

#[test]
fn clippy_keeps_secret_keys_out_of_all_that_the_gate_links() {
    let linked = linked("verify");
    let gate = packages().into_iter().filter(|package| linked.contains(package));
    // Who does not name the crate that signs has nothing to keep out.
    let names_it = |package: &String| {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        package == "verify" || manifest.contains("aws-lc-rs") || manifest.contains("sigstore-")
    };
    let (held, free): (Vec<_>, Vec<_>) = gate.partition(names_it);
    assert_eq!(
        (held, free),
        (
            vec!["evidence".into(), "trust".into(), "chain".into(), "verify".into()],
            vec!["registry".to_owned()]
        )
    );
    for package in ["chain", "evidence", "trust", "verify"] {
        for name in SECRETS {
            let ban = format!("::{name}\"");
            assert!(settings(package).contains(&ban), "{package}/clippy.toml lacks {name}");
        }
    }
    for package in ["chain", "trust", "verify"] {
        for name in SIGSTORE_SECRETS {
            let ban = format!("\"{name}\"");
            assert!(settings(package).contains(&ban), "{package}/clippy.toml lacks {name}");
        }
    }
}

#[test]
fn a_packages_clippy_settings_repeat_the_roots() {
    // A package's file replaces the root's.
    let root_settings = settings("");
    assert!(root_settings.contains(" = "));
    for package in packages().iter().filter(|package| !settings(package).is_empty()) {
        for setting in root_settings.lines().filter(|line| line.contains(" = ")) {
            assert!(settings(package).contains(setting), "{package} lacks `{setting}`");
        }
    }
}

/// What clippy says of a piece of code under the settings of a package and the lints of the workspace.
/// Crates of the same names stand in for those that sign: a path is all that clippy looks at.
fn clippy(package: &str, code: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lints = workspace.split("[workspace.lints.clippy]").nth(1).unwrap();
    let lints = lints.split("\n\n").next().unwrap();
    let head =
        |name: &str| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n[workspace]\n");
    write(
        "Cargo.toml",
        &format!(
            "{}[dependencies]\naws-lc-rs = {{ path = \"stub\" }}\n\
             sigstore-crypto = {{ path = \"sigstore\" }}\n[lints.clippy]{lints}\n",
            head("piece")
        ),
    );
    write("clippy.toml", &settings(package));
    write("src/lib.rs", &format!("//! A piece of code.\n\n{code}\n"));
    write("stub/Cargo.toml", &head("aws-lc-rs").replace("[workspace]\n", ""));
    write("stub/src/lib.rs", "pub mod signature { pub struct EcdsaKeyPair; pub struct ED25519; }");
    write("sigstore/Cargo.toml", &head("sigstore-crypto").replace("[workspace]\n", ""));
    write(
        "sigstore/src/lib.rs",
        "pub struct KeyPair; pub trait SigningKeyPair {} pub struct Keyring;",
    );
    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--offline", "--quiet"])
        .current_dir(dir.path())
        .env("CARGO_TARGET_DIR", dir.path().join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn the_fence_of_clippy_holds() {
    let secret = "pub fn f(_: aws_lc_rs::signature::EcdsaKeyPair) {}";
    let public = "pub fn f(_: aws_lc_rs::signature::ED25519) {}";
    let sigstore = "pub fn f(_: sigstore_crypto::KeyPair) {}";
    let keyring = "pub fn f(_: sigstore_crypto::Keyring) {}";
    let variable = "pub fn f() -> Option<std::ffi::OsString> { std::env::var_os(\"NOW\") }";
    for package in ["chain", "evidence", "trust", "verify"] {
        assert_eq!(clippy(package, public), Ok(()), "{package}");
        let said = clippy(package, secret).expect_err(package);
        assert!(
            said.contains("use of a disallowed type `aws_lc_rs::signature::EcdsaKeyPair`"),
            "{said}"
        );
    }
    for package in ["chain", "trust", "verify"] {
        assert_eq!(clippy(package, keyring), Ok(()), "{package}");
        let said = clippy(package, sigstore).expect_err(package);
        assert!(said.contains("use of a disallowed type `sigstore_crypto::KeyPair`"), "{said}");
    }
    let said = clippy("chain", variable).unwrap_err();
    assert!(said.contains("use of a disallowed method `std::env::var_os`"), "{said}");
    let said = clippy("chain", "pub fn f() { println!(\"allow\") }").unwrap_err();
    assert!(said.contains("use of a disallowed macro `std::println`"), "{said}");
}

/// Modules of the standard library that reach outside.
const IMPURE: [&str; 7] = ["env", "fs", "io", "net", "os", "process", "thread"];

#[test]
fn what_decides_names_no_file_environment_network_clock_or_secret_key() {
    let mut files = Vec::new();
    rust_files(&root().join("chain/src"), &mut files);
    assert!(files.len() > 10, "chain/src has {} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = outside(&text);
        assert_eq!(found, Vec::<String>::new(), "{} names it", file.display());
    }
}

#[test]
fn the_search_for_them_finds_them() {
    for text in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::File};",
        "use std::{\n    collections::{BTreeMap, BTreeSet},\n    env,\n};",
        "fn f() { std::process::exit(1) }",
        "let now = jiff::Timestamp::now();",
        "use std::time::SystemTime;",
        "let t = std::time::Instant::now();",
        "include_str!(\"x\")",
        "use aws_lc_rs::signature::EcdsaKeyPair;",
        "extern \"C\" fn f() {}",
    ] {
        assert!(!outside(text).is_empty(), "{text}");
    }
    for text in [
        "use std::{collections::BTreeMap, fmt, sync::Arc};\nuse crate::fs;",
        "// std::fs is not read here",
        "#[cfg(test)]\nmod tests { use std::fs; }",
    ] {
        assert!(outside(text).is_empty(), "{text}: {:?}", outside(text));
    }
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// What a file names of the outside, in what is built when it is not tested.
fn outside(text: &str) -> Vec<String> {
    let built = text.split("#[cfg(test)]").next().unwrap();
    let code: String = built.lines().map(|line| line.split("//").next().unwrap_or("")).collect();
    let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for word in [
        "::now(",
        "Instant",
        "KeyPair",
        "PrivateKey",
        "SystemTime",
        "extern ",
        "include_bytes!",
        "include_str!",
    ] {
        if code.contains(word) {
            found.push(word.to_owned());
        }
    }
    for (at, _) in code.match_indices("std::") {
        let rest = &code[at + "std::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => top_level(group),
            None => vec![rest],
        };
        for name in names {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            let module = &name[..end];
            if IMPURE.contains(&module) {
                found.push(module.to_owned());
            }
        }
    }
    found
}

/// The members of an import group, without what stands in groups of theirs.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut members) = (0_u32, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                members.push(group[start..at].trim());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                members.push(group[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    members
}
