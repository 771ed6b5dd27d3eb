//! A bundle that is read, and written as v0.3, is the same.

#![no_main]

use evidence::{Bundle, bundle::Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = Bundle::parse(bytes) {
        assert_eq!(bundle.envelope.signatures.len(), 1);
        if bundle.version == Version::V0_3 {
            assert_eq!(Bundle::parse(&bundle.to_bytes()).unwrap(), bundle);
        }
    }
});
