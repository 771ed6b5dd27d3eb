//! A digest is spelled in one way.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(digest) = text.parse::<evidence::Digest>() {
        assert_eq!(digest.to_string(), text);
    }
});
