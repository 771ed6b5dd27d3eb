//! Decides: policy and evidence in, a verdict out.
//!
//! Floor 1, and pure: no network, file, clock or environment. Bytes and `now` come in, a verdict goes
//! out. Each stage makes its own type, and only the file that examines can make it: [`Candidate`] →
//! [`authenticate`] → [`bind`] → [`judge`] → [`relate`] → [`Verdict`].

pub mod authenticate;
pub mod candidate;
pub mod finding;
pub mod policy;
pub mod verdict;

pub use candidate::{Candidate, Content, Image, Question};
pub use finding::{Code, Finding};
pub use policy::Policy;
pub use verdict::{Decision, Verdict};
