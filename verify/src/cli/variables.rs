//! What the environment says.

use std::path::PathBuf;

/// The variables of the environment that are this command's own. None of them chooses a policy or a
/// source of evidence.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// `VERIFY_FORMAT`.
    pub format: Option<String>,
    /// `VERIFY_CACHE`.
    pub cache: Option<PathBuf>,
    /// Where this user's caches are; trusted roots are kept there, and nothing else.
    pub roots: Option<PathBuf>,
}

impl Variables {
    pub(super) fn cache(&self) -> Option<PathBuf> {
        self.cache.clone().filter(|dir| !dir.as_os_str().is_empty())
    }

    /// Where trusted roots are kept. Each is verified again before it is believed.
    pub(super) fn roots(&self) -> Option<PathBuf> {
        self.cache().or_else(|| self.roots.clone())
    }
}
