//! What a server does wrong, when a test asks for it.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::wire::{Answer, Connection, Request};

/// What is done instead of, or to, the right answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers this instead.
    Answer(Answer),
    /// Does what was asked, but answers this.
    AnswerAfter(Answer),
    /// Makes this of the right answer.
    Change(fn(&Request, Answer) -> Answer),
    /// Closes the connection without a word.
    Close,
    /// Adds a header to the right answer.
    Header(String, String),
    /// Writes these bytes, which may be no HTTP, and closes the connection.
    Raw(Vec<u8>),
    /// Never answers.
    Silent,
}

/// The faults of a server, each on the requests that it concerns.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    method: String,
    part: String,
    left: Option<usize>,
    fault: Fault,
}

impl Faults {
    /// Does `fault` on requests of `method` whose path and query contain `part`; `times` times, or
    /// always.
    pub(crate) fn add(&self, method: &str, part: &str, times: Option<usize>, fault: Fault) {
        let (method, part) = (method.to_owned(), part.to_owned());
        self.rules().push(Rule { method, part, left: times, fault });
    }

    /// Ends all faults.
    pub(crate) fn mend(&self) {
        self.rules().clear();
    }

    /// Answers a request rightly, or as a fault has it; whether the connection stays.
    pub(crate) fn answer(
        &self,
        request: &Request,
        connection: &mut Connection,
        right: impl Fn() -> Answer,
    ) -> io::Result<bool> {
        let answer = match self.concerning(request) {
            Some(Fault::Close) => return Ok(false),
            Some(Fault::Answer(answer)) => answer,
            Some(Fault::AnswerAfter(answer)) => {
                right();
                answer
            }
            Some(Fault::Change(change)) => change(request, right()),
            Some(Fault::Header(name, value)) => right().with(&name, &value),
            Some(Fault::Raw(bytes)) => return connection.raw(&bytes).map(|()| false),
            // Until the client hangs up.
            Some(Fault::Silent) => return connection.read().map(|_| false),
            None => right(),
        };
        connection.write(request, &answer).map(|()| true)
    }

    fn concerning(&self, request: &Request) -> Option<Fault> {
        let mut rules = self.rules();
        let rule = rules.iter_mut().find(|rule| {
            rule.method == request.method
                && request.target.contains(&rule.part)
                && rule.left != Some(0)
        })?;
        rule.left = rule.left.map(|left| left.saturating_sub(1));
        Some(rule.fault.clone())
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
