//! A token service as distribution's token and OAuth2 specifications have it, for a registry that
//! trusts its certificate.
//!
//! Anybody may read; [`LOGIN`] may write as well, whose password buys a token by GET and whose
//! identity token by the refresh grant. Every request is kept, with what was asked for.

use std::{
    collections::BTreeMap,
    io,
    net::TcpStream,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use evidence::json::{Value, json};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Url;

use crate::{
    listening::Listening,
    peers::LOGIN,
    registry::{Answer, Request, wire},
};

/// What buys a token besides the password.
pub const IDENTITY_TOKEN: &str = "an-identity-t0ken";

/// Whom the tokens are for.
pub const SERVICE: &str = "test-registry";

/// Who the tokens are from.
pub const ISSUER: &str = "test-issuer";

/// A running token service; it stops when it is dropped.
#[derive(Debug)]
pub struct TokenService {
    listening: Listening,
    certificate: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    key: EcdsaKeyPair,
    certificate: String,
    asked: Mutex<Vec<Asked>>,
    /// How many of the next tokens have run out when they are given.
    stale: Mutex<usize>,
}

/// A request for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// Who asked, as whom the token was given; empty for nobody.
    pub user: String,
    /// What was asked for, a scope an entry.
    pub scopes: Vec<String>,
    /// Whether a token was given.
    pub given: bool,
}

impl TokenService {
    /// Starts a service with a key of its own.
    pub fn start() -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = CertificateParams::new(Vec::new())
            .and_then(|params| params.self_signed(&key))
            .map_err(io::Error::other)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der());
        let shared = Arc::new(Shared {
            key: pair.map_err(io::Error::other)?,
            certificate: STANDARD.encode(certificate.der()),
            asked: Mutex::default(),
            stale: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        let listening = Listening::start(move |stream, _| of_thread.serve(stream))?;
        Ok(Self { listening, certificate: certificate.pem(), shared })
    }

    /// The address that a registry names in its challenge.
    pub fn realm(&self) -> String {
        format!("http://{}/token", self.listening.address())
    }

    /// The certificate that a registry has to trust, in PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A token that allows to read and write `repository`.
    pub fn mint(&self, repository: &str) -> io::Result<String> {
        self.shared.token(LOGIN.0, &[format!("repository:{repository}:pull,push")], false)
    }

    /// Gives `times` tokens that have run out already.
    pub fn let_expire(&self, times: usize) {
        *lock(&self.shared.stale) = times;
    }

    /// What was asked so far; and begins anew.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *lock(&self.shared.asked))
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut connection = wire::Connection::new(stream)?;
        while let Some(request) = connection.read()? {
            let answer = self.answer(&request)?;
            connection.write(&request, &answer)?;
        }
        Ok(())
    }

    fn answer(&self, request: &Request) -> io::Result<Answer> {
        let form = match request.method.as_str() {
            "GET" => request.query().to_owned(),
            _ => String::from_utf8_lossy(&request.body).into_owned(),
        };
        let pairs = Url::parse(&format!("form:?{form}")).map_err(io::Error::other)?;
        let pairs: Vec<(String, String)> = pairs.query_pairs().into_owned().collect();
        let one = |name: &str| {
            let pair = pairs.iter().find(|(known, _)| known == name);
            pair.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let scopes: Vec<String> = pairs
            .iter()
            .filter(|(name, _)| name == "scope")
            .flat_map(|(_, scopes)| scopes.split(' ').map(str::to_owned))
            .collect();
        let user = match (request.method.as_str(), request.header("authorization")) {
            ("GET", None) => Some(""),
            ("GET", Some(sent)) => (sent == wire::basic(LOGIN.0, LOGIN.1)).then_some(LOGIN.0),
            (_, _) => {
                let fits = one("grant_type") == "refresh_token"
                    && one("refresh_token") == IDENTITY_TOKEN
                    && !one("client_id").is_empty();
                fits.then_some(LOGIN.0)
            }
        };
        let given = user.is_some() && one("service") == SERVICE;
        lock(&self.asked).push(Asked {
            method: request.method.clone(),
            user: user.unwrap_or_default().to_owned(),
            scopes: scopes.clone(),
            given,
        });
        match user {
            Some(user) if given => {
                let token = self.token(user, &scopes, self.is_stale())?;
                // The refresh grant's answer has only the second name (OAuth2, section 5.1).
                let name = if request.method == "GET" { "token" } else { "access_token" };
                let body = json!({name: token, "expires_in": 300});
                Ok(Answer::json(200, body.to_string()))
            }
            _ if request.method == "GET" => Ok(Answer::new(401)),
            _ => Ok(Answer::json(400, r#"{"error":"invalid_grant"}"#)),
        }
    }

    fn is_stale(&self) -> bool {
        let mut left = lock(&self.stale);
        let is_stale = *left > 0;
        *left = left.saturating_sub(1);
        is_stale
    }

    /// A JSON Web Token (RFC 7519) in the shape that distribution reads.
    fn token(&self, user: &str, scopes: &[String], stale: bool) -> io::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?.as_secs();
        // Distribution allows clocks that differ by a minute.
        let ends = if stale { now.saturating_sub(600) } else { now.saturating_add(300) };
        let mut access: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (kind, name, actions) in scopes.iter().filter_map(|scope| parts(scope)) {
            let may = actions.split(',').filter(|action| *action == "pull" || user == LOGIN.0);
            let entry = access.entry((kind.to_owned(), name.to_owned())).or_default();
            entry.extend(may.map(str::to_owned));
        }
        let access: Vec<Value> = access
            .into_iter()
            .map(|((kind, name), actions)| json!({"type": kind, "name": name, "actions": actions}))
            .collect();
        let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": ISSUER, "sub": user, "aud": SERVICE, "access": access,
            "iat": now.saturating_sub(900), "nbf": now.saturating_sub(900), "exp": ends,
            "jti": URL_SAFE_NO_PAD.encode(now.to_string()),
        });
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(head), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(io::Error::other)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

/// `TYPE:NAME:ACTIONS`, whose name may have a port in it.
fn parts(scope: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    Some((kind, name, actions))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
