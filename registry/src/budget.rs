//! What a stranger may cost us. One file, each number with its origin.
//!
//! Whoever may push to a repository chooses how much hangs on an image; without these numbers the
//! gate's memory and time would be theirs to spend. Past a limit there is no answer at all, but for one:
//! a document that is too large by the word of a manifest that was hashed is unreadable by itself
//! ([`mod@crate::carried`]). The other limits bound count, total and time, or are the word of a list, which
//! could hide a newer failure so.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Error;

const MIB: u64 = 1024 * 1024;

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Referrers of one digest. cosign reads 1,000 layers at most (GHSA-95pr-fxf5-86gv).
    pub referrers: usize,
    /// Bytes of one manifest: what registries must at least take (distribution-spec 1.1, "Pushing
    /// Manifests").
    pub manifest: u64,
    /// Bytes of one bundle or other blob: an eighth of cosign's limit for one attachment.
    pub bundle: u64,
    /// Bytes of one page of a list: 1,000 descriptors with long annotations, eight times over.
    pub list: u64,
    /// Bytes of all that is read for one digest: cosign's limit for one attachment
    /// (`COSIGN_MAX_ATTACHMENT_SIZE`), here for all together.
    pub total: u64,
    /// Bytes of bodies being received at once; bounds the memory beside what was accepted.
    pub in_flight_bytes: u32,
    /// Requests in flight at once.
    pub in_flight_requests: u32,
    /// Pages of one list: `referrers` in pages of ten.
    pub pages: usize,
    /// Pages of a list of tags: 100,000 tags in pages of a hundred, as Docker Hub has them.
    pub tag_pages: usize,
    /// Redirects of one request: as many as Go's and reqwest's clients follow by default.
    pub redirects: usize,
    /// How often one request is tried.
    pub tries: u32,
    /// The pause before the second try; four times longer before each further one.
    pub pause: Duration,
    /// One request, from the connection to the last byte.
    pub request: Duration,
    /// Files in a layout's `blobs/` that are looked at for referrers that no index lists.
    pub layout_files: usize,
}

impl Budget {
    /// Whether documents of these sizes can be read within the limits on count and total, before any of
    /// them is asked for: strangers' evidence by the gigabyte costs one list. A size that lies costs its
    /// own error later.
    pub fn afford(&self, sizes: impl IntoIterator<Item = u64>) -> Result<(), Error> {
        let mut total: u64 = 0;
        for (count, size) in (1_usize..).zip(sizes) {
            total = total.saturating_add(size);
            if count > self.referrers {
                return Err(Error::limit(Limit::Referrers, self.referrers));
            }
            if total > self.total {
                return Err(Error::limit(Limit::Total, self.total));
            }
        }
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            referrers: 1_000,
            manifest: 4 * MIB,
            bundle: 16 * MIB,
            list: 8 * MIB,
            total: 128 * MIB,
            in_flight_bytes: 32 * 1024 * 1024,
            in_flight_requests: 16,
            pages: 100,
            tag_pages: 1_000,
            redirects: 10,
            tries: 3,
            pause: Duration::from_millis(200),
            request: Duration::from_secs(30),
            layout_files: 65_536,
        }
    }
}

/// Which number was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Budget::bundle`].
    Bundle,
    /// [`Budget::layout_files`].
    LayoutFiles,
    /// [`Budget::list`].
    List,
    /// [`Budget::manifest`].
    Manifest,
    /// [`Budget::pages`].
    Pages,
    /// [`Budget::referrers`].
    Referrers,
    /// The time that the caller gave to the whole answer.
    Timeout,
    /// [`Budget::total`].
    Total,
}

impl Limit {
    /// The name, as reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle-bytes",
            Self::LayoutFiles => "layout-files",
            Self::List => "list-bytes",
            Self::Manifest => "manifest-bytes",
            Self::Pages => "pages",
            Self::Referrers => "referrers",
            Self::Timeout => "timeout",
            Self::Total => "total-bytes",
        }
    }

    /// What the number counts, for messages.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Bundle | Self::List | Self::Manifest | Self::Total => " bytes",
            Self::LayoutFiles | Self::Pages | Self::Referrers => "",
            Self::Timeout => " s",
        }
    }
}

/// What one source has spent.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) budget: Budget,
    total: AtomicU64,
    bytes: Semaphore,
    requests: Semaphore,
}

impl Meter {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            total: AtomicU64::new(0),
            bytes: Semaphore::new(usize::try_from(budget.in_flight_bytes).unwrap_or(usize::MAX)),
            requests: Semaphore::new(
                usize::try_from(budget.in_flight_requests).unwrap_or(usize::MAX),
            ),
        }
    }

    /// Counts bytes that were read.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), Limit> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let before = self.total.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.budget.total { Err(Limit::Total) } else { Ok(()) }
    }

    /// Waits for the room to receive `bytes`. `None` only if the semaphore were closed; it never is.
    pub(crate) async fn room(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        let most = self.budget.in_flight_bytes;
        let bytes = u32::try_from(bytes).unwrap_or(most).min(most);
        self.bytes.acquire_many(bytes).await.ok()
    }

    /// Waits for a turn to send a request.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.requests.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_counts_everything_and_stays_spent() {
        let meter = Meter::new(Budget { total: 10, ..Budget::default() });
        assert_eq!(meter.spend(6), Ok(()));
        assert_eq!(meter.spend(4), Ok(()));
        assert_eq!(meter.spend(1), Err(Limit::Total));
        assert_eq!(meter.spend(0), Err(Limit::Total));
    }
}
