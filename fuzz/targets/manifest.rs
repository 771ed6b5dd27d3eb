//! A manifest is read without a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = registry::Manifest::parse(bytes.to_vec());
});
