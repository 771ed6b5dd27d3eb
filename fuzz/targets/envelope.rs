//! An envelope that is read has an id that depends on its type and payload only.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = evidence::Envelope::parse(bytes) {
        let bare = evidence::Envelope { signatures: vec![], ..envelope.clone() };
        assert_eq!(bare.id(), envelope.id());
    }
});
