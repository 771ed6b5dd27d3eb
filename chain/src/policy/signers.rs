//! Signers: names, groups and keys become parties.
