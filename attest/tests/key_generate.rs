//! `attest key generate` without its command line: files are written, opened, and never replaced.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::PathBuf};

use attest::{
    key_file::{self, GenerateError, Protection},
    sign::{KeyReference, KeyType, PassphraseError, Purpose, Signer},
};
use evidence::{Bundle, IN_TOTO, bundle::Version};
use zeroize::Zeroizing;

fn nobody(_: Purpose<'_>) -> Result<Zeroizing<String>, PassphraseError> {
    panic!("nobody is to be asked")
}

fn signs(signer: &Signer) {
    let signed = signer.sign(IN_TOTO, b"{}").unwrap();
    let bundle = Bundle {
        version: Version::V0_3,
        material: signed.material,
        log_entries: vec![],
        timestamps: vec![],
        envelope: signed.envelope,
    };
    signer.verify_own(&bundle).unwrap();
}

#[test]
fn a_generated_key_of_each_type_opens_with_its_passphrase_and_signs() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KeyType::ALL {
        let name = folder.path().join(kind.name());
        let mut asked = Vec::new();
        let mut given = |purpose: Purpose<'_>| {
            asked.push(format!("{purpose:?}"));
            Ok(Zeroizing::new("correct horse".to_owned()))
        };
        let made = key_file::generate(&name, kind, &mut given).unwrap();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].starts_with("Protect("));
        assert_eq!(made.protection, Protection::Passphrase);
        assert_eq!(made.secret_file, folder.path().join(format!("{kind}.key")));
        assert_eq!(fs::read_to_string(&made.public_file).unwrap(), made.public.pem());
        let secret = fs::read_to_string(&made.secret_file).unwrap();
        assert!(secret.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        let reference = KeyReference::File(made.secret_file.clone());
        let mut given = |_: Purpose<'_>| Ok(Zeroizing::new("correct horse".to_owned()));
        let signer = Signer::open(&reference, &|_| None, &mut given).unwrap();
        assert_eq!(signer.public(), &made.public);
        signs(&signer);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&made.secret_file), 0o600);
            assert_eq!(mode(&made.public_file) & 0o400, 0o400);
        }
        let again = key_file::generate(&name, kind, &mut nobody).unwrap_err();
        assert!(matches!(again, GenerateError::Exists { .. }));
        assert_eq!(fs::read_to_string(&made.secret_file).unwrap(), secret);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2 * KeyType::ALL.len());
}

#[test]
fn an_empty_passphrase_is_used_only_if_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("a");
    for error in [PassphraseError::NoSource, PassphraseError::Withheld, PassphraseError::Different]
    {
        let mut none = |_: Purpose<'_>| Err(error);
        let refused = key_file::generate(&name, KeyType::P256, &mut none).unwrap_err();
        assert!(matches!(refused, GenerateError::Passphrase(found) if found == error));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    let mut empty = |_: Purpose<'_>| Ok(Zeroizing::new(String::new()));
    let made = key_file::generate(&name, KeyType::Ed25519, &mut empty).unwrap();
    assert_eq!(made.protection, Protection::EmptyPassphrase);
    Signer::open(&KeyReference::File(made.secret_file), &|_| None, &mut empty).unwrap();
}
