//! Faults of a policy, for the person who wrote it.

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub title: String,
}

/// All faults of a policy; never empty.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The faults.
    pub all: Vec<Fault>,
}
