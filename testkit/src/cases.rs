//! Makes the evidence of the cases in `testdata/cases/` from their recipes (`evidence.json`).
//!
//! The bytes that it writes are committed, and the tests of the deciding part read those bytes and
//! never sign: a mistake made here and there alike would otherwise pass unseen. Ed25519 and PKCS #1
//! signatures are deterministic, so that a second run changes nothing. It must never be used for
//! anything but test data: its keys are public.

mod claim;
mod keyless;
mod keys;
mod pointer;
mod recipe;
mod spoil;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use claim::Claim;
use evidence::{Bundle, Digest, Envelope, Id, Material, Signature, bundle::Version, json::Value};
use jiff::Timestamp;
use keyless::{Someone, Witnesses};
use keys::Keys;
use recipe::{Recipe, Source};

/// What a recipe made: the bytes, and what others may refer to.
#[derive(Clone, Debug)]
struct Made {
    bytes: Vec<u8>,
    id: Id,
    predicate_type: Option<String>,
}

/// Writes the keys and the evidence of every case under `testdata`; returns how many files.
pub fn regenerate(testdata: &Path) -> Result<usize, CasesError> {
    let keys = Keys::write(&testdata.join("keys"))?;
    keyless::write_roots(&testdata.join("roots"))?;
    let mut written = 0;
    for directory in directories(&testdata.join("cases"))? {
        let recipes = directory.join("evidence.json");
        if recipes.exists() {
            written += case(&directory, &recipes, &keys)?;
        }
    }
    Ok(written)
}

fn directories(cases: &Path) -> Result<Vec<PathBuf>, CasesError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(cases).map_err(|error| CasesError::file(cases, error))? {
        found.push(entry.map_err(|error| CasesError::file(cases, error))?.path());
    }
    found.retain(|path| path.is_dir());
    found.sort();
    Ok(found)
}

fn case(directory: &Path, recipes: &Path, keys: &Keys) -> Result<usize, CasesError> {
    let named = |reason: String| CasesError::Recipe { file: recipes.to_owned(), reason };
    let text = fs::read(recipes).map_err(|error| CasesError::file(recipes, error))?;
    let recipes: Vec<Recipe> =
        serde_json::from_slice(&text).map_err(|error| named(error.to_string()))?;
    let mut made: BTreeMap<String, Made> = BTreeMap::new();
    let mut kept: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for recipe in &recipes {
        let name = &recipe.file;
        let one =
            make(recipe, &made, keys).map_err(|reason| named(format!("`{name}`: {reason}")))?;
        if !recipe.gone {
            kept.insert(format!("{name}.{}", recipe.extension()), one.bytes.clone());
        }
        if made.insert(name.clone(), one).is_some() {
            return Err(named(format!("two recipes named `{name}`")));
        }
    }
    write(&directory.join("evidence"), &kept)
}

fn make(recipe: &Recipe, made: &BTreeMap<String, Made>, keys: &Keys) -> Result<Made, String> {
    if let Source::Again(name) = recipe.source()? {
        let other = made.get(name).ok_or(format!("no recipe `{name}` before it"))?;
        let bytes = spoil::spoil(other.bytes.clone(), recipe.tamper.as_ref(), keys)?;
        return Ok(Made { bytes, ..other.clone() });
    }
    let Claim { payload, predicate_type, at } = claim::payload(recipe, made)?;
    let envelope = Envelope { payload, payload_type: recipe.payload_type(), signatures: vec![] };
    let id = envelope.id();
    if recipe.unsigned {
        return Ok(Made { bytes: envelope.payload, id, predicate_type });
    }
    let bytes = match &recipe.identity {
        Some(someone) => certified(recipe, &envelope, someone, &at)?,
        None => signed(recipe, envelope, &at, keys)?,
    };
    let bytes = spoil::spoil(bytes, recipe.tamper.as_ref(), keys)?;
    Ok(Made { bytes, id, predicate_type })
}

/// The bundle of somebody with a certificate.
fn certified(
    recipe: &Recipe,
    envelope: &Envelope,
    someone: &Someone,
    at: &str,
) -> Result<Vec<u8>, String> {
    let at = moment(at)?;
    let usual = Witnesses::default();
    let witnesses = recipe.witnesses.as_ref().unwrap_or(&usual);
    let (instance, options) = (witnesses.instance(), witnesses.options()?);
    Ok(instance.sign(&envelope.payload, &someone.identity()?, at, &options))
}

/// The bundle of a key.
fn signed(recipe: &Recipe, envelope: Envelope, at: &str, keys: &Keys) -> Result<Vec<u8>, String> {
    let signer = recipe.signer.as_deref().ok_or("it names no signer")?;
    let signature =
        Signature { keyid: recipe.keyid(keys)?, bytes: keys.sign(signer, &envelope.pae())? };
    let envelope = Envelope { signatures: vec![signature], ..envelope };
    if let Some(witnesses) = &recipe.witnesses {
        let (instance, options) = (witnesses.instance(), witnesses.options()?);
        let seen = moment(witnesses.at.as_deref().unwrap_or(at))?;
        return Ok(instance.seal(&envelope, keys.public(signer)?, seen, &options));
    }
    let bundle = Bundle {
        version: Version::V0_3,
        material: Material::PublicKey { hint: recipe.hint(keys)? },
        log_entries: vec![],
        timestamps: vec![],
        envelope,
    };
    Ok(bundle.to_bytes())
}

fn moment(at: &str) -> Result<Timestamp, String> {
    at.parse().map_err(|error| format!("`{at}` is no time: {error}"))
}

/// Writes what a recipe made and removes what none made, but for files kept by hand.
fn write(directory: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<usize, CasesError> {
    let failed = |error| CasesError::file(directory, error);
    fs::create_dir_all(directory).map_err(failed)?;
    let mut stale: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        stale.insert(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    for (name, bytes) in files {
        stale.remove(name);
        let path = directory.join(name);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::write(&path, bytes).map_err(|error| CasesError::file(&path, error))?;
        }
    }
    for name in stale.iter().filter(|name| !name.starts_with(BY_HAND)) {
        let path = directory.join(name);
        fs::remove_file(&path).map_err(|error| CasesError::file(&path, error))?;
    }
    Ok(files.len())
}

/// Evidence whose name begins so comes from no recipe and is left alone.
const BY_HAND: &str = "by-hand-";

/// The digest of the bundle bytes, as commitments name it.
fn locator(made: &Made) -> Digest {
    Digest::sha256(&made.bytes)
}

/// Compact JSON with sorted members.
fn compact(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Why test data could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CasesError {
    /// A file cannot be read or written.
    #[error("`{}`: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A key cannot be used.
    #[error("key `{name}`: {problem}")]
    Key {
        /// Which.
        name: String,
        /// What the library says.
        problem: String,
    },
    /// A recipe says something that cannot be made.
    #[error("`{}`: {reason}", file.display())]
    Recipe {
        /// Which file.
        file: PathBuf,
        /// Which recipe, and why.
        reason: String,
    },
}

impl CasesError {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }
}
