//! What a registry asks for with 401: Basic, or Bearer with the token service to ask
//! (RFC 9110 11.6.1; distribution's token specification).

use http_auth::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A user name and password with every request.
    Basic,
    /// A token.
    Bearer {
        /// The token service.
        realm: String,
        /// Whom the token is for.
        service: Option<String>,
        /// What the registry wants it to allow.
        scopes: Vec<String>,
    },
}

/// The challenge that we answer: a token before a password; `None` if neither is offered.
pub(crate) fn parse(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(text) = value.to_str() else { continue };
        for challenge in ChallengeParser::new(text).flatten() {
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            } else if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let param = |name: &str| {
                    let found = challenge.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_unescaped())
                };
                if let Some(realm) = param("realm") {
                    let scopes = param("scope").unwrap_or_default();
                    let scopes = scopes.split_ascii_whitespace().map(str::to_owned).collect();
                    return Some(Challenge::Bearer { realm, service: param("service"), scopes });
                }
            }
        }
    }
    basic
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        parse(&headers)
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let bearer = Challenge::Bearer {
            realm: "https://auth.example.com/token".into(),
            service: Some("registry".into()),
            scopes: vec!["repository:a/b:pull".into(), "repository:c:pull".into()],
        };
        let text = "Bearer realm=\"https://auth.example.com/token\",service=\"registry\",\
                    scope=\"repository:a/b:pull repository:c:pull\"";
        assert_eq!(of(&[text]), Some(bearer.clone()));
        assert_eq!(of(&["Basic realm=\"x\"", text]), Some(bearer));
        assert_eq!(of(&["basic realm=\"x\""]), Some(Challenge::Basic));
    }

    #[test]
    fn what_is_unknown_or_incomplete_is_none() {
        assert_eq!(of(&["Negotiate"]), None);
        assert_eq!(of(&["Bearer service=\"x\""]), None);
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&["Bearer realm=\"http://127.0.0.1/auth/token\",scope=\"read\""]),
            Some(Challenge::Bearer {
                realm: "http://127.0.0.1/auth/token".into(),
                service: None,
                scopes: vec!["read".into()]
            })
        );
    }
}
