//! A person logs in: a browser shows the issuer's own page, and a page on this machine receives the
//! answer (OAuth 2.0 with PKCE, RFC 7636). Without a browser the person opens the page elsewhere and
//! types the code that it shows.
//!
//! Only on a terminal: nobody else could answer.

use std::io;

use sigstore_oidc::{
    AuthCallback, AuthMode, HtmlTemplates, OAuthClient, OAuthConfig, SecretString,
};
use zeroize::Zeroizing;

use super::token::{IdentityToken, TokenError};
use crate::{
    service::Service,
    world::{Aside, Terminal, World},
};

/// Logs in with the issuer.
pub(super) async fn token(
    world: &World,
    issuer: Option<&Service>,
) -> Result<IdentityToken, LoginError> {
    if world.terminal == Terminal::Absent {
        return Err(LoginError::Nobody);
    }
    let issuer = issuer.ok_or(LoginError::NoIssuer)?;
    let fault = |cause| LoginError::Issuer { issuer: issuer.address(), cause: Box::new(cause) };
    let client = OAuthClient::new(OAuthConfig::dex(issuer.url().as_str())).map_err(fault)?;
    let told = client.authenticate(Told(world.teller())).await.map_err(fault)?;
    Ok(IdentityToken::parse(told.expose_secret())?)
}

/// What the person is told meanwhile.
struct Told(Aside);

impl AuthCallback for Told {
    fn auth_url_ready(&self, url: &str, mode: AuthMode) {
        (self.0)(match mode {
            AuthMode::BrowserRedirect => "Log in in the browser; if none opens, visit",
            _ => "Log in, and type the code that is shown in the end, at",
        });
        (self.0)(&format!("  {url}"));
    }

    fn prompt_for_code(&self) -> io::Result<SecretString> {
        let code = Zeroizing::new(rpassword::prompt_password("Code: ")?);
        Ok(SecretString::new(code.trim()))
    }
}

impl HtmlTemplates for Told {
    fn success_html(&self) -> &str {
        "<!doctype html><title>Logged in</title><p>You are logged in. Close this page and go on in \
         the terminal."
    }

    fn error_html(&self, _: &str) -> String {
        // What went wrong was chosen by whoever led the browser here; the terminal says it escaped.
        "<!doctype html><title>Not logged in</title><p>The login failed; the terminal says why."
            .to_owned()
    }
}

/// Why nobody logged in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The issuer, or the way there and back.
    #[error("cannot log in with {}: {}", evidence::text::escape_short(issuer, 300), evidence::text::escape_short(&cause.to_string(), 300))]
    Issuer {
        /// Who.
        issuer: String,
        /// What happened.
        cause: Box<sigstore_oidc::Error>,
    },
    /// Nobody says where to log in.
    #[error("the signing configuration names no issuer to log in with")]
    NoIssuer,
    /// There is no person.
    #[error("a person logs in, and there is no terminal")]
    Nobody,
    /// What came back is no token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl LoginError {
    /// Whether whoever wrote the command has to mend it.
    pub(super) fn is_usage(&self) -> bool {
        matches!(self, Self::NoIssuer | Self::Nobody)
    }

    /// What to do.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Issuer { .. } | Self::Token(_) => "nothing was signed; try again",
            Self::NoIssuer => "name one in `oidcUrls`, or give the token with --identity-token",
            Self::Nobody => "give --key, or the token of a job with --identity-token",
        }
    }
}
