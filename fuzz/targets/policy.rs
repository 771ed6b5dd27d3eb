//! A policy is complete, or has faults that can be shown.

#![no_main]

use chain::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = include_bytes!("../../testdata/keys/cases/alice.pub");
    match Policy::parse("policy.yaml", bytes, &mut |_| Ok(key.to_vec())) {
        Ok(policy) => {
            assert!(!policy.steps.is_empty());
            assert!(policy.steps.iter().all(|s| !s.signed_by.parties.is_empty() && s.count > 0));
        }
        Err(faults) => assert!(!faults.render().is_empty()),
    }
});
