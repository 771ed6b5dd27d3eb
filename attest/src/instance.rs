//! The instance of Sigstore that a command signs with: which services it turns to, and the trusted
//! root by which the finished bundle is verified.
//!
//! Both come from files that were named, else from the public instance's own repository (crate
//! `trust`). Services of one instance and the root of another would only be found out after a log
//! had shown the entry to everybody, so whoever names the one names the other.

use std::path::PathBuf;

use trust::{
    ClientTrustConfig, Repository, Services, SigningConfig, SigningConfigError, Target, TrustError,
};

use crate::{
    error::Error,
    file,
    request::Instance as Named,
    seal::{ConfirmError, Log, LogVersion, TrustedRoot, Vouchers},
    service::{Role, Service},
    world::World,
};

/// The variables that name what no option does.
const SIGNING_CONFIG: &str = "ATTEST_SIGNING_CONFIG";
const TRUSTED_ROOT: &str = "ATTEST_TRUSTED_ROOT";
const TIMESTAMP_URL: &str = "ATTEST_TIMESTAMP_URL";

/// Bytes of a trusted root or signing configuration: GitHub's root has 25 KB.
const BYTES: u64 = 4 << 20;

/// What a command signs with.
pub(crate) struct Instance {
    /// Who certifies an identity.
    pub(crate) authority: Option<Service>,
    /// Where a person logs in.
    pub(crate) login: Option<Service>,
    /// Who vouches for the signature.
    pub(crate) vouchers: Vouchers,
}

/// What it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signatures by a key, which nobody has to vouch for.
    Key,
    /// Signatures that a certificate proves.
    Keyless,
}

impl Instance {
    /// Reads what was named, or asks the public instance's repository.
    pub(crate) async fn read(
        world: &World,
        named: &Named,
        purpose: Purpose,
        options: &registry::Options,
    ) -> Result<Self, Error> {
        let config = path(world, named.signing_config.as_ref(), SIGNING_CONFIG);
        let root = path(world, named.trusted_root.as_ref(), TRUSTED_ROOT);
        let stamp = named.timestamp_url.clone().or_else(|| set(world, TIMESTAMP_URL));
        let is_asked = purpose == Purpose::Keyless || config.is_some() || stamp.is_some();
        if !is_asked {
            return Ok(Self { authority: None, login: None, vouchers: Vouchers::default() });
        }
        let files = Files::read(config, root)?;
        let public = Public { world, options };
        let services = match (&files.config, purpose) {
            (Some(config), _) => Some(config.clone()),
            (None, Purpose::Keyless) => {
                let bytes = public.fetch(Target::SigningConfig).await?;
                Some(SigningConfig::parse(&bytes).map_err(InstanceError::Fetched)?)
            }
            (None, Purpose::Key) => None,
        };
        let services = services.map(|config| config.choose(world.now())).transpose();
        let services = services.map_err(InstanceError::Config)?;
        let root = match files.root {
            Some(root) => root,
            None if files.config.is_some() || stamp.is_some() => {
                return Err(InstanceError::NoRoot.into());
            }
            None => public.fetch(Target::TrustedRoot).await?,
        };
        let root = TrustedRoot::parse(&root).map_err(InstanceError::Root)?;
        Ok(Self::of(services, stamp.as_deref(), root, purpose)?)
    }

    fn of(
        services: Option<Services>,
        stamp: Option<&str>,
        root: TrustedRoot,
        purpose: Purpose,
    ) -> Result<Self, InstanceError> {
        let none = Services { fulcio: None, oidc: None, rekor: Vec::new(), tsa: Vec::new() };
        let Services { fulcio, oidc, rekor, tsa } = services.unwrap_or(none);
        let one = |role: Role, url: &str| Service::new(role, url).map_err(InstanceError::Service);
        let authority = fulcio.map(|found| one(Role::CertificateAuthority, &found.url));
        let authority = authority.transpose()?;
        let login = oidc.map(|found| one(Role::Issuer, &found.url)).transpose()?;
        let logs = rekor.iter().map(|found| {
            let version = if found.version == 1 { LogVersion::V1 } else { LogVersion::V2 };
            Ok(Log::new(one(Role::Log, &found.url)?, version))
        });
        let logs: Vec<Log> = logs.collect::<Result<_, InstanceError>>()?;
        let stamps: Vec<&str> = match stamp {
            Some(url) => vec![url],
            None => tsa.iter().map(|found| found.url.as_str()).collect(),
        };
        let authorities = stamps.into_iter().map(|url| one(Role::TimestampAuthority, url));
        let authorities: Vec<Service> = authorities.collect::<Result<_, _>>()?;
        if purpose == Purpose::Keyless {
            if authority.is_none() {
                return Err(InstanceError::NoAuthority);
            }
            // A certificate of ten minutes is worth nothing once nobody can say when it was used.
            if authorities.is_empty() && !logs.iter().any(Log::says_when) {
                return Err(InstanceError::NoClock);
            }
        }
        Ok(Self { authority, login, vouchers: Vouchers { logs, authorities, root: Some(root) } })
    }
}

/// What the named files hold.
struct Files {
    config: Option<SigningConfig>,
    root: Option<Vec<u8>>,
}

impl Files {
    /// A client trust configuration has both in one file, whichever option names it.
    fn read(config: Option<PathBuf>, root: Option<PathBuf>) -> Result<Self, Error> {
        let bytes = |path: Option<PathBuf>| path.map(|path| file::read(&path, BYTES)).transpose();
        let (config, root) = (bytes(config)?, bytes(root)?);
        let both = |bytes: &Option<Vec<u8>>| {
            bytes.as_deref().and_then(|bytes| ClientTrustConfig::parse(bytes).ok())
        };
        let held = both(&config).map(|both| both.trusted_root);
        let root = match both(&root) {
            Some(both) => Some(both.trusted_root),
            None => root.or(held),
        };
        let config = config.map(|bytes| SigningConfig::parse(&bytes)).transpose();
        Ok(Self { config: config.map_err(InstanceError::Config)?, root })
    }
}

/// The repository of the public instance.
struct Public<'a> {
    world: &'a World,
    options: &'a registry::Options,
}

impl Public<'_> {
    async fn fetch(&self, target: Target) -> Result<Vec<u8>, InstanceError> {
        let variable = |name: &str| self.world.environment.get(std::ffi::OsStr::new(name));
        let cache = trust::directory(
            variable("XDG_CACHE_HOME").map(AsRef::as_ref),
            variable("HOME").map(AsRef::as_ref),
        );
        let options = trust::Options {
            cache,
            timeout: self.options.timeout,
            verbose: self.options.verbose.clone(),
            ..trust::Options::default()
        };
        let now = self.world.now();
        let fetched = trust::fetch(&Repository::Sigstore, target, &options, now).await;
        fetched.map_err(InstanceError::Trust)
    }
}

fn path(world: &World, option: Option<&PathBuf>, variable: &str) -> Option<PathBuf> {
    option.cloned().or_else(|| set(world, variable).map(PathBuf::from))
}

fn set(world: &World, variable: &str) -> Option<String> {
    world.variable(variable).filter(|text| !text.is_empty())
}

/// Why there is nothing to sign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum InstanceError {
    /// The signing configuration that was named.
    #[error("the signing configuration cannot be used: {0}")]
    Config(SigningConfigError),
    /// The signing configuration of the public instance.
    #[error("the signing configuration of the public instance cannot be used: {0}")]
    Fetched(SigningConfigError),
    /// Nobody certifies.
    #[error("the signing configuration names no certificate authority")]
    NoAuthority,
    /// Nobody says when.
    #[error(
        "the signing configuration names neither a timestamp authority nor a log that says when"
    )]
    NoClock,
    /// Services were named, and not by whom they are believed.
    #[error("services were named to sign with, and no trusted root to verify the result with")]
    NoRoot,
    /// The trusted root.
    #[error("{0}")]
    Root(ConfirmError),
    /// An address.
    #[error(transparent)]
    Service(crate::service::ServiceError),
    /// The public instance's repository.
    #[error(transparent)]
    Trust(TrustError),
}

impl InstanceError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::Fetched(_) | Self::NoAuthority | Self::NoClock => {
                "signing-config"
            }
            Self::NoRoot => "no-trusted-root",
            Self::Root(_) => "trusted-root",
            Self::Service(error) => error.code(),
            Self::Trust(error) => error.kind(),
        }
    }

    /// Whether it may be there next time.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::Trust(error) => error.may_pass(),
            _ => false,
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::Fetched(_) => {
                "it is the `signing_config.v0.2.json` of the instance; an attest of today reads it"
            }
            Self::NoAuthority => "name one in `caUrls`, or sign with --key",
            Self::NoClock => "name one in `tsaUrls`, or with --timestamp-url",
            Self::NoRoot => {
                "give --trusted-root FILE, the `trusted_root.json` of the same instance"
            }
            Self::Root(_) => "it is the `trusted_root.json` of the instance",
            Self::Service(error) => error.help(),
            Self::Trust(error) => error.help(),
        }
    }
}
