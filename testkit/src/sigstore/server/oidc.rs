//! The issuer of tokens: for jobs as GitHub's ambient endpoint, for people as Dex' login.
//!
//! A token reads like the issuer's own and is signed by nobody that anybody trusts: Fulcio beside it
//! knows the tokens that were given, and no other.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use evidence::json::{Value, json};
use jiff::Timestamp;

use super::{Server, Shared, error, parameter};
use crate::{
    registry::{Answer, Request},
    sigstore::{
        Identity, Name,
        keys::{Key, sha256},
    },
};

/// What a job shows to be given a token: `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
pub const AMBIENT_SECRET: &str = "an-ambient-s3cret";

/// How long a token is good.
const LASTS: i64 = 600;

/// A login that was begun.
#[derive(Clone, Debug)]
pub(super) struct Login {
    who: Identity,
    redirect: String,
    challenge: Option<String>,
    nonce: Option<String>,
}

impl Server {
    /// A token for `identity`, as its issuer would give it for the audience `sigstore`.
    pub fn token(&self, identity: &Identity) -> String {
        self.shared.mint(identity, "sigstore", None)
    }

    /// From now on jobs are given tokens for `identity`: the variables that GitHub sets for a job with
    /// the permission `id-token: write`.
    pub fn ambient(&self, identity: &Identity) -> [(&'static str, String); 2] {
        self.shared.state().job = Some(identity.clone());
        [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/ambient?api-version=2.0", self.url())),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", AMBIENT_SECRET.to_owned()),
        ]
    }

    /// From now on it is `identity` who logs in.
    pub fn person(&self, identity: &Identity) {
        self.shared.state().person = Some(identity.clone());
    }
}

impl Shared {
    /// `GET …/ambient?…&audience=…`, as GitHub has it.
    pub(super) fn ambient(&self, request: &Request) -> Answer {
        let shown = request.header("authorization").unwrap_or_default();
        let fits = shown.split_once(' ').is_some_and(|(kind, secret)| {
            kind.eq_ignore_ascii_case("bearer") && secret == AMBIENT_SECRET
        });
        let job = self.state().job.clone();
        match (job, parameter(request.query(), "audience")) {
            (Some(job), Some(audience)) if fits => {
                let token = self.mint(&job, &audience, None);
                Answer::json(200, json!({"count": token.len(), "value": token}).to_string())
            }
            _ => Answer::json(401, r#"{"message":"unauthorized"}"#),
        }
    }

    /// The login page, which asks nothing: it sends the browser back, or shows the code.
    pub(super) fn login(&self, request: &Request) -> Answer {
        let asked = |name: &str| parameter(request.query(), name);
        let mut state = self.state();
        let (Some(who), Some(redirect)) = (state.person.clone(), asked("redirect_uri")) else {
            return error(400, 3, "nobody logs in");
        };
        let code = format!("code-{}", state.logins.len());
        let (challenge, nonce) = (asked("code_challenge"), asked("nonce"));
        let login = Login { who, redirect: redirect.clone(), challenge, nonce };
        state.logins.insert(code.clone(), login);
        if !redirect.starts_with("http") {
            return Answer::json(200, json!({"code": code}).to_string());
        }
        let back = reqwest::Url::parse_with_params(
            &redirect,
            [("code", code), ("state", asked("state").unwrap_or_default())],
        );
        match back {
            Ok(back) => Answer::new(302).with("Location", back.as_str()),
            Err(_) => error(400, 3, "no place to go back to"),
        }
    }

    /// A code becomes a token, once (RFC 6749, 4.1.3; RFC 7636, 4.6).
    pub(super) fn exchange(&self, request: &Request) -> Answer {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let sent = |name: &str| parameter(&form, name).unwrap_or_default();
        let login = self.state().logins.remove(&sent("code"));
        let verifier = URL_SAFE_NO_PAD.encode(sha256(&[sent("code_verifier").as_bytes()]));
        match login {
            Some(login)
                if sent("grant_type") == "authorization_code"
                    && sent("redirect_uri") == login.redirect
                    && login.challenge.as_ref().is_none_or(|asked| *asked == verifier) =>
            {
                let token = self.mint(&login.who, "sigstore", login.nonce.as_deref());
                let body = json!({
                    "access_token": "unused", "token_type": "bearer", "expires_in": LASTS,
                    "id_token": token,
                });
                Answer::json(200, body.to_string())
            }
            _ => Answer::json(400, r#"{"error":"invalid_grant"}"#),
        }
    }

    fn mint(&self, identity: &Identity, audience: &str, nonce: Option<&str>) -> String {
        let mut claims = claims(identity, audience, self.now());
        if let (Some(nonce), Some(members)) = (nonce, claims.as_object_mut()) {
            members.insert("nonce".to_owned(), nonce.into());
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = json!({"typ": "JWT", "alg": "ES256", "kid": "test"});
        let signed = format!("{}.{}", encode(&head), encode(&claims));
        let signature = Key::of("oidc").sign_fixed(signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        // Fulcio takes tokens that were made for it.
        if audience == "sigstore" {
            self.state().tokens.insert(token.clone(), identity.clone());
        }
        token
    }
}

/// `GET /oidc/.well-known/openid-configuration`.
pub(super) fn discovery(request: &Request) -> Answer {
    let issuer = format!("http://{}/oidc", request.header("host").unwrap_or_default());
    let body = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "code_challenge_methods_supported": ["S256"],
        "response_types_supported": ["code"],
    });
    Answer::json(200, body.to_string())
}

/// The claims that the issuer would make: GitHub's and GitLab's of a job, a mail address of a person.
fn claims(identity: &Identity, audience: &str, now: Timestamp) -> Value {
    let now = now.as_second();
    let claim = |number: u8| identity.claims.get(&number).cloned().unwrap_or_default();
    let mut claims = json!({
        "iss": identity.issuer, "aud": audience, "sub": claim(24),
        "iat": now, "nbf": now, "exp": now + LASTS,
    });
    let run = claim(21);
    let mut run = run.rsplit('/');
    let more = match &identity.name {
        Name::Email(address) => json!({"email": address, "email_verified": true}),
        Name::Uri(uri) if identity.issuer == "https://token.actions.githubusercontent.com" => {
            let workflow = uri.strip_prefix("https://github.com/");
            let (attempt, id) = (run.next(), run.nth(1));
            json!({
                "event_name": claim(2), "sha": claim(3), "workflow": claim(4),
                "repository": claim(5), "ref": claim(6), "job_workflow_ref": workflow,
                "job_workflow_sha": claim(10), "runner_environment": claim(11),
                "repository_id": claim(15), "repository_owner_id": claim(17),
                "repository_owner": claim(5).split('/').next(), "workflow_ref": workflow,
                "workflow_sha": claim(19), "run_id": id, "run_attempt": attempt,
                "repository_visibility": claim(22), "environment": identity.claims.get(&23),
            })
        }
        Name::Uri(uri) if identity.issuer == "https://gitlab.com" => {
            let at = |number| {
                let url = claim(number);
                url.strip_prefix("https://gitlab.com/").map(str::to_owned)
            };
            json!({
                "ci_config_ref_uri": uri.strip_prefix("https://"), "ci_config_sha": claim(10),
                "runner_environment": claim(11), "project_path": at(12), "sha": claim(13),
                "ref": claim(14).rsplit('/').next(), "ref_type": "branch",
                "project_id": claim(15), "namespace_path": at(16), "namespace_id": claim(17),
                "pipeline_source": claim(20), "job_id": run.next(),
                "project_visibility": claim(22), "environment": identity.claims.get(&23),
            })
        }
        _ => json!({}),
    };
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        claims.extend(more.into_iter().filter(|(_, claim)| !claim.is_null()));
    }
    claims
}
