//! `attest approve`: a person's decision, with what they had before them.
//!
//! What is committed to is shown before anybody is asked, and exactly that is signed.

use evidence::{
    predicate::{
        self,
        approval::{self, Approval},
    },
    text::escape_short,
    time::Timestamp,
};

use super::{
    decided::{Decided, Overtaken},
    environment, minute, options, resolve,
};
use crate::{
    collect::verdict::Wanted,
    deliver::deliver,
    error::Error,
    hand::Hand,
    question,
    report::{Paragraph, Report},
    request::{self, Decision, Delivery, Expires},
    resolve::Image,
    statement::{self, Predicate},
    usage::UsageError,
    world::{Terminal, World},
};

pub(super) async fn run(world: &World, request: request::Approve) -> Result<Report, Error> {
    let asks = !request.signing.yes && request.signing.delivery != Delivery::DryRun;
    if asks && world.terminal == Terminal::Absent {
        return Err(UsageError::Unanswered.into());
    }
    until(&request.decision, world.now())?;
    let hand = Hand::open(world, &request.signing, &request.target.access).await?;
    let request::Approve { target, signing, platforms, environment: name, .. } = request;
    let access = target.access.clone();
    let mut image = resolve(world, target).await?;
    image.must_be_named()?;
    let decided = match &request.verdict {
        Some(path) => {
            let wanted = Wanted::Ready { name: signing.given.name.as_deref() };
            let overtaken = request.decision.overtaken();
            Decided::on_verdict(world, path, (wanted, overtaken), &image, &name).await?
        }
        None => Decided::on_what_hangs(&image).await?,
    };
    show(world, &image, hand.as_ref(), &name, &request.decision, &decided);
    if asks {
        question::ask(world, &format!("{}?", request.decision.question()))?;
        // No registry is to blame for the time that a person took.
        image = image.reopen(&options(world, &access))?;
    }
    let environment = environment(world, &signing.given, false)?;
    // The time of the answer, not of the question.
    let now = world.now();
    let label = request.decision.label();
    let lines = summary(&name, until(&request.decision, now)?, &decided);
    let approval = approval(name, request.decision, request.reference, decided, now)?;
    let predicate =
        Predicate { predicate_type: predicate::APPROVAL.to_owned(), value: approval.to_value() };
    let prepared = statement::make(
        image.family().subjects(platforms),
        predicate,
        &environment.run_member(now),
    )?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    Ok(Report::attested(&image, &prepared, vec![Paragraph { label, lines }], delivered))
}

fn approval(
    environment: String,
    decision: Decision,
    reference: Option<String>,
    decided: Decided,
    now: Timestamp,
) -> Result<Approval, UsageError> {
    let expires = until(&decision, now)?;
    let (decision, reason) = match decision {
        Decision::Approve { reason, .. } => (approval::Decision::Approved, reason),
        Decision::Reject { reason } => (approval::Decision::Rejected, Some(reason)),
    };
    Ok(Approval {
        decision,
        environment,
        reason,
        reference,
        approved_at: now,
        expires,
        input_attestations: decided.commitments,
        policy: decided.policy,
    })
}

impl Decision {
    fn label(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "Approved",
            Self::Reject { .. } => "Rejected",
        }
    }

    fn question(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "Approve",
            Self::Reject { .. } => "Reject",
        }
    }

    fn overtaken(&self) -> Overtaken {
        match self {
            Self::Approve { .. } => Overtaken::Refused,
            Self::Reject { .. } => Overtaken::Warned,
        }
    }

    fn verb(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
        }
    }
}

/// Until when the decision holds; a rejection holds until the same person approves.
fn until(decision: &Decision, now: Timestamp) -> Result<Option<Timestamp>, UsageError> {
    let Decision::Approve { expires, .. } = decision else { return Ok(None) };
    let end = match *expires {
        Expires::After(length) => now.checked_add(length).map_err(|_| UsageError::Endless)?,
        Expires::At(end) => end,
    };
    if end > now { Ok(Some(end)) } else { Err(UsageError::Expired) }
}

fn show(
    world: &World,
    image: &Image,
    hand: Option<&Hand<'_>>,
    environment: &str,
    decision: &Decision,
    decided: &Decided,
) {
    let who = hand.map(|hand| format!(", as {}", hand.name()));
    world.say(&format!("You are about to {}{}:", decision.verb(), who.unwrap_or_default()));
    let name = image.pinned().name().unwrap_or_default();
    world.say(&format!("  image     {}", escape_short(name, 300)));
    world.say(&format!("            {}", image.digest()));
    let mut place = escape_short(environment, 80);
    if let Ok(Some(end)) = until(decision, world.now()) {
        place.push_str(&format!(", until {}", minute(end)));
    }
    world.say(&format!("  for       {place}"));
    for line in &decided.seen {
        world.say(&format!("  {line}"));
    }
}

fn summary(environment: &str, expires: Option<Timestamp>, decided: &Decided) -> Vec<String> {
    let until = expires.map(|end| format!(", until {}", minute(end))).unwrap_or_default();
    let mut lines = vec![format!("for {}{until}", escape_short(environment, 80))];
    lines.extend(decided.seen.last().cloned());
    lines
}
