//! Decides: policy and evidence in, a verdict out.
//!
//! Floor 1, and pure: no network, file, clock or environment. Bytes and `now` come in, a verdict goes
//! out. Each stage makes its own type, and only the file that examines can make it: [`Candidate`] →
//! authenticate → [`Verified`] → bind → [`Bound`] → judge → relate → [`Proofs`] → conclude → [`Verdict`].

mod ask;
pub mod authenticate;
mod bind;
mod budget;
mod candidate;
mod clock;
mod conclude;
mod facts;
mod finding;
mod gate;
pub mod hear;
mod judge;
pub mod policy;
mod relate;
mod remedy;
pub mod trust;
pub mod verdict;
mod view;
mod withheld;

pub use ask::{Undecided, ask};
pub use authenticate::Verified;
pub use bind::Bound;
pub use budget::LimitReached;
pub use candidate::{Candidate, Content, Image, Platform, Question, Shape};
pub use finding::{Code, Finding};
pub use gate::gate;
pub use policy::Policy;
pub use relate::Proofs;
pub use verdict::{Decision, Record, Verdict};
