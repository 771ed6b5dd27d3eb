//! Predicates: typed views of what a statement claims, and the types that `attest` writes.
