//! Resolve: a reference that a person typed becomes an image pinned to its digest.
//!
//! Everything after this is about that digest. A tag is asked for twice, before anything is collected
//! and before anything is attached: one that moved in between makes it unclear what was attested, so
//! it is refused.

use evidence::Digest;
use registry::{AnySource, Manifest, ManifestKind, Options, Pinned, Reference, Source};

use crate::family::{Family, Member};

/// Media types of image configurations, the only ones that have labels (image-spec config.md; Docker
/// image manifest v2, schema 2).
const CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// An image that a statement is to be about.
pub(crate) struct Image {
    reference: Reference,
    pinned: Pinned,
    manifest: Manifest,
    source: AnySource,
    elsewhere: Option<Elsewhere>,
}

/// Where evidence is kept that does not hang beside its image.
struct Elsewhere {
    reference: Reference,
    source: AnySource,
}

impl Elsewhere {
    fn open(reference: Reference, options: &Options) -> Result<Self, ResolveError> {
        let source = registry::open(&reference, options).map_err(registry::Error::Open)?;
        Ok(Self { reference, source })
    }
}

impl Image {
    /// Resolves what was typed. `told` is the name that a layout is to be taken for, `evidence` where
    /// evidence is kept instead of beside the image.
    pub(crate) async fn resolve(
        reference: Reference,
        told: Option<&str>,
        evidence: Option<Reference>,
        options: &Options,
    ) -> Result<Self, ResolveError> {
        if told.is_some() && reference.name().is_some() {
            return Err(ResolveError::Named);
        }
        let told = told.map(repository).transpose()?;
        let source = registry::open(&reference, options).map_err(registry::Error::Open)?;
        let elsewhere = evidence.map(|evidence| Elsewhere::open(evidence, options)).transpose()?;
        let (pinned, manifest) = registry::pin(&source, &reference, told.as_deref()).await?;
        Ok(Self { reference, pinned, manifest, source, elsewhere })
    }

    /// The image by its digest.
    pub(crate) fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// The digest.
    pub(crate) fn digest(&self) -> &Digest {
        self.pinned.digest()
    }

    /// What was typed.
    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The manifest or index.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it was read from.
    pub(crate) fn source(&self) -> &AnySource {
        &self.source
    }

    /// Where its evidence is: beside it, unless it is kept elsewhere.
    pub(crate) fn evidence(&self) -> &AnySource {
        self.elsewhere.as_ref().map_or(&self.source, |elsewhere| &elsewhere.source)
    }

    /// The repository that its evidence is kept in, if that is another.
    pub(crate) fn evidence_repository(&self) -> Option<&Reference> {
        self.elsewhere.as_ref().map(|elsewhere| &elsewhere.reference)
    }

    /// The digests that statements about it may name.
    pub(crate) fn family(&self) -> Family {
        Family::of(&self.manifest, self.pinned.name())
    }

    /// Refuses a layout that nobody named: an approval or a deployment holds for one repository.
    pub(crate) fn must_be_named(&self) -> Result<(), ResolveError> {
        self.pinned.name().map(|_| ()).ok_or(ResolveError::Nameless)
    }

    /// The manifest of a platform that the index lists.
    pub(crate) async fn platform(&self, member: &Member) -> Result<Manifest, ResolveError> {
        Ok(self.source.listed(&member.descriptor).await?)
    }

    /// The manifest that a report about one image is about: of the only platform of an index, else the
    /// image's own.
    pub(crate) async fn alone(&self) -> Result<Manifest, ResolveError> {
        match self.family().only_platform() {
            Some(only) => self.platform(only).await,
            None => Ok(self.manifest.clone()),
        }
    }

    /// The index that has that platform and no other, if the image is one.
    pub(crate) fn alone_in(&self) -> Option<&Digest> {
        self.family().only_platform().is_some().then(|| self.digest())
    }

    /// The configuration of an image or platform; `None` for an index or what is no image.
    pub(crate) async fn config_of(
        &self,
        manifest: &Manifest,
    ) -> Result<Option<(Digest, Vec<u8>)>, ResolveError> {
        match &manifest.kind {
            ManifestKind::Image { config, .. } if CONFIGS.contains(&&*config.media_type) => {
                Ok(Some((config.digest.clone(), self.source.blob(config).await?)))
            }
            _ => Ok(None),
        }
    }

    /// The digest of the configuration; `None` for an index.
    pub(crate) fn config_digest(&self) -> Option<&Digest> {
        config_digest(&self.manifest)
    }

    /// Opens the source anew, after a wait that no registry is to blame for.
    pub(crate) fn reopen(self, options: &Options) -> Result<Self, ResolveError> {
        let source = registry::open(&self.reference, options).map_err(registry::Error::Open)?;
        let elsewhere = self.elsewhere.map(|elsewhere| elsewhere.reference);
        let elsewhere = elsewhere.map(|evidence| Elsewhere::open(evidence, options)).transpose()?;
        Ok(Self { source, elsewhere, ..self })
    }

    /// Asks for the tag once more and refuses one that moved.
    pub(crate) async fn unmoved(&self) -> Result<(), ResolveError> {
        if self.reference.digest().is_some() {
            return Ok(());
        }
        let (now, _) = registry::pin(&self.source, &self.reference, None).await?;
        if now.digest() == self.digest() {
            return Ok(());
        }
        Err(ResolveError::Moved { before: self.digest().clone(), now: now.digest().clone() })
    }
}

/// The digest of the configuration of an image; `None` for an index.
pub(crate) fn config_digest(manifest: &Manifest) -> Option<&Digest> {
    match &manifest.kind {
        ManifestKind::Image { config, .. } => Some(&config.digest),
        ManifestKind::Index { .. } => None,
    }
}

/// The repository that `--as` names.
pub(crate) fn repository(text: &str) -> Result<String, ResolveError> {
    let reference: Reference = text.parse()?;
    match reference.name() {
        Some(name) if reference.tag().is_none() && reference.digest().is_none() => Ok(name),
        _ => Err(ResolveError::As),
    }
}

/// Why there is no image to attest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ResolveError {
    /// `--as` names no repository.
    #[error("`--as` takes a repository, without tag or digest")]
    As,
    /// `COSIGN_REPOSITORY` cannot be parsed.
    #[error("`COSIGN_REPOSITORY`: {0}")]
    Evidence(registry::ReferenceError),
    /// The tag names another image than at the start.
    #[error("the tag moved while this ran: from {before} to {now}")]
    Moved {
        /// What it named first.
        before: Digest,
        /// What it names now.
        now: Digest,
    },
    /// `--as` was given for an image that has a name.
    #[error("`--as` is for layouts; an image in a registry has its name")]
    Named,
    /// A layout without a name.
    #[error("a layout has no name, and this is only good for one repository")]
    Nameless,
    /// `COSIGN_REPOSITORY` names more than a repository.
    #[error("`COSIGN_REPOSITORY` is `{reference}`, more than a repository")]
    NoRepository {
        /// What it names.
        reference: String,
    },
    /// The reference cannot be parsed.
    #[error(transparent)]
    Reference(#[from] registry::ReferenceError),
    /// The registry or layout.
    #[error(transparent)]
    Source(#[from] registry::Error),
}

impl ResolveError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::As | Self::Named => "as",
            Self::Evidence(_) | Self::NoRepository { .. } => "evidence-repository",
            Self::Moved { .. } => "tag-moved",
            Self::Nameless => "nameless-layout",
            Self::Reference(_) => "reference",
            Self::Source(error) => error.kind(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::As | Self::Nameless => {
                Some("say which: --as registry.example.com/payments/api".to_owned())
            }
            Self::Moved { .. } => Some("attest the digest that was built".to_owned()),
            Self::Evidence(error) => Some(error.help().to_owned()),
            Self::Named => None,
            Self::NoRepository { .. } => Some("name it without tag and digest".to_owned()),
            Self::Reference(error) => Some(error.help().to_owned()),
            Self::Source(error) => error.help().map(str::to_owned),
        }
    }
}
