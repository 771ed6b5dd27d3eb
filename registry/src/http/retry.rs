//! What is tried again, and when.
//!
//! A registry that says "not now" is asked again after fixed pauses, or after the time that it
//! names; what will be the same in a second is not asked twice.

use std::{sync::Arc, time::Duration};

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER},
};

use crate::{Error, error::Cause};

/// Why a try brought nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A fault that is no failure of the registry: a limit.
    Final(Error),
    /// The next try would bring the same.
    Lasting(Cause),
    /// It may pass.
    Passing {
        /// What happened.
        cause: Cause,
        /// How long the registry asks to wait.
        wait: Option<Duration>,
    },
}

impl Failure {
    pub(crate) fn passing(cause: Cause) -> Self {
        Self::Passing { cause, wait: None }
    }

    /// Takes over the time that the registry names.
    pub(crate) fn wait_as_told(self, headers: &HeaderMap) -> Self {
        match self {
            Self::Passing { cause, wait } => {
                Self::Passing { cause, wait: retry_after(headers).or(wait) }
            }
            other => other,
        }
    }
}

/// What `Retry-After` says (RFC 9110 10.2.3): seconds, or a date. A date counts from the server's own
/// `Date`: ours may differ from it by more than it asks for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
    let now = date(headers.get(DATE).and_then(|value: &HeaderValue| value.to_str().ok())?.trim())?;
    // One that has passed is no wait.
    Some(Duration::try_from(date(text)?.duration_since(now)).unwrap_or_default())
}

/// The failure that a status is, if it is one.
pub(crate) fn failure(status: StatusCode) -> Option<Failure> {
    let cause = Cause::Status(status.as_u16());
    match status.as_u16() {
        408 | 429 | 500 | 502 | 503 | 504 => Some(Failure::passing(cause)),
        501 | 505..=599 => Some(Failure::Lasting(cause)),
        _ => None,
    }
}

/// The failure that a broken connection is.
pub(crate) fn transport(error: reqwest::Error) -> Failure {
    let builder = error.is_builder();
    let cause = Cause::Transport(Arc::new(error.without_url()));
    if builder || cause.is_certificate() {
        Failure::Lasting(cause)
    } else {
        Failure::passing(cause)
    }
}

/// The pause after the given try: the first, then four times longer each. No jitter: the few
/// requests of one command do not make a herd.
pub(crate) fn pause(first: Duration, tries: u32) -> Duration {
    first.saturating_mul(4_u32.saturating_pow(tries.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_lasts() {
        let of = |status| failure(StatusCode::from_u16(status).unwrap());
        for passing in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(of(passing), Some(Failure::Passing { wait: None, .. })));
        }
        for lasting in [501, 505, 507, 599] {
            assert!(matches!(of(lasting), Some(Failure::Lasting(_))));
        }
        for answer in [200, 201, 302, 400, 401, 403, 404] {
            assert!(of(answer).is_none());
        }
    }

    #[test]
    fn a_registry_that_names_a_time_is_taken_at_its_word() {
        let wait = |after: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
            match Failure::passing(Cause::TimedOut).wait_as_told(&headers) {
                Failure::Passing { wait, .. } => wait,
                _ => None,
            }
        };
        let date = "Wed, 21 Oct 2026 07:28:00 GMT";
        assert_eq!(wait("7", None), Some(Duration::from_secs(7)));
        assert_eq!(wait(date, Some("Wed, 21 Oct 2026 07:27:58 GMT")), Some(Duration::from_secs(2)));
        assert_eq!(wait(date, Some("Wed, 21 Oct 2026 08:00:00 GMT")), Some(Duration::ZERO));
        // Without the server's clock a date says nothing.
        assert_eq!(wait(date, None), None);
        assert_eq!(wait("-1", Some(date)), None);
        assert_eq!(wait("soon", Some(date)), None);
        let pauses = [1, 2, 3].map(|tries| pause(Duration::from_millis(200), tries).as_millis());
        assert_eq!(pauses, [200, 800, 3200]);
        assert_eq!(pause(Duration::MAX, u32::MAX), Duration::MAX);
    }
}
