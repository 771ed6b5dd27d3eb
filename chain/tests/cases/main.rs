//! The cases of `testdata/cases`: each a policy, a question, committed evidence and what must come of
//! them. These tests read bytes and never sign.

mod case;
mod verdicts;
