//! Decides: policy and evidence in, a verdict out.
//!
//! Floor 1, and pure: no network, file, clock or environment. Bytes and `now` come in, a verdict goes
//! out. Each stage makes its own type, and only the file that examines can make it: [`Candidate`] →
//! [`authenticate`] → [`bind`] → [`judge`] → [`relate`] → [`Verdict`].

pub mod ask;
pub mod authenticate;
pub mod bind;
pub mod budget;
pub mod candidate;
pub mod clock;
mod conclude;
pub mod facts;
pub mod finding;
mod gate;
pub mod judge;
pub mod policy;
pub mod relate;
mod remedy;
pub mod verdict;
pub mod view;
mod withheld;

pub use ask::Undecided;
pub use authenticate::Verified;
pub use bind::Bound;
pub use candidate::{Candidate, Content, Image, Platform, Question, Shape};
pub use finding::{Code, Finding};
pub use gate::gate;
pub use policy::Policy;
pub use relate::Proofs;
pub use verdict::{Decision, Record, Verdict};
