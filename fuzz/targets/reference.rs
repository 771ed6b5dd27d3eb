//! A reference is read without a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(reference) = text.parse::<registry::Reference>() {
        let _ = (reference.name(), reference.tag(), reference.digest());
    }
});
