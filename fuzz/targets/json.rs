//! Strict JSON is read without a panic, and what is read can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = evidence::json::parse(bytes) {
        // The last digit of a fraction may be another one; what is signed is never written anew.
        assert!(evidence::json::parse(value.to_string().as_bytes()).is_ok());
    }
});
