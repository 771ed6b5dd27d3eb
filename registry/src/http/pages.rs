//! The pages of a list: its `Link` headers (RFC 8288; distribution-spec 1.1, "Listing Referrers").
//!
//! A header that cannot be read is an error, not a last page: what stands on the next page may be
//! the newer failure. No page leads to another host, where a stranger could answer for the registry.

use std::collections::BTreeSet;

use reqwest::{
    Url,
    header::{HeaderMap, LINK},
};

use super::{Client, Response};
use crate::{
    Error, Limit,
    error::{Cause, What},
};

/// The pages of one list: each once, all on the registry itself, and not without end.
#[derive(Debug)]
pub struct Pages {
    most: usize,
    seen: BTreeSet<String>,
}

impl Pages {
    /// Begins with the first page.
    pub fn new(most: usize, first: Url) -> Self {
        Self { most, seen: BTreeSet::from([first.into()]) }
    }

    /// How many pages were begun.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// The page that follows `response`, if one does.
    pub fn next(
        &mut self,
        client: &Client,
        what: &What,
        response: &Response,
    ) -> Result<Option<Url>, Error> {
        let fault = || Error::unavailable(what.clone(), client.host(), Cause::Link);
        let Some(target) = next(&response.headers).map_err(|_| fault())? else {
            return Ok(None);
        };
        let url = response.url.join(&target).map_err(|_| fault())?;
        if !client.is_own(&url) || !self.seen.insert(url.clone().into()) {
            return Err(fault());
        }
        if self.seen.len() > self.most {
            return Err(Error::limit(Limit::Pages, self.most));
        }
        Ok(Some(url))
    }
}

/// The target of `rel="next"`; `None` if no header names one.
fn next(headers: &HeaderMap) -> Result<Option<String>, Unreadable> {
    for value in headers.get_all(LINK) {
        let mut rest = value.to_str().map_err(|_| Unreadable)?.trim();
        while !rest.is_empty() {
            let (target, is_next, after) = one(rest)?;
            if is_next {
                return Ok(Some(target.to_owned()));
            }
            rest = after;
        }
    }
    Ok(None)
}

/// A `Link` header that cannot be read.
#[derive(Debug, PartialEq, Eq)]
struct Unreadable;

/// One link: its target, whether it is the next page, and what follows the comma.
fn one(text: &str) -> Result<(&str, bool, &str), Unreadable> {
    let (target, params) =
        text.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or(Unreadable)?;
    let mut quoted = false;
    let end = params.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ',' && !quoted
    });
    let (params, after) = match end {
        Some((at, _)) => params.split_at_checked(at).ok_or(Unreadable)?,
        None => (params, ""),
    };
    Ok((target, params.split(';').any(is_next), after.trim_start_matches(',').trim_start()))
}

fn is_next(param: &str) -> bool {
    param.split_once('=').is_some_and(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel")
            && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Result<Option<String>, Unreadable> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, value.parse().unwrap());
        }
        next(&headers)
    }

    #[test]
    fn the_next_page_is_found_among_others() {
        let found = Ok(Some("/v2/a?n=1,2".to_owned()));
        assert_eq!(of(&[r#"</v2/a?n=1,2>; rel="next""#]), found);
        assert_eq!(of(&["</v2/a?n=1,2>;REL=next"]), found);
        assert_eq!(
            of(&[r#"</b>; rel="prev"; title="a,b", </v2/a?n=1,2>; rel="last next""#]),
            found
        );
        assert_eq!(of(&[r#"</b>; rel="prev""#, r#"</v2/a?n=1,2>; rel="next""#]), found);
        assert_eq!(of(&[r#"</b>; rel="prev""#]), Ok(None));
        assert_eq!(of(&[]), Ok(None));
    }

    #[test]
    fn what_cannot_be_read_is_no_last_page() {
        for text in ["/v2/a; rel=next", "</v2/a", "x"] {
            assert_eq!(of(&[text]), Err(Unreadable), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics_or_goes_on_for_ever(text in r#"[<>;, "=a-z\u{e9}]{0,60}"#) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = text.parse() {
                headers.append(LINK, value);
                let _ = next(&headers);
            }
        }
    }
}
