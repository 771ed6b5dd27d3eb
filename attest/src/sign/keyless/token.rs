//! An identity token: a JSON web token (RFC 7519) by which an issuer says who asks for a certificate.
//!
//! Its words are read, not verified: the certificate authority does that, and what is shown of them
//! beforehand is only what the person or job says of itself. The token is a secret until it expires:
//! it is cleared, has no `Debug`, and stands in no error.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use evidence::{
    json::{self, Map, Value},
    text::escape_short,
    time::Timestamp,
};
use zeroize::Zeroizing;

/// Bytes of a token: GitHub's have 2 KB, and headers of requests end at 8 KB in most servers.
pub(super) const MOST: usize = 16 * 1024;

/// A token that expires sooner is asked for anew: longer than one request may take.
const MARGIN: Duration = Duration::from_secs(60);

/// An identity token and what it says.
pub(crate) struct IdentityToken {
    text: Zeroizing<String>,
    claims: Claims,
}

/// What a token says.
#[derive(Debug)]
pub(crate) struct Claims {
    issuer: String,
    subject: String,
    expires: Timestamp,
    all: Map<String, Value>,
}

impl IdentityToken {
    /// Reads a token.
    pub(super) fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() > MOST {
            return Err(TokenError::Large);
        }
        // RFC 7515, 3.1: header, payload, signature.
        let mut parts = text.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Shape);
        };
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Shape)?;
        let Ok(Value::Object(all)) = json::parse(&payload) else { return Err(TokenError::Shape) };
        let claims = Claims::read(all)?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), claims })
    }

    /// The token itself.
    pub(super) fn secret(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether it will still be taken by the time that an authority looks at it.
    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        now.checked_add(MARGIN).is_ok_and(|then| self.claims.expires > then)
    }

    /// The same, unless its time is over: a certificate authority would only say that it does not
    /// like it.
    pub(super) fn fresh(self, now: Timestamp) -> Result<Self, TokenError> {
        if self.claims.expires > now {
            return Ok(self);
        }
        Err(TokenError::Expired { at: self.claims.expires, now })
    }
}

impl Claims {
    fn read(all: Map<String, Value>) -> Result<Self, TokenError> {
        let text = |name: &'static str| {
            let found = all.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            found.map(str::to_owned).ok_or(TokenError::Claim { name })
        };
        let expires = all.get("exp").and_then(Value::as_i64);
        let expires = expires.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let expires = expires.ok_or(TokenError::Claim { name: "exp" })?;
        Ok(Self { issuer: text("iss")?, subject: text("sub")?, expires, all })
    }

    /// Who issued it.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A claim inside another.
    pub(super) fn inner(&self, name: &str, inner: &str) -> Option<&str> {
        self.all.get(name)?.get(inner)?.as_str().filter(|text| !text.is_empty())
    }

    /// The mail address of a person.
    pub(crate) fn mail(&self) -> Option<&str> {
        let verified = match self.all.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            // Some issuers write it as a text.
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        self.text("email").filter(|_| verified)
    }

    /// What the proof of possession is made over: the mail address of a person, else the subject
    /// (Fulcio, `challengeClaim` of its issuers).
    pub(crate) fn challenge(&self) -> &str {
        self.mail().unwrap_or(&self.subject)
    }
}

/// Why bytes are no token that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A claim that every token has is missing.
    #[error("the identity token has no claim `{name}`")]
    Claim {
        /// Its name.
        name: &'static str,
    },
    /// Its time is over.
    #[error("the identity token expired at {at}, it is {now}")]
    Expired {
        /// When.
        at: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// More bytes than any has.
    #[error("the identity token has more than {} KiB, which no token has", MOST / 1024)]
    Large,
    /// No token.
    #[error("what was given as an identity token is no JSON web token")]
    Shape,
}

/// Who is shown as the one that a token is about.
impl std::fmt::Display for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escape_short(self.challenge(), 300))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A token that says this.
    pub(in crate::sign::keyless) fn token(claims: &Value) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"none"}"#), part(&claims.to_string()), part("signature"))
    }

    fn parse(claims: &Value) -> Result<IdentityToken, TokenError> {
        IdentityToken::parse(&token(claims))
    }

    #[test]
    fn a_person_is_known_by_a_verified_address_alone() {
        let claims = |verified: Value| {
            json::json!({"iss": "https://i.example", "sub": "7", "exp": 9, "email": "a@acme.com",
                   "email_verified": verified})
        };
        for (verified, challenge) in [
            (json::json!(true), "a@acme.com"),
            (json::json!("true"), "a@acme.com"),
            (json::json!(false), "7"),
            (json::json!("no"), "7"),
            (Value::Null, "7"),
        ] {
            assert_eq!(parse(&claims(verified)).unwrap().claims().challenge(), challenge);
        }
    }

    #[test]
    fn a_token_says_who_and_until_when() {
        let whole = json::json!({"iss": "https://i.example", "sub": "a", "exp": 100});
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert!(parse(&whole).unwrap().fresh(at(99)).is_ok());
        assert!(matches!(
            parse(&whole).unwrap().fresh(at(100)).map(drop),
            Err(TokenError::Expired { .. })
        ));
        for name in ["iss", "sub", "exp"] {
            let mut part = whole.clone();
            part.as_object_mut().unwrap().remove(name);
            assert_eq!(parse(&part).map(drop), Err(TokenError::Claim { name }));
        }
    }

    #[test]
    fn what_is_no_token_is_not_repeated() {
        let secret = "c2VjcmV0";
        for text in [
            "",
            secret,
            &format!("a.{secret}"),
            &format!("a.{secret}.c"),
            &format!("a.{secret}.c.d"),
            &format!(
                "a.{}.c",
                URL_SAFE_NO_PAD.encode(r#"{"iss":"a","iss":"b","sub":"c","exp":1}"#)
            ),
        ] {
            let error = IdentityToken::parse(text).map(drop).unwrap_err();
            assert_eq!(error, TokenError::Shape, "{text}");
            assert!(!error.to_string().contains(secret));
        }
        let long = "x".repeat(MOST + 1);
        assert_eq!(IdentityToken::parse(&long).map(drop), Err(TokenError::Large));
    }
}
