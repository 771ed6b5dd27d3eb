//! The cases of `testdata/cases`: each a policy, a question, committed evidence and what must come of
//! them; and what must hold whatever the case. These tests read bytes and never sign.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod alike;
mod case;
mod cosign;
mod monotone;
mod mutations;
mod seals;
mod strangers;
mod verdicts;
