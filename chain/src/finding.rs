//! Findings: evidence was examined and does not suffice. They speak to the artifact's owner.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    judge::Setting,
    policy::{Place, Step},
    remedy,
};

evidence::words! {
    /// Why a step, a candidate or a relation does not suffice; the kebab-case word is stable.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
    pub enum Code {
        /// The certificate is by nobody whom the policy's root believes, or had ended.
        BadCertificate = "bad-certificate",
        /// A log entry is missing, or does not prove that a log has this signature.
        BadLogEntry = "bad-log-entry",
        /// No signature by a key that the policy knows verifies.
        BadSignature = "bad-signature",
        /// A timestamp does not hold, or no clock saw the signature.
        BadTimestamp = "bad-timestamp",
        /// Two members of one statement, or a statement and its certificate, disagree.
        ClaimMismatch = "claim-mismatch",
        /// The statement's own `expires` has passed.
        Expired = "expired",
        /// The statement's time lies after now, or after a clock that saw it.
        Future = "future",
        /// A label and a fact disagree, or the label is missing.
        LabelMismatch = "label-mismatch",
        /// Nothing speaks for the step.
        Missing = "missing",
        /// The claim is negative: failed, rejected, too many findings.
        NegativeResult = "negative-result",
        /// Nothing says when it was made, and something asks for that.
        NoTime = "no-time",
        /// An attestation does not commit to what it must cover.
        NotCovered = "not-covered",
        /// A fact is not the same, or missing, across steps that must share it.
        NotSame = "not-same",
        /// A step was made before one that it must come after.
        OutOfOrder = "out-of-order",
        /// Made outside the window in which the policy trusts the credential.
        OutsideWindow = "outside-window",
        /// The same party signed two steps that must be signed apart.
        SameSigner = "same-signer",
        /// The newest word is older than `max-age`.
        Stale = "stale",
        /// Fewer distinct parties than `count`.
        TooFewSigners = "too-few-signers",
        /// The document cannot be read as what it must be.
        Unreadable = "unreadable",
        /// An attestation that was committed to is no longer there.
        Withheld = "withheld",
        /// A signer that the policy knows, but not for this step; or one that it does not know.
        WrongSigner = "wrong-signer",
        /// The statement is about something else, or about something else too.
        WrongSubject = "wrong-subject",
    }
}

/// One reason for no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The step; `None` for what concerns the image as a whole.
    pub step: Option<String>,
    /// The stable word.
    pub code: Code,
    /// One sentence with value and limit.
    pub message: String,
    /// Lines that show the values: findings of a scan, failed tests, two runs.
    pub details: Vec<String>,
    /// The ids of the candidates that the details tell of.
    pub candidates: Vec<String>,
    /// The policy line that asks for it: `production.yaml:31`.
    pub at: Option<String>,
    /// What the policy says to the owner when this step fails.
    pub hint: Option<String>,
    /// What to do, where it can the exact command.
    pub remedy: Option<String>,
    /// Who can: the party, the run's URL.
    pub who: Option<String>,
    /// Step failed because of another step's failure; shown last.
    pub follows: bool,
}

impl Finding {
    /// A finding about the image as a whole.
    pub(crate) fn of_image(code: Code, message: String) -> Self {
        Self {
            step: None,
            code,
            message,
            details: vec![],
            candidates: vec![],
            at: None,
            hint: None,
            remedy: None,
            who: None,
            follows: false,
        }
    }

    /// A finding about a step, which its place in the policy asks for.
    pub(crate) fn of(step: &Step, code: Code, message: String, setting: Setting<'_>) -> Self {
        Self {
            step: Some(step.name.clone()),
            at: Some(remedy::place(setting.policy, step.at)),
            hint: step.hint.clone(),
            ..Self::of_image(code, message)
        }
    }

    /// The same, asked for by another line of the policy.
    pub(crate) fn at(self, place: Place, setting: Setting<'_>) -> Self {
        Self { at: Some(remedy::place(setting.policy, place)), ..self }
    }
}
