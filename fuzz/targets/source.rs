//! The normal form of an address is its own normal form.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = evidence::source::without_attempt(text);
    let _ = evidence::source::run_id(text);
    let _ = evidence::source::git_ref(text);
    if let Some(normal) = evidence::source::normalise(text) {
        assert_eq!(evidence::source::normalise(&normal).as_ref(), Some(&normal), "{text}");
    }
});
