//! What is no public key is an error; what is one has one id.

#![no_main]

use chain::authenticate::key::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::from_pem(bytes) {
        assert_eq!(PublicKey::from_pem(bytes).unwrap().id(), key.id());
        assert!(!key.contradicts(&key.hint()));
    }
    let _ = PublicKey::from_spki(bytes);
});
