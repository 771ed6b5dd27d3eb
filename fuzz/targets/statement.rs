//! A payload reads the same at once and through the tree.

#![no_main]

use evidence::{Reading, Statement, predicate::Claim};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match (Reading::of(bytes), Statement::parse(bytes)) {
        (Ok(reading), Ok(statement)) => {
            assert_eq!(reading.subjects, statement.subjects);
            assert_eq!(reading.predicate_type, statement.predicate_type);
            assert_eq!(reading.claim, Claim::read(&statement));
        }
        (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
        (reading, statement) => panic!("{reading:?}, {statement:?}"),
    }
});
