//! The files that a policy names, read once each, and the digest over the policy and all of them.

use std::collections::BTreeMap;

use evidence::{Digest, text::escape_short};

use super::{
    document::Read,
    fault::{Collected, Fault},
    members::At,
};

/// Most bytes of a key file. A public key of RSA 8192 takes 1.5 KiB; comments may stand around it.
const MOST_BYTES: usize = 64 * 1024;

/// How the caller reads a file, by its path as the policy has it.
pub(super) type Reader<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

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
        collected: &mut Collected,
    ) -> Read<&[u8]> {
        if !self.files.contains_key(&path.value) {
            let title = format!("cannot read {what} `{}`", path.value);
            let fault = Fault::at(path.span, title).help("a path is relative to the policy file");
            let bytes = match (self.reader)(&path.value) {
                Ok(bytes) if bytes.len() <= MOST_BYTES => bytes,
                Ok(_) => return Err(collected.add(fault.label("it has more than 64 KiB"))),
                Err(why) => return Err(collected.add(fault.label(escape_short(&why, 200)))),
            };
            self.files.insert(path.value.clone(), bytes);
        }
        Ok(self.files.get(&path.value).map_or(&[], Vec::as_slice))
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
