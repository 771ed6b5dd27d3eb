//! The files that a policy names, read once each, and the digest over the policy and all of them; and
//! what it wants from repositories, which is no part of that digest.

use std::collections::BTreeMap;

use evidence::{Digest, text::escape_short};

use super::{
    Repository,
    document::Read,
    excerpt::Span,
    fault::{Collected, Fault},
    members::At,
};
use crate::trust;

/// Most bytes of a key file. A public key of RSA 8192 takes 1.5 KiB; comments may stand around it.
pub(super) const KEY_BYTES: usize = 64 * 1024;

/// What a policy wants its caller to read.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'w> {
    /// A file, by its path as the policy has it, which is relative to the policy file.
    File(&'w str),
    /// The trusted root that a repository publishes.
    Root(&'w Repository),
}

impl<'w> Wanted<'w> {
    /// The path of the file that is wanted, for a caller that asks no repository.
    ///
    /// # Errors
    ///
    /// A repository's root is wanted.
    pub fn path(self) -> Result<&'w str, String> {
        match self {
            Self::File(path) => Ok(path),
            Self::Root(_) => Err("no repository is asked here".to_owned()),
        }
    }
}

/// How the caller reads what is wanted.
pub(super) type Reader<'a> = dyn FnMut(Wanted<'_>) -> Result<Vec<u8>, String> + 'a;

/// The files that a policy names.
pub(super) struct Files<'a> {
    reader: &'a mut Reader<'a>,
    files: BTreeMap<String, Vec<u8>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(reader: &'a mut Reader<'a>) -> Self {
        Self { reader, files: BTreeMap::new() }
    }

    /// The bytes of a file.
    pub(super) fn read(
        &mut self,
        path: &At<String>,
        what: &str,
        most: usize,
        collected: &mut Collected,
    ) -> Read<&[u8]> {
        if !self.files.contains_key(&path.value) {
            let title = format!("cannot read {what} `{}`", path.value);
            let fault = Fault::at(path.span, title).help("a path is relative to the policy file");
            let bytes = match (self.reader)(Wanted::File(&path.value)) {
                Ok(bytes) if bytes.len() <= most => bytes,
                Ok(_) => {
                    let label = format!("it has more than {} KiB", most / 1024);
                    return Err(collected.add(fault.label(label)));
                }
                Err(why) => return Err(collected.add(fault.label(escape_short(&why, 200)))),
            };
            self.files.insert(path.value.clone(), bytes);
        }
        Ok(self.files.get(&path.value).map_or(&[], Vec::as_slice))
    }

    /// The trusted root that a repository publishes.
    pub(super) fn fetch(
        &mut self,
        repository: &Repository,
        name: &At<String>,
        span: Span,
        collected: &mut Collected,
    ) -> Read<Vec<u8>> {
        let fault = |label| {
            Fault::at(span, format!("cannot get root `{}`", name.value))
                .label(label)
                .help("`root: FILE` names a copy, for machines without a network")
        };
        match (self.reader)(Wanted::Root(repository)) {
            Ok(bytes) if bytes.len() <= trust::MOST_BYTES => Ok(bytes),
            Ok(_) => Err(collected.add(fault("it has more than 1 MiB".to_owned()))),
            Err(why) => Err(collected.add(fault(escape_short(&why, 200)))),
        }
    }

    /// The digest over the policy and its files: each part after its length (docs/policy.md,
    /// "The digest"), so that no bytes can be moved from one part to the next.
    pub(super) fn digest(&self, policy: &[u8]) -> Digest {
        let mut framed = Vec::new();
        let mut add = |part: &[u8]| {
            framed.extend_from_slice(part.len().to_string().as_bytes());
            framed.push(b'\n');
            framed.extend_from_slice(part);
        };
        add(policy);
        for (path, bytes) in &self.files {
            add(path.as_bytes());
            add(bytes);
        }
        Digest::sha256(&framed)
    }
}
