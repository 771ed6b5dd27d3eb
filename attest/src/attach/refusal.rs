//! What a registry's refusal of a push means, so that whoever reads it knows what to mend.
//!
//! Statuses and codes differ from registry to registry (distribution-spec 1.1, "Error Codes", knows
//! none for most of this), so the registry's own words are read too. A guess only chooses a code and a
//! remedy; the status and the words are always shown beside it.

use std::io;

use registry::referrers::is_derived_tag;

use super::error::{Pushed, Words};

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A tag that lists evidence is there and may not be overwritten.
    ImmutableList,
    /// The tag is there and may not be overwritten.
    ImmutableTag,
    /// There is no such repository, and the registry makes none.
    NoRepository,
    /// There is no room left.
    Quota,
    /// Nothing may be written.
    ReadOnly,
    /// A list of evidence names what is not there.
    NotListable,
    /// Something else.
    Other,
    /// The login may not push.
    Rights,
    /// The registry does not find what the manifest names, though it was pushed.
    Unseen,
}

impl Refusal {
    /// What `status` and `words` say about a push of `what`.
    pub(super) fn of(what: &Pushed, status: u16, words: &Words) -> Self {
        // The words say it where the status alone would mislead: Harbor answers 403 to a full quota
        // and 412 to an immutable tag, ECR 400 to the latter, docker-registry 405 when it is in
        // maintenance.
        if status == 413 || words.say(&["quota", "exceed", "insufficient storage"]) {
            return Self::Quota;
        }
        if status == 405 || words.say(&["read-only", "read only", "readonly"]) {
            return Self::ReadOnly;
        }
        // docker-registry, to a manifest whose blobs, or an index whose manifests, it does not find.
        if words.are_about_blobs() {
            return match what {
                Pushed::Tag(tag) if is_derived_tag(tag) => Self::NotListable,
                _ => Self::Unseen,
            };
        }
        let immutable = match what {
            Pushed::Tag(tag) if is_derived_tag(tag) => Some(Self::ImmutableList),
            Pushed::Tag(_) => Some(Self::ImmutableTag),
            Pushed::Blob(_) | Pushed::Manifest(_) => None,
        };
        let said = words.say(&["immutab", "already exists", "overwrit", "allow updating"]);
        match (status, immutable) {
            (_, Some(immutable)) if said => immutable,
            (400, _) if words.have_code("MANIFEST_INVALID") => Self::Other,
            // Blobs were taken before, so the login may push.
            (400 | 403 | 409 | 412, Some(immutable)) => immutable,
            (403, None) => Self::Rights,
            (404, _) => Self::NoRepository,
            _ => Self::Other,
        }
    }

    /// What an error of the disk says, if it says that nothing can be written at all.
    pub(super) fn of_disk(reason: &io::Error) -> Option<Self> {
        match reason.kind() {
            // An archive of a layout is a file, into which nothing is written.
            io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            io::ErrorKind::QuotaExceeded | io::ErrorKind::StorageFull => Some(Self::Quota),
            _ => None,
        }
    }

    /// The stable code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::ImmutableList | Self::ImmutableTag => "immutable-tag",
            Self::NoRepository => "no-repository",
            Self::Quota => "quota",
            Self::ReadOnly => "read-only",
            Self::NotListable | Self::Other | Self::Rights | Self::Unseen => "push-refused",
        }
    }

    /// What it means and what to do about it.
    pub(super) fn help(self) -> Option<&'static str> {
        match self {
            Self::ImmutableList => Some(
                "tags are immutable there, and without the referrers API evidence is listed under \
                 tags: let tags that begin with `sha256-` be overwritten, or keep evidence in \
                 another repository: --evidence-repository REF",
            ),
            Self::ImmutableTag => Some(
                "the tag names another image there and may not be moved: give another, or remove \
                 it first",
            ),
            Self::NoRepository => {
                Some("the repository may have to be made first; this registry makes none by itself")
            }
            Self::Quota => Some(
                "there is no room left: raise the quota or remove what is not needed; or keep \
                 evidence in another repository: --evidence-repository REF",
            ),
            Self::ReadOnly => Some(
                "nothing can be written there now: try again after its maintenance; evidence of a \
                 repository that stays read-only goes elsewhere: --evidence-repository REF",
            ),
            Self::NotListable => Some(
                "the list of evidence names a manifest that is not there, as garbage collection leaves \
                 it: `attest repair IMAGE` lists anew what is there",
            ),
            Self::Rights => Some("the login needs the right to push"),
            Self::Unseen => Some(
                "the registry does not find what the manifest names, though it was pushed: run it \
                 again; if it stays so, its storage or a garbage collection beside pushes is at fault, \
                 and its operator has to mend it",
            ),
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: bool, status: u16, code: &str, message: &str) -> Refusal {
        let digest = evidence::Digest::sha256(b"");
        let what = if tag { Pushed::Tag("v1".to_owned()) } else { Pushed::Manifest(digest) };
        let body = format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#);
        Refusal::of(&what, status, &Words::of(body.as_bytes()))
    }

    #[test]
    fn registries_are_understood_by_their_words_and_else_by_the_status() {
        for (tag, status, code, message, expected) in [
            // Harbor.
            (true, 412, "PRECONDITION", "configured as immutable", Refusal::ImmutableTag),
            (false, 403, "DENIED", "will exceed the configured upper limit", Refusal::Quota),
            // Amazon ECR.
            (
                true,
                400,
                "TAG_INVALID",
                "The image tag 'v1' already exists in the 'a' repository and cannot be \
                 overwritten because the repository is immutable.",
                Refusal::ImmutableTag,
            ),
            (false, 404, "NAME_UNKNOWN", "The repository does not exist", Refusal::NoRepository),
            // Google Artifact Registry.
            (
                true,
                400,
                "MANIFEST_INVALID",
                "cannot update tag v1. The repository has enabled tag immutability",
                Refusal::ImmutableTag,
            ),
            // docker-registry in maintenance.
            (false, 405, "UNSUPPORTED", "The operation is unsupported.", Refusal::ReadOnly),
            // Quay.
            (false, 403, "DENIED", "Quota has been exceeded on namespace", Refusal::Quota),
            (true, 409, "", "", Refusal::ImmutableTag),
            (true, 403, "", "", Refusal::ImmutableTag),
            (false, 403, "DENIED", "no", Refusal::Rights),
            (false, 413, "", "", Refusal::Quota),
            (true, 400, "MANIFEST_INVALID", "no data please", Refusal::Other),
            (false, 409, "", "", Refusal::Other),
            // docker-registry.
            (false, 400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", Refusal::Unseen),
            (true, 400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", Refusal::Unseen),
        ] {
            assert_eq!(of(tag, status, code, message), expected, "{status} {code} {message}");
        }
    }

    #[test]
    fn a_list_of_what_is_gone_is_no_immutable_tag() {
        let body = br#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"unknown"}]}"#;
        let list = Pushed::Tag(registry::referrers::fallback_tag(&evidence::Digest::sha256(b"")));
        let of = |body: &[u8]| Refusal::of(&list, 400, &Words::of(body));
        assert_eq!(of(body), Refusal::NotListable);
        assert!(of(body).help().is_some_and(|help| help.contains("attest repair")));
        assert_eq!(of(b""), Refusal::ImmutableList);
    }
}
