//! Where the passphrase of a key file comes from: a variable, or a person at a terminal.
//!
//! Never an argument, never standard input, and no variable is read but through the function that
//! was handed in.

use std::io;

use evidence::text::escape;
use zeroize::Zeroizing;

/// The variables that can hold a passphrase, the first set one wins. The second is cosign's.
pub const VARIABLES: [&str; 2] = ["ATTEST_PASSWORD", "COSIGN_PASSWORD"];

/// Looks up an environment variable by its name.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Puts a question to a person and takes one line.
type Ask<'a> = dyn FnMut(&str) -> io::Result<String> + 'a;

/// What a passphrase is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// To open the key of that name.
    Open(&'a str),
    /// To protect the new key of that name.
    Protect(&'a str),
}

/// A source of passphrases. Asked only when a key needs one.
pub trait Passphrase {
    /// The passphrase, possibly an explicitly empty one.
    fn passphrase(&mut self, purpose: Purpose<'_>) -> Result<Zeroizing<String>, PassphraseError>;
}

impl<F> Passphrase for F
where
    F: FnMut(Purpose<'_>) -> Result<Zeroizing<String>, PassphraseError>,
{
    fn passphrase(&mut self, purpose: Purpose<'_>) -> Result<Zeroizing<String>, PassphraseError> {
        self(purpose)
    }
}

/// The source that the commands use: [`VARIABLES`], else the terminal.
pub struct VariableOrTerminal<'a> {
    variables: &'a Lookup<'a>,
    terminal: Box<Ask<'a>>,
}

impl<'a> VariableOrTerminal<'a> {
    /// The source over these variables and the controlling terminal.
    pub fn new(variables: &'a Lookup<'a>) -> Self {
        Self::with_terminal(variables, |question| rpassword::prompt_password(question))
    }

    /// The same with another way to ask: the question goes in, one line comes back.
    pub fn with_terminal(
        variables: &'a Lookup<'a>,
        terminal: impl FnMut(&str) -> io::Result<String> + 'a,
    ) -> Self {
        Self { variables, terminal: Box::new(terminal) }
    }

    fn ask(&mut self, question: &str) -> Result<Zeroizing<String>, PassphraseError> {
        (self.terminal)(question).map(Zeroizing::new).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => PassphraseError::Withheld,
            _ => PassphraseError::NoSource,
        })
    }
}

impl Passphrase for VariableOrTerminal<'_> {
    fn passphrase(&mut self, purpose: Purpose<'_>) -> Result<Zeroizing<String>, PassphraseError> {
        if let Some(text) = VARIABLES.iter().find_map(|name| (self.variables)(name)) {
            return Ok(Zeroizing::new(text));
        }
        match purpose {
            Purpose::Open(key) => self.ask(&format!("Passphrase of {}: ", escape(key))),
            Purpose::Protect(key) => {
                let key = escape(key);
                let first = self.ask(&format!("New passphrase of {key}: "))?;
                let again = self.ask("The same again: ")?;
                // Both were typed just now by the same person: nothing to time.
                if *first == *again { Ok(first) } else { Err(PassphraseError::Different) }
            }
        }
    }
}

/// Why there is no passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// The two that were typed differ.
    #[error("the two passphrases differ")]
    Different,
    /// No variable is set and there is nobody to ask.
    #[error(
        "it needs a passphrase, neither `{}` nor `{}` is set, and there is no terminal to ask on",
        VARIABLES[0],
        VARIABLES[1]
    )]
    NoSource,
    /// The person at the terminal gave none.
    #[error("it needs a passphrase and none was given")]
    Withheld,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(_: &str) -> io::Result<String> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    #[test]
    fn the_first_variable_wins_and_may_be_empty() {
        let both = |name: &str| match name {
            "ATTEST_PASSWORD" => Some(String::new()),
            "COSIGN_PASSWORD" => Some("other".to_owned()),
            _ => None,
        };
        let mut source = VariableOrTerminal::with_terminal(&both, silent);
        assert_eq!(**source.passphrase(Purpose::Open("k")).as_ref().unwrap(), "");
        let cosign = |name: &str| both(name).filter(|text| !text.is_empty());
        let mut source = VariableOrTerminal::with_terminal(&cosign, silent);
        assert_eq!(**source.passphrase(Purpose::Protect("k")).as_ref().unwrap(), "other");
    }

    #[test]
    fn nobody_to_ask_is_told_with_the_names_of_the_variables() {
        let mut source = VariableOrTerminal::with_terminal(&|_| None, silent);
        let error = source.passphrase(Purpose::Open("k")).unwrap_err();
        assert_eq!(error, PassphraseError::NoSource);
        assert!(VARIABLES.iter().all(|name| error.to_string().contains(name)));
    }

    #[test]
    fn a_new_passphrase_is_asked_twice_and_an_old_one_once() {
        let mut lines = vec!["c", "b", "a", "a", "one"];
        let mut questions = Vec::new();
        let mut source = VariableOrTerminal::with_terminal(&|_| None, |question| {
            questions.push(question.to_owned());
            Ok(lines.pop().unwrap().to_owned())
        });
        assert_eq!(**source.passphrase(Purpose::Open("k\n")).as_ref().unwrap(), "one");
        assert_eq!(**source.passphrase(Purpose::Protect("k")).as_ref().unwrap(), "a");
        assert_eq!(source.passphrase(Purpose::Protect("k")), Err(PassphraseError::Different));
        drop(source);
        assert_eq!(questions.len(), 5);
        assert_eq!(questions[0], "Passphrase of k\\u{a}: ");
    }

    #[test]
    fn a_person_who_refuses_is_not_a_missing_terminal() {
        let stopped = |_: &str| Err(io::Error::from(io::ErrorKind::Interrupted));
        let mut source = VariableOrTerminal::with_terminal(&|_| None, stopped);
        assert_eq!(source.passphrase(Purpose::Open("k")), Err(PassphraseError::Withheld));
    }
}
