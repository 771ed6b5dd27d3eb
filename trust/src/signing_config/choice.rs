//! Which of the services are turned to.
//!
//! Of each list: what is not in service now, or speaks a version of its interface that is not known
//! here, is left out; of each operator the highest version counts, of equal ones the newest, of
//! those the first. Then `ANY` is one of them, `EXACT` as many as `count`, `ALL` all. Services of one
//! operator fail together and are believed together, so two of them are no second opinion.

use evidence::time::Timestamp;
use reqwest::Url;
use sigstore_trust_root::{ServiceConfiguration, ServiceEndpoint, ServiceSelector};

use super::{Kind, SigningConfig, SigningConfigError};

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// Its address: of a timestamp authority the whole, of others the base without a slash behind it.
    pub url: String,
    /// The version of its interface.
    pub version: u32,
    /// Who runs it; empty where nobody is named.
    pub operator: String,
}

/// The services that a signer turns to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// Who certifies an identity.
    pub fulcio: Option<Service>,
    /// Who tells people apart, for a login in a browser.
    pub oidc: Option<Service>,
    /// All the logs that an entry goes into.
    pub rekor: Vec<Service>,
    /// All the authorities that a timestamp comes from.
    pub tsa: Vec<Service>,
}

impl SigningConfig {
    /// The services that a signer turns to at `now`.
    pub fn choose(&self, now: Timestamp) -> Result<Services, SigningConfigError> {
        let config = &self.0;
        let one = ServiceConfiguration::default();
        Ok(Services {
            fulcio: chosen(Kind::CertificateAuthorities, &config.ca_urls, &one, now)?.pop(),
            oidc: chosen(Kind::Issuers, &config.oidc_urls, &one, now)?.pop(),
            rekor: chosen(Kind::Logs, &config.rekor_tlog_urls, &config.rekor_tlog_config, now)?,
            tsa: chosen(Kind::TimestampAuthorities, &config.tsa_urls, &config.tsa_config, now)?,
        })
    }
}

/// The versions of an interface that are known here: of Rekor both, of the others the first. (Fulcio's
/// is called 1, though its address says `v2`.)
fn is_known(kind: Kind, version: u32) -> bool {
    match kind {
        Kind::Logs => matches!(version, 1 | 2),
        Kind::CertificateAuthorities | Kind::Issuers | Kind::TimestampAuthorities => version == 1,
    }
}

fn chosen(
    kind: Kind,
    listed: &[ServiceEndpoint],
    how: &ServiceConfiguration,
    now: Timestamp,
) -> Result<Vec<Service>, SigningConfigError> {
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let mut usable: Vec<&ServiceEndpoint> = listed
        .iter()
        .filter(|service| is_known(kind, service.major_api_version))
        .filter(|service| service.valid_for.contains(now))
        .collect();
    // Stable, so what is equal stays as it was listed.
    usable.sort_by_key(|service| {
        std::cmp::Reverse((service.major_api_version, service.valid_for.start))
    });
    let mut of_each: Vec<&ServiceEndpoint> = Vec::new();
    for service in usable {
        if of_each.iter().all(|chosen| operator(chosen) != operator(service)) {
            of_each.push(service);
        }
    }
    let found = of_each.len();
    let wanted = match (&how.selector, how.count) {
        _ if found == 0 => return Err(SigningConfigError::NoneNow { kind }),
        (ServiceSelector::All, _) => found,
        (ServiceSelector::Any, _) => 1,
        (ServiceSelector::Exact, Some(wanted @ 1..)) => {
            let fits = usize::try_from(wanted).ok().filter(|wanted| *wanted <= found);
            fits.ok_or(SigningConfigError::Few { kind, wanted, found })?
        }
        (ServiceSelector::Exact, _) => return Err(SigningConfigError::Count { kind }),
        _ => return Err(SigningConfigError::Selector { kind }),
    };
    of_each.into_iter().take(wanted).map(|service| addressed(kind, service)).collect()
}

/// Who runs a service; nobody named is one operator, as two nameless ones may be the same.
fn operator(service: &ServiceEndpoint) -> &str {
    service.operator.as_deref().unwrap_or_default()
}

fn addressed(kind: Kind, service: &ServiceEndpoint) -> Result<Service, SigningConfigError> {
    let fault = || SigningConfigError::Url { kind, found: service.url.clone() };
    let url = Url::parse(&service.url).map_err(|_| fault())?;
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_anonymous {
        return Err(fault());
    }
    let whole = kind == Kind::TimestampAuthorities;
    let url = if whole { &service.url } else { service.url.trim_end_matches('/') };
    Ok(Service {
        url: url.to_owned(),
        version: service.major_api_version,
        operator: operator(service).to_owned(),
    })
}
