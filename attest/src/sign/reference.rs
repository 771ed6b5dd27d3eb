//! Where a secret key is: a file, or an environment variable that holds its text.
//!
//! Reading is bounded, and the bytes are cleared after use. The environment is read through the
//! function that was handed in.

use std::{fmt, fs::File, io, io::Read, path::PathBuf, str::FromStr};

use evidence::text::escape;
use zeroize::Zeroizing;

use super::passphrase::Lookup;

/// The most that a key file may hold; RSA of 8192 bits, encrypted, takes 10 KiB.
const LIMIT: usize = 64 * 1024;

/// What `--key` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyReference {
    /// `env://NAME`: the variable holds the PEM text.
    Env(String),
    /// A file.
    File(PathBuf),
}

impl KeyReference {
    /// The variable that holds the secret, which no command that is run for the user may see.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Env(name) => Some(name),
            Self::File(_) => None,
        }
    }

    pub(super) fn read(&self, variables: &Lookup<'_>) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let bytes = match self {
            Self::Env(name) => {
                Zeroizing::new(variables(name).ok_or(ReadError::Unset)?.into_bytes())
            }
            Self::File(path) => {
                // Room for all of it: a buffer that grows leaves copies of the secret behind.
                let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 32));
                let file = File::open(path).map_err(ReadError::File)?;
                let limit = u64::try_from(LIMIT + 1).unwrap_or(u64::MAX);
                file.take(limit).read_to_end(&mut bytes).map_err(ReadError::File)?;
                bytes
            }
        };
        if bytes.len() > LIMIT { Err(ReadError::Size) } else { Ok(bytes) }
    }
}

impl FromStr for KeyReference {
    type Err = KeyReferenceError;

    fn from_str(text: &str) -> Result<Self, KeyReferenceError> {
        match text.split_once("://") {
            None if text.is_empty() => Err(KeyReferenceError::Empty),
            None => Ok(Self::File(text.into())),
            Some(("env", name)) => {
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if plain && !name.is_empty() {
                    Ok(Self::Env(name.to_owned()))
                } else {
                    Err(KeyReferenceError::Variable)
                }
            }
            Some(_) => Err(KeyReferenceError::Scheme),
        }
    }
}

impl fmt::Display for KeyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env://{name}"),
            Self::File(path) => write!(f, "{}", escape(&path.to_string_lossy())),
        }
    }
}

/// Why a text names no key. It is not quoted: people paste keys where a name belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyReferenceError {
    /// Nothing at all.
    #[error("a key is named by a file, or by `env://NAME`")]
    Empty,
    /// A scheme of a key service.
    #[error("only files and `env://NAME` are read as keys, key services are not")]
    Scheme,
    /// No name of a variable.
    #[error("`env://` is followed by the name of a variable: letters, digits and `_`")]
    Variable,
}

/// Why the bytes are not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}")]
    File(io::Error),
    /// More than any key takes.
    #[error("it is larger than {} KiB, which no key is", LIMIT / 1024)]
    Size,
    /// The variable is not set.
    #[error("the variable is not set")]
    Unset,
}

impl ReadError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::File(_) => {
                "name a file that is there and may be read; attest key generate --out NAME makes one"
            }
            Self::Size => "name the file of the key itself",
            Self::Unset => {
                "set it to the key's PEM text; a CI system hides secrets from other jobs"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_variables_are_told_apart_and_services_refused() {
        let env = KeyReference::Env("RELEASE_KEY".to_owned());
        assert_eq!("env://RELEASE_KEY".parse(), Ok(env.clone()));
        assert_eq!(env.variable(), Some("RELEASE_KEY"));
        assert_eq!(env.to_string(), "env://RELEASE_KEY");
        let file = KeyReference::File("keys/a b.key".into());
        assert_eq!("keys/a b.key".parse(), Ok(file.clone()));
        assert_eq!((file.variable(), file.to_string().as_str()), (None, "keys/a b.key"));
        let refused = |text: &str| text.parse::<KeyReference>().unwrap_err();
        assert_eq!(refused(""), KeyReferenceError::Empty);
        assert_eq!(refused("awskms:///alias/key"), KeyReferenceError::Scheme);
        assert_eq!(refused("env://"), KeyReferenceError::Variable);
        assert_eq!(refused("env://A=B"), KeyReferenceError::Variable);
    }

    #[test]
    fn an_endless_file_an_unset_variable_and_a_directory_are_refused() {
        let read = |text: &str| text.parse::<KeyReference>().unwrap().read(&|_| None);
        assert!(matches!(read("/dev/zero"), Err(ReadError::Size)));
        assert!(matches!(read("env://NONE"), Err(ReadError::Unset)));
        assert!(matches!(read("."), Err(ReadError::File(_))));
        let long = |_: &str| Some("x".repeat(LIMIT + 1));
        let env = KeyReference::Env("A".to_owned());
        assert!(matches!(env.read(&long), Err(ReadError::Size)));
    }
}
