//! What is tried again, and when.
//!
//! A registry that says "not now" is asked again after fixed pauses, or after the time that it
//! names; what will be the same in a second is not asked twice.

use std::{sync::Arc, time::Duration};

use reqwest::{StatusCode, header::HeaderValue};

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

    /// Takes over what `Retry-After` says, where it is a number of seconds (RFC 9110 10.2.3); a date
    /// would need a clock that agrees with the server's.
    pub(crate) fn wait_for(self, header: Option<&HeaderValue>) -> Self {
        let named = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        match self {
            Self::Passing { cause, wait } => {
                Self::Passing { cause, wait: named.map(Duration::from_secs).or(wait) }
            }
            other => other,
        }
    }
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
        let wait = |text: &'static str| {
            let header = HeaderValue::from_static(text);
            match Failure::passing(Cause::TimedOut).wait_for(Some(&header)) {
                Failure::Passing { wait, .. } => wait,
                _ => None,
            }
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(wait("-1"), None);
        let pauses = [1, 2, 3].map(|tries| pause(Duration::from_millis(200), tries).as_millis());
        assert_eq!(pauses, [200, 800, 3200]);
        assert_eq!(pause(Duration::MAX, u32::MAX), Duration::MAX);
    }
}
