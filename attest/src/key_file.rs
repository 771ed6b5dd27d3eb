//! Makes key files: `NAME.key`, encrypted as cosign does, and `NAME.pub` beside it.
//!
//! Neither is ever overwritten, neither is ever seen half written, and if the secret one cannot be
//! put in its place the public one is taken away again. The secret one is readable by its owner
//! only.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use evidence::text::escape;
use tempfile::NamedTempFile;

use crate::sign::{
    CosignKeyError, KeyReference, KeyType, Lookup, NewKey, OpenError, Passphrase, PassphraseError,
    PublicKey, Purpose, Signer,
};

/// Two files that were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The secret key's file.
    pub secret_file: PathBuf,
    /// The public key's file.
    pub public_file: PathBuf,
    /// The public key.
    pub public: PublicKey,
    /// What protects the secret one.
    pub protection: Protection,
}

/// What protects a secret key's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The source gave an explicitly empty passphrase: whoever reads the file can sign.
    EmptyPassphrase,
    /// A passphrase.
    Passphrase,
}

/// Makes a key and writes `NAME.key` and `NAME.pub`.
pub fn generate(
    name: &Path,
    kind: KeyType,
    passphrase: &mut dyn Passphrase,
) -> Result<Generated, GenerateError> {
    let secret_file = beside(name, ".key")?;
    let public_file = beside(name, ".pub")?;
    // Told before anybody is asked for a passphrase; what counts is that `place` never replaces.
    for path in [&secret_file, &public_file] {
        if fs::symlink_metadata(path).is_ok() {
            return Err(GenerateError::Exists { path: path.clone() });
        }
    }
    let purpose = secret_file.display().to_string();
    let text =
        passphrase.passphrase(Purpose::Protect(&purpose)).map_err(GenerateError::Passphrase)?;
    let NewKey { secret, public } = NewKey::make(kind, &text).map_err(GenerateError::Key)?;
    let written_public = write(&public_file, &public.pem(), Readers::All)?;
    let written_secret = write(&secret_file, &secret, Readers::Owner)?;
    place(written_public, &public_file, written_secret, &secret_file)?;
    let protection =
        if text.is_empty() { Protection::EmptyPassphrase } else { Protection::Passphrase };
    Ok(Generated { secret_file, public_file, public, protection })
}

/// The public key of a secret one.
pub fn public(
    reference: &KeyReference,
    variables: &Lookup<'_>,
    passphrase: &mut dyn Passphrase,
) -> Result<PublicKey, OpenError> {
    Ok(Signer::open(reference, variables, passphrase)?.public().clone())
}

/// `NAME` with `ending` behind all of it: `release.v1` becomes `release.v1.key`.
fn beside(name: &Path, ending: &str) -> Result<PathBuf, GenerateError> {
    let folder = name.as_os_str().as_encoded_bytes().ends_with(b"/");
    let mut file = name.file_name().filter(|_| !folder).ok_or(GenerateError::Name)?.to_owned();
    file.push(ending);
    Ok(name.with_file_name(file))
}

/// Who may read a file.
#[derive(Clone, Copy)]
enum Readers {
    /// Whoever the user's umask lets.
    All,
    /// The owner.
    Owner,
}

/// Writes a temporary file in the directory of `path`, to be put in its place afterwards.
fn write(path: &Path, text: &str, readers: Readers) -> Result<NamedTempFile, GenerateError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attest-key-");
    // Without this it is the owner's alone (tempfile's own mode, 0600).
    #[cfg(unix)]
    if matches!(readers, Readers::All) {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    }
    builder
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        })
        .map_err(|why| GenerateError::Write { path: path.to_owned(), why })
}

/// Puts both in their places, the public one first: a secret key without its public one could not
/// be told from a key in use.
fn place(
    public: NamedTempFile,
    public_file: &Path,
    secret: NamedTempFile,
    secret_file: &Path,
) -> Result<(), GenerateError> {
    let fault = |error: io::Error, path: &Path| match error.kind() {
        io::ErrorKind::AlreadyExists => GenerateError::Exists { path: path.to_owned() },
        _ => GenerateError::Write { path: path.to_owned(), why: error },
    };
    public.persist_noclobber(public_file).map_err(|error| fault(error.error, public_file))?;
    secret.persist_noclobber(secret_file).map(drop).map_err(|error| {
        match fs::remove_file(public_file) {
            Ok(()) => fault(error.error, secret_file),
            Err(why) => GenerateError::Left { path: public_file.to_owned(), why },
        }
    })
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A file of that name is there.
    #[error("`{}` exists, and a key is never overwritten", escape(&path.to_string_lossy()))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The key could not be made.
    #[error("cannot make a key: {0}")]
    Key(CosignKeyError),
    /// The secret key could not be written, nor the public one removed.
    #[error(
        "the secret key could not be written, and its public key `{}` could not be removed: {why}",
        escape(&path.to_string_lossy())
    )]
    Left {
        /// The public key's file.
        path: PathBuf,
        /// Why it stands there.
        why: io::Error,
    },
    /// The name is no name of a file.
    #[error("a key is named by a file without its ending, for example `keys/release`")]
    Name,
    /// There is no passphrase to protect it with.
    #[error("{0}")]
    Passphrase(PassphraseError),
    /// A file cannot be written.
    #[error("cannot write `{}`: {why}", escape(&path.to_string_lossy()))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

impl GenerateError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "key-exists",
            Self::Key(_) => "key-not-made",
            Self::Left { .. } | Self::Write { .. } => "key-not-written",
            Self::Name => "key-name",
            Self::Passphrase(_) => "no-passphrase",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some("choose another name with `--out`"),
            Self::Left { .. } => Some("remove it: nobody holds its secret key"),
            Self::Passphrase(PassphraseError::NoSource) => {
                Some("set `ATTEST_PASSWORD`; an empty one leaves the key unprotected")
            }
            Self::Write { .. } => Some("the directory has to be there, and writable"),
            Self::Key(_) | Self::Name | Self::Passphrase(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn never(_: Purpose<'_>) -> Result<Zeroizing<String>, PassphraseError> {
        panic!("nobody is to be asked")
    }

    #[test]
    fn an_existing_file_or_dangling_link_is_never_replaced_nor_a_passphrase_asked() {
        for ending in ["key", "pub"] {
            let folder = tempfile::tempdir().unwrap();
            let name = folder.path().join("release");
            let path = name.with_extension(ending);
            fs::write(&path, "mine").unwrap();
            let error = generate(&name, KeyType::P256, &mut never).unwrap_err();
            assert!(matches!(error, GenerateError::Exists { path: found } if found == path));
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
            assert_eq!(names(folder.path()).len(), 1);
        }
        #[cfg(unix)]
        {
            let folder = tempfile::tempdir().unwrap();
            let name = folder.path().join("release");
            std::os::unix::fs::symlink("nowhere", name.with_extension("pub")).unwrap();
            let error = generate(&name, KeyType::P256, &mut never).unwrap_err();
            assert!(matches!(error, GenerateError::Exists { .. }));
        }
    }

    #[test]
    fn a_file_that_appears_meanwhile_stays_and_nothing_of_ours_is_left() {
        for ending in ["key", "pub"] {
            let folder = tempfile::tempdir().unwrap();
            let (public, secret) = (folder.path().join("a.pub"), folder.path().join("a.key"));
            let written_public = write(&public, "public", Readers::All).unwrap();
            let written_secret = write(&secret, "secret", Readers::Owner).unwrap();
            let path = folder.path().join("a").with_extension(ending);
            fs::write(&path, "mine").unwrap();
            let error = place(written_public, &public, written_secret, &secret).unwrap_err();
            assert!(matches!(error, GenerateError::Exists { path: found } if found == path));
            assert_eq!(names(folder.path()), [format!("a.{ending}")]);
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        }
    }

    #[test]
    fn a_name_keeps_its_dots_and_a_folder_is_no_name() {
        let path = |name: &str| beside(Path::new(name), ".key");
        assert_eq!(path("keys/release.v1").unwrap(), Path::new("keys/release.v1.key"));
        assert_eq!(path("release").unwrap(), Path::new("release.key"));
        for name in ["", "keys/", "..", "/"] {
            assert!(matches!(path(name), Err(GenerateError::Name)), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut empty = |_: Purpose<'_>| Ok(Zeroizing::new(String::new()));
        let name = folder.path().join("none/release");
        let error = generate(&name, KeyType::P256, &mut empty).unwrap_err();
        assert!(matches!(error, GenerateError::Write { .. }));
        assert!(names(folder.path()).is_empty());
    }
}
