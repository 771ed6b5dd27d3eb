//! A service that signing turns to: who it is, how it is asked, and what is said when it does not
//! answer.
//!
//! Requests go through the registry's own transport, so they have its limits, tries, proxies and
//! certificates. No redirect of a request with content is followed, a secret goes over TLS or stays
//! on this machine, and what a service answers is shown escaped and cut.

use std::fmt;

use evidence::{json, text::escape_short};
use registry::{
    error::{Cause, What},
    http::{self, Response, Sender},
};
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};

/// Bytes of an answer: a log entry of Rekor v1 holds the certificate twice, 20 KB in all.
const ANSWER: u64 = 1 << 20;

/// What a service is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Certifies an identity: Fulcio.
    CertificateAuthority,
    /// Gives a CI job its identity token.
    Issuer,
    /// Keeps log entries: Rekor.
    Log,
    /// Says when something was there: RFC 3161.
    TimestampAuthority,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "certificate authority",
            Self::Issuer => "issuer of identity tokens",
            Self::Log => "log",
            Self::TimestampAuthority => "timestamp authority",
        })
    }
}

/// A service and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    role: Role,
    url: Url,
}

/// What a service is asked.
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    /// Behind the address of the service; empty for the address itself.
    pub(crate) path: &'a str,
    pub(crate) content_type: &'static str,
    pub(crate) accept: &'static str,
    pub(crate) body: Vec<u8>,
    /// The most bytes that an answer may have.
    pub(crate) most: u64,
}

impl Question<'_> {
    /// Reads.
    pub(crate) fn get(path: &str) -> Question<'_> {
        Question { method: Method::GET, body: Vec::new(), ..Question::json(path, Vec::new()) }
    }

    /// Sends a JSON document.
    pub(crate) fn json(path: &str, body: Vec<u8>) -> Question<'_> {
        let json = "application/json";
        Question {
            method: Method::POST,
            path,
            content_type: json,
            accept: json,
            body,
            most: ANSWER,
        }
    }
}

impl Service {
    /// A service at an address: http or https, without a login.
    pub fn new(role: Role, url: &str) -> Result<Self, ServiceError> {
        let fault = || ServiceError::Address { role, found: url.to_owned() };
        let parsed = Url::parse(url).map_err(|_| fault())?;
        let is_anonymous = parsed.username().is_empty() && parsed.password().is_none();
        if !matches!(parsed.scheme(), "http" | "https") || !is_anonymous || !parsed.has_host() {
            return Err(fault());
        }
        Ok(Self { role, url: parsed })
    }

    /// The address, without what may be secret in it.
    pub fn address(&self) -> String {
        let path = self.url.path();
        let path = if path == "/" { "" } else { path };
        format!("{}{path}", self.url.origin().ascii_serialization())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Asks; every status below 500 that is no "not now" is an answer.
    pub(crate) async fn ask(
        &self,
        sender: &Sender,
        question: Question<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, ServiceError> {
        let Question { method, path, content_type, accept, body, most } = question;
        let url = self.at(path)?;
        if authorization.is_some() && !sender.is_private(&url) {
            return Err(ServiceError::Insecure(Box::new(self.clone())));
        }
        let mut headers: Vec<(HeaderName, HeaderValue)> =
            vec![(ACCEPT, HeaderValue::from_static(accept))];
        if method == Method::POST {
            headers.push((CONTENT_TYPE, HeaderValue::from_static(content_type)));
        }
        let request = http::Request {
            method,
            url,
            what: What::Service,
            headers,
            body,
            access: http::Access::Pull,
            most,
            over: registry::Error::Unavailable {
                what: What::Service,
                place: self.address(),
                cause: Cause::Unexpected,
                tries: 1,
            },
            // Asked twice, a certificate or timestamp is made twice and one is used; a log says that
            // it has the entry.
            again: true,
        };
        let failed = |cause| ServiceError::Unavailable {
            service: Box::new(self.clone()),
            cause: Box::new(cause),
        };
        sender.send(&request, authorization).await.map_err(failed)
    }

    /// The content of an answer with a good status.
    pub(crate) fn content(&self, response: Response) -> Result<Vec<u8>, ServiceError> {
        if response.status.is_success() {
            return Ok(response.body);
        }
        Err(ServiceError::Refused {
            service: Box::new(self.clone()),
            status: response.status,
            words: words(&response.body),
        })
    }

    /// An answer that is not what the interface says.
    pub(crate) fn malformed(&self, without: &'static str) -> ServiceError {
        ServiceError::Malformed { service: Box::new(self.clone()), without }
    }

    fn at(&self, path: &str) -> Result<Url, ServiceError> {
        let mut url = self.url.clone();
        if !path.is_empty() {
            let base = url.path().trim_end_matches('/').to_owned();
            url.set_path(&format!("{base}{path}"));
        }
        Ok(url)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {}", self.role, escape_short(&self.address(), 300))
    }
}

/// What a service says about its refusal: the `message` of its JSON, else its first words.
fn words(body: &[u8]) -> String {
    let message = json::parse(body).ok();
    let message = message.as_ref().and_then(|value| value.get("message")?.as_str());
    match message {
        Some(message) => escape_short(message, 300),
        None => escape_short(String::from_utf8_lossy(body).trim(), 300),
    }
}

/// Why a service did not do its part. Nothing was attached then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Its address is none.
    #[error(
        "`{}` is no address of a {role}: https://HOST/PATH, without a login",
        escape_short(found, 300)
    )]
    Address {
        /// What it is for.
        role: Role,
        /// What was found.
        found: String,
    },
    /// The identity token would go over the network in the clear.
    #[error("{0} is not asked over plain http: an identity token would be sent in the clear")]
    Insecure(Box<Service>),
    /// Not what its interface says.
    #[error("{service} gave an answer without {without}")]
    Malformed {
        /// Who.
        service: Box<Service>,
        /// What is missing.
        without: &'static str,
    },
    /// It said no.
    #[error("{service} refuses: {} {words}", status.as_u16())]
    Refused {
        /// Who.
        service: Box<Service>,
        /// With which status.
        status: StatusCode,
        /// In which words.
        words: String,
    },
    /// It did not answer.
    #[error("{service} cannot be used: {}", Unavailable(cause))]
    Unavailable {
        /// Who.
        service: Box<Service>,
        /// What happened.
        cause: Box<registry::Error>,
    },
}

/// The cause without a second name for the service.
struct Unavailable<'a>(&'a registry::Error);

impl fmt::Display for Unavailable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            registry::Error::Unavailable { cause, tries: 1, .. } => write!(f, "{cause}"),
            registry::Error::Unavailable { cause, tries, .. } => {
                write!(f, "{cause} (tried {tries} times)")
            }
            other => write!(f, "{other}"),
        }
    }
}

impl ServiceError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } | Self::Insecure(_) => "service-address",
            Self::Malformed { .. } | Self::Unavailable { .. } => "service-unavailable",
            Self::Refused { service, .. } if service.role == Role::CertificateAuthority => {
                "token-refused"
            }
            Self::Refused { .. } => "service-refuses",
        }
    }

    /// Whether whoever wrote the command has to mend it: an address, or a token that is not taken.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Address { .. } | Self::Insecure(_) => true,
            Self::Refused { service, .. } => service.role == Role::CertificateAuthority,
            Self::Malformed { .. } | Self::Unavailable { .. } => false,
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Address { .. } => "mend the signing configuration or the option",
            Self::Insecure(_) => {
                "speak https there; in a closed network --plain-http says that it will do"
            }
            Self::Refused { service, .. } if service.role == Role::CertificateAuthority => {
                "it takes fresh tokens of the issuers that it knows, mostly with the audience `sigstore`"
            }
            Self::Refused { .. } | Self::Malformed { .. } => "nothing was attached",
            Self::Unavailable { cause, .. } => {
                cause.help().unwrap_or("nothing was attached; try again later")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_login_and_is_shown_without_its_query() {
        let service = |url| Service::new(Role::Log, url);
        let shown = service("https://rekor.example.com/?token=secret").unwrap();
        assert_eq!(shown.to_string(), "the log https://rekor.example.com");
        assert_eq!(
            service("https://a.example/base/").unwrap().at("/api/v2/log/entries").unwrap().as_str(),
            "https://a.example/base/api/v2/log/entries"
        );
        for url in
            ["https://user:secret@rekor.example.com", "ftp://a.example", "data:x", "a.example"]
        {
            assert!(matches!(service(url), Err(ServiceError::Address { .. })), "{url}");
        }
    }

    #[test]
    fn the_words_of_a_refusal_are_cut_and_escaped() {
        assert_eq!(words(br#"{"code":3,"message":"no\u001b[31m"}"#), "no\\u{1b}[31m");
        assert_eq!(words(b" gateway \n"), "gateway");
        assert!(words(&[b'x'; 1000]).len() < 310);
    }
}
