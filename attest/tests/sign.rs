//! The keys of `testdata/keys`, opened and used as the commands do.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, io, path::PathBuf};

use attest::{
    key_file,
    sign::{
        CosignKeyError, KeyError, KeyReference, OpenError, OpenFault, PassphraseError, PemError,
        PublicKey, Purpose, ReadError, SignError, Signer, VariableOrTerminal, Warning, Which,
    },
};
use evidence::{Bundle, IN_TOTO, Material, bundle::Version, envelope};
use proptest::prelude::*;
use zeroize::Zeroizing;

type Given = Result<Zeroizing<String>, PassphraseError>;

/// Secret key, public key, passphrase (`None`: nobody may be asked), algorithm.
const KEYS: [(&str, &str, Option<&str>, &str); 22] = [
    ("cosign-empty.key", "cosign-empty.pub", Some(""), "ecdsa-p256-sha256"),
    ("cosign-test.key", "cosign-test.pub", Some("test"), "ecdsa-p256-sha256"),
    ("import-ed25519.key", "import-ed25519.pub", Some("test"), "ed25519"),
    ("import-p256-sec1.key", "import-p256-sec1.pub", Some("test"), "ecdsa-p256-sha256"),
    ("import-p384-sec1.key", "import-p384-sec1.pub", Some("test"), "ecdsa-p384-sha384"),
    ("import-p384.key", "import-p384.pub", Some("test"), "ecdsa-p384-sha384"),
    ("import-p521.key", "import-p521.pub", Some("test"), "ecdsa-p521-sha512"),
    ("import-rsa2048-pkcs1.key", "import-rsa2048-pkcs1.pub", Some("test"), "rsa-pkcs1-sha256"),
    ("import-rsa2048.key", "import-rsa2048.pub", Some("test"), "rsa-pkcs1-sha256"),
    ("import-rsa4096.key", "import-rsa4096.pub", Some("test"), "rsa-pkcs1-sha256"),
    ("made/cosign-v1.key", "made/cosign-v1.pub", Some("test"), "ecdsa-p256-sha256"),
    ("ed25519.pem", "import-ed25519.pub", None, "ed25519"),
    ("p256-sec1.pem", "import-p256-sec1.pub", None, "ecdsa-p256-sha256"),
    ("p384-sec1.pem", "import-p384-sec1.pub", None, "ecdsa-p384-sha384"),
    ("p384.pem", "import-p384.pub", None, "ecdsa-p384-sha384"),
    ("p521.pem", "import-p521.pub", None, "ecdsa-p521-sha512"),
    ("rsa2048-pkcs1.pem", "import-rsa2048-pkcs1.pub", None, "rsa-pkcs1-sha256"),
    ("rsa2048.pem", "import-rsa2048.pub", None, "rsa-pkcs1-sha256"),
    ("rsa4096.pem", "import-rsa4096.pub", None, "rsa-pkcs1-sha256"),
    ("made/p256-parameters.pem", "made/p256-parameters.pub", None, "ecdsa-p256-sha256"),
    ("made/p256-compressed.pem", "made/p256.pub", None, "ecdsa-p256-sha256"),
    ("made/p256-no-public.pem", "made/p256.pub", None, "ecdsa-p256-sha256"),
];

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/keys")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

fn nobody(_: Purpose<'_>) -> Given {
    panic!("nobody is to be asked")
}

fn open(name: &str, passphrase: Option<&str>) -> Result<Signer, OpenError> {
    let reference = KeyReference::File(path(name));
    match passphrase {
        None => Signer::open(&reference, &|_| None, &mut nobody),
        Some(text) => {
            let mut given = |_: Purpose<'_>| Ok(Zeroizing::new(text.to_owned()));
            Signer::open(&reference, &|_| None, &mut given)
        }
    }
}

/// Opens `bytes` as a variable; whatever asks for a passphrase gets none.
fn open_bytes(bytes: &[u8]) -> Result<Signer, OpenError> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut withheld = |_: Purpose<'_>| Err(PassphraseError::Withheld);
    let reference = KeyReference::Env("KEY".to_owned());
    Signer::open(&reference, &|name| (name == "KEY").then(|| text.clone()), &mut withheld)
}

fn bundle(signer: &Signer, payload: &[u8]) -> Bundle {
    let signed = signer.sign(IN_TOTO, payload).unwrap();
    Bundle {
        version: Version::V0_3,
        material: signed.material,
        log_entries: vec![],
        timestamps: vec![],
        envelope: signed.envelope,
    }
}

#[test]
fn every_key_opens_names_its_public_key_and_signs_what_verifies() {
    for (secret, public, passphrase, algorithm) in KEYS {
        let signer = open(secret, passphrase).unwrap();
        assert_eq!(signer.public().pem(), text(public), "{secret}");
        assert_eq!(signer.public().algorithm().name(), algorithm, "{secret}");
        let bundle = bundle(&signer, b"{}");
        assert_eq!(signer.verify_own(&bundle).unwrap(), bundle.to_bytes(), "{secret}");
        let warned = matches!(signer.warning(), Some(Warning::UnreadableByCosign { .. }));
        assert_eq!(warned, algorithm.contains("p384") || algorithm.contains("p521"), "{secret}");
    }
}

#[test]
fn sec1_of_p521_opens() {
    let signer = open("p521-sec1.pem", None).unwrap();
    assert_eq!(signer.public().algorithm().name(), "ecdsa-p521-sha512");
    signer.verify_own(&bundle(&signer, b"{}")).unwrap();
}

#[test]
fn the_hint_is_the_one_that_cosign_writes() {
    // From a bundle that cosign v3.1.3 made with this key.
    let hint = "ylD1ZgxrI5VZNJmNxAfgyQ0qW6NJpjTAKQ6Isp54bYc=";
    let signer = open("cosign-test.key", Some("test")).unwrap();
    assert_eq!(signer.public().hint(), hint);
    let signed = signer.sign(IN_TOTO, b"{}").unwrap();
    assert_eq!(signed.material, Material::PublicKey { hint: hint.to_owned() });
    assert_eq!(signed.envelope.signatures[0].keyid, None);
    assert!(signer.public().id().to_string().starts_with("sha256:"));
}

#[test]
fn a_changed_bundle_is_not_let_out() {
    let signer = open("p256-sec1.pem", None).unwrap();
    let good = bundle(&signer, b"{\"a\":1}");
    let refusal = |change: &dyn Fn(&mut Bundle)| {
        let mut changed = good.clone();
        change(&mut changed);
        signer.verify_own(&changed).unwrap_err()
    };
    let signature = |error| matches!(error, SignError::Signature);
    assert!(signature(refusal(&|b| b.envelope.payload[0] ^= 1)));
    assert!(signature(refusal(&|b| b.envelope.payload_type.push('x'))));
    for bit in 0..good.envelope.signatures[0].bytes.len() * 8 {
        let flip = |b: &mut Bundle| b.envelope.signatures[0].bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(signature(refusal(&flip)), "bit {bit}");
    }
    let twice = |b: &mut Bundle| b.envelope.signatures.push(b.envelope.signatures[0].clone());
    assert!(matches!(refusal(&twice), SignError::Bundle(_)));
    assert!(matches!(refusal(&|b| b.envelope.signatures.clear()), SignError::Bundle(_)));
    assert!(matches!(refusal(&|b| b.version = Version::V0_1), SignError::Changed));
    let other = |b: &mut Bundle| b.material = Material::PublicKey { hint: "other".into() };
    assert!(matches!(refusal(&other), SignError::Material));
    let stranger = open("made/p256-no-public.pem", None).unwrap();
    let mut foreign = bundle(&stranger, b"{\"a\":1}");
    assert!(matches!(signer.verify_own(&foreign), Err(SignError::Material)));
    foreign.material = good.material;
    assert!(matches!(signer.verify_own(&foreign), Err(SignError::Signature)));
}

#[test]
fn a_wrong_empty_or_missing_passphrase_is_told_apart() {
    let why = |passphrase: &str| open("cosign-test.key", Some(passphrase)).unwrap_err();
    let which = |error: &OpenError| match error.why() {
        OpenFault::Key(KeyError::Cosign(CosignKeyError::Passphrase { which })) => Some(*which),
        _ => None,
    };
    assert_eq!(which(&why("Test")), Some(Which::Given));
    assert_eq!(which(&why("")), Some(Which::Empty));
    let error = open("cosign-empty.key", Some("test")).unwrap_err();
    assert_eq!(which(&error), Some(Which::Given));

    let silent = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let mut source = VariableOrTerminal::with_terminal(&|_| None, silent);
    let reference = KeyReference::File(path("cosign-test.key"));
    let error = Signer::open(&reference, &|_| None, &mut source).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("ATTEST_PASSWORD") && message.contains("COSIGN_PASSWORD"));
    assert!(message.contains("cosign-test.key"));

    let variables = |name: &str| (name == "COSIGN_PASSWORD").then(|| "test".to_owned());
    let mut source = VariableOrTerminal::with_terminal(&variables, silent);
    Signer::open(&reference, &|_| None, &mut source).unwrap();
}

#[test]
fn a_variable_holds_a_key_as_a_file_does() {
    let reference: KeyReference = "env://RELEASE_KEY".parse().unwrap();
    let variables = |name: &str| (name == "RELEASE_KEY").then(|| text("p256-sec1.pem"));
    let signer = Signer::open(&reference, &variables, &mut nobody).unwrap();
    assert_eq!(signer.public().pem(), text("import-p256-sec1.pub"));
    let public = key_file::public(&reference, &variables, &mut nobody).unwrap();
    assert_eq!(&public, signer.public());
    let error = Signer::open(&reference, &|_| None, &mut nobody).unwrap_err();
    assert!(matches!(error.why(), OpenFault::Read(ReadError::Unset)));
}

#[test]
fn what_is_no_usable_secret_key_is_refused_with_its_reason() {
    let mut names: Vec<_> = fs::read_dir(path("refused"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    for name in names {
        let error = open(&format!("refused/{name}"), None).unwrap_err();
        let OpenFault::Key(fault) = error.why() else { panic!("{name}: {error}") };
        let expected = match name.as_str() {
            "certificate.pem" => matches!(fault, KeyError::Public),
            "openssh.pem" => matches!(fault, KeyError::OpenSsh),
            "pkcs8-encrypted.pem" | "sec1-encrypted.pem" => {
                matches!(fault, KeyError::EncryptedByOpenssl)
                    && fault.help().unwrap().contains("openssl pkey -in")
            }
            "rsa1024.pem" | "rsa1024-pkcs1.pem" => {
                matches!(fault, KeyError::RsaShort) && error.to_string().contains("2048")
            }
            "dsa.pem" | "ed448.pem" | "rsa-pss.pem" | "secp256k1.pem" | "secp256k1-sec1.pem"
            | "x25519.pem" => matches!(fault, KeyError::Unusable),
            _ => panic!("{name} is expected by nobody"),
        };
        assert!(expected, "{name}: {error}");
    }
    let error = open("cosign-test.pub", None).unwrap_err();
    assert!(matches!(error.why(), OpenFault::Key(KeyError::Public)), "{error}");
}

#[test]
fn two_keys_no_key_and_a_foreign_block_are_refused() {
    let fault = |text: &str| match open_bytes(text.as_bytes()).unwrap_err().why() {
        OpenFault::Key(KeyError::Blocks { found }) => format!("{found} blocks"),
        OpenFault::Key(KeyError::Label { label }) => label.clone(),
        OpenFault::Key(KeyError::Pem(PemError::Absent)) => "absent".to_owned(),
        OpenFault::Key(KeyError::Pem(PemError::Line)) => "line".to_owned(),
        other => panic!("{other}"),
    };
    let key = text("ed25519.pem");
    assert_eq!(fault(&format!("{key}{key}")), "2 blocks");
    assert_eq!(fault("-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----"), "0 blocks");
    assert_eq!(fault(&key.replace("PRIVATE KEY", "THING")), "THING");
    assert_eq!(fault(""), "absent");
    assert_eq!(fault(&key.replace('\n', " ")), "line");
}

/// Everything that an error says, to a person and to a log.
fn words(error: &OpenError) -> String {
    format!("{error} {error:?} {:?}", error.help())
}

#[test]
fn no_flipped_bit_of_a_key_file_panics_or_leaks() {
    for (secret, ..) in KEYS.into_iter().chain([("p521-sec1.pem", "", None, "")]) {
        if secret == "rsa4096.pem" {
            // Read as `rsa2048.pem` is, in seven times its time.
            continue;
        }
        let whole = fs::read(path(secret)).unwrap();
        // A few letters of the secret, as an error might quote them.
        let body = text(secret).replace('\n', "");
        let secrets: Vec<&str> = body.as_bytes()[180..]
            .chunks(12)
            .filter_map(|chunk| str::from_utf8(chunk).ok())
            .filter(|chunk| !chunk.contains('-') && chunk.len() == 12)
            .collect();
        let bits = if whole.len() < 1000 { 8 } else { 1 };
        for bit in (0..whole.len() * 8).filter(|bit| bits == 8 || bit % 8 == bit / 8 % 8) {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            match open_bytes(&changed) {
                // What still is a key signs as one: nothing says that it is not the user's.
                Ok(signer) => drop(signer.verify_own(&bundle(&signer, b"{}")).unwrap()),
                Err(error) => {
                    let words = words(&error);
                    let leaked = secrets.iter().find(|secret| words.contains(**secret));
                    assert_eq!(leaked, None, "{secret} bit {bit}");
                }
            }
        }
    }
}

#[test]
fn every_shortened_key_file_is_refused() {
    for secret in ["cosign-test.key", "ed25519.pem", "p256-sec1.pem", "p521.pem"] {
        let whole = text(secret);
        let end = whole.rfind("-----").unwrap();
        for length in 0..end {
            assert!(open_bytes(&whole.as_bytes()[..length]).is_err(), "{secret} {length}");
        }
    }
}

#[test]
fn every_refusal_is_one_lower_case_line_without_a_full_stop() {
    let faults = [
        KeyError::Blocks { found: 2 },
        KeyError::Cosign(CosignKeyError::Parameters),
        KeyError::Cosign(CosignKeyError::Scheme),
        KeyError::Cosign(CosignKeyError::Member { pointer: "/kdf/salt" }),
        KeyError::Cosign(CosignKeyError::Passphrase { which: Which::Empty }),
        KeyError::Cosign(CosignKeyError::Passphrase { which: Which::Given }),
        KeyError::EncryptedByOpenssl,
        KeyError::Label { label: "THING".to_owned() },
        KeyError::OpenSsh,
        KeyError::Passphrase(PassphraseError::NoSource),
        KeyError::Pem(PemError::Absent),
        KeyError::Public,
        KeyError::RsaLong,
        KeyError::RsaShort,
        KeyError::Unusable,
    ];
    for fault in faults {
        let message = fault.to_string();
        assert!(message.starts_with(char::is_lowercase), "{message}");
        assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
        assert!(!message.contains("  "), "{message}");
    }
}

/// The DER behind a PEM, with a reader that is not ours.
fn spki(public: &PublicKey) -> Vec<u8> {
    pem::parse(public.pem()).unwrap().into_contents()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_payload_is_signed_so_that_a_stranger_verifies_it(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        kind in "[ -~]{0,40}",
    ) {
        use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
        let signer = open("ed25519.pem", None).unwrap();
        let signed = signer.sign(&kind, &payload).unwrap();
        prop_assert_eq!(&signed.envelope.payload, &payload);
        let stranger = UnparsedPublicKey::new(&ED25519, spki(signer.public()));
        let bytes = &signed.envelope.signatures[0].bytes;
        prop_assert!(stranger.verify(&envelope::pae(&kind, &payload), bytes).is_ok());
        prop_assert!(stranger.verify(&payload, bytes).is_err());
    }

    #[test]
    fn no_file_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        label in "[A-Z ]{1,30}",
    ) {
        prop_assert!(open_bytes(&bytes).is_err());
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY",
            "ENCRYPTED SIGSTORE PRIVATE KEY", &label]
        {
            let text = pem::encode(&pem::Pem::new(label, bytes.clone()));
            prop_assert!(open_bytes(text.as_bytes()).is_err());
        }
    }

    #[test]
    fn no_encrypted_document_panics(
        n in any::<i64>(),
        r in any::<f64>(),
        p in any::<u32>(),
        text in ".{0,40}",
    ) {
        let document = serde_json::json!({
            "kdf": {"name": "scrypt", "params": {"N": n, "r": r, "p": p}, "salt": text},
            "cipher": {"name": "nacl/secretbox", "nonce": text},
            "ciphertext": text,
        });
        let pem = pem::Pem::new("ENCRYPTED COSIGN PRIVATE KEY", document.to_string());
        prop_assert!(open_bytes(pem::encode(&pem).as_bytes()).is_err());
    }
}
