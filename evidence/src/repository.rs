//! The name of a repository, as signed subjects carry it: `HOST/REPOSITORY`.
//!
//! The grammar is that of distribution's `reference` package. A name with anything else in it (a tag,
//! a `%2e`, a `..`, a control character) is none: other programs read it as they like, and what they
//! take it for may be another repository than the one that a pattern fits.

use std::net::Ipv6Addr;

/// Whether a text is the name of a repository with its host, without tag and digest. The host is in
/// lower case: in other letters it is the same host (RFC 3986, 3.2.2), and no pattern would fit it.
pub fn is_name(text: &str) -> bool {
    let is_spelled = |host: &str| !host.bytes().any(|b| b.is_ascii_uppercase());
    text.split_once('/').is_some_and(|(host, path)| {
        looks_like_a_host(host) && is_host(host) && is_spelled(host) && is_path(path)
    })
}

/// The usual rule for the first part of a name: a host has a dot or a port, or is `localhost`.
pub fn looks_like_a_host(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':'])
}

/// Whether a text is a repository without its host: at most 255 characters, as distribution's
/// `RepositoryNameTotalLengthMax`.
pub fn is_path(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(is_component)
}

/// Whether a text is a host, with its port if it has one.
pub fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (text, None),
    };
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name_fits = match inside {
        Some(inside) => inside.parse::<Ipv6Addr>().is_ok(),
        None => name.split('.').all(is_label),
    };
    port_fits && name_fits
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, distribution-spec 1.1 "Pulling manifests".
fn is_component(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut separator = String::new();
    let mut before = false;
    for b in text.bytes() {
        if word(b) {
            let fits = separator.is_empty()
                || matches!(separator.as_str(), "." | "_" | "__")
                || separator.bytes().all(|b| b == b'-');
            if !fits || (!before && !separator.is_empty()) {
                return false;
            }
            separator.clear();
            before = true;
        } else if matches!(b, b'.' | b'_' | b'-') {
            separator.push(char::from(b));
        } else {
            return false;
        }
    }
    before && separator.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_host_and_a_path_and_nothing_else() {
        for name in ["registry.example.com/payments/api", "localhost/a", "[::1]:5000/a/b-c__d.e"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "api",
            "payments/api",
            "registry.example.com",
            "registry.example.com/",
            "REGISTRY.example.com/payments/api",
            "registry.example.com/payments/api:v1",
            "registry.example.com/payments/api@sha256:00",
            "registry.example.com/payments/../ledger",
            "registry.example.com/payments/%2e%2e",
            "registry.example.com/payments/api\n",
            "registry.example.com/payments/\u{202e}ipa",
            "https://registry.example.com/payments/api",
            "user@registry.example.com/payments/api",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
