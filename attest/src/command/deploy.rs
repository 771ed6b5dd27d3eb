//! `attest deploy`: what was deployed where, and how that ended.

use evidence::{
    predicate::{
        self,
        deployment::{Action, Deployment},
    },
    text::escape_short,
};

use super::{
    decided::{Decided, Overtaken},
    environment, resolve,
};
use crate::{
    collect::verdict::Wanted,
    deliver::deliver,
    error::Error,
    hand::Hand,
    report::{Paragraph, Report},
    request,
    statement::{self, Predicate},
    usage::UsageError,
    world::World,
};

pub(super) async fn run(world: &World, request: request::Deploy) -> Result<Report, Error> {
    let request::Deploy {
        target,
        signing,
        platforms,
        environment: name,
        result,
        place,
        started,
        verdict,
    } = request;
    let now = world.now();
    if started.is_some_and(|start| start > now) {
        return Err(UsageError::StartedLater.into());
    }
    let hand = Hand::open(world, &signing, &target.access).await?;
    let image = resolve(world, target).await?;
    image.must_be_named()?;
    let decided = match &verdict {
        Some(path) => {
            let followed = (Wanted::Allow, Overtaken::Warned);
            Some(Decided::on_verdict(world, path, followed, &image, &name).await?)
        }
        None => None,
    };
    let environment = environment(world, &signing.given, false)?;
    let mut lines = vec![format!("{} in {}", result.word(), escape_short(&name, 80))];
    lines.extend(decided.as_ref().and_then(|decided| decided.seen.last().cloned()));
    let (input_attestations, policy) =
        decided.map(|decided| (decided.commitments, decided.policy)).unwrap_or_default();
    let deployment = Deployment {
        action: Action::Deployed,
        result,
        environment: name,
        target: place,
        from: None,
        to: None,
        started_at: started,
        finished_at: Some(now),
        input_attestations,
        policy,
    };
    let predicate = Predicate {
        predicate_type: predicate::DEPLOYMENT.to_owned(),
        value: deployment.to_value(),
    };
    let prepared = statement::make(
        image.family().subjects(platforms),
        predicate,
        &environment.run_member(now),
    )?;
    let delivered = deliver(&image, &prepared, hand.as_ref(), &signing.delivery, now).await?;
    let said = vec![Paragraph { label: "Deployed", lines }];
    Ok(Report::attested(&image, &prepared, said, delivered))
}
