//! Where a copy goes. A layout that is not there yet is made; a repository is the registry's to make.

use std::path::Path;

use registry::{AnySource, Options, Reference};

use super::CopyError;
use crate::attach::{AttachError, layout};

/// Opens the target.
pub(crate) fn open(reference: &Reference, options: &Options) -> Result<AnySource, CopyError> {
    if let Reference::Layout { dir, .. } = reference {
        make(dir)?;
    }
    Ok(registry::open(reference, options).map_err(registry::Error::from)?)
}

fn make(dir: &Path) -> Result<(), CopyError> {
    let fault = |reason| AttachError::Io { path: dir.to_owned(), reason };
    if !layout::is_begun(dir).map_err(fault)? {
        return Err(CopyError::NoLayout { dir: dir.to_owned() });
    }
    Ok(layout::make(dir).map_err(fault)?)
}
