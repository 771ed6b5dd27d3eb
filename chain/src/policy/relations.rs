//! Relations across steps: the order has no cycle, gates ask for whole chains, facts are known.

use super::{
    Environment, Fact, LabelRule, Same, Step,
    document::{Document, Named, Read, WrittenSame, image::WrittenLabel, step::WrittenStep},
    excerpt::Span,
    fault::{Collected, Fault, every},
    members::At,
    nearest::advice,
    steps::{Names, known},
};

/// What relates steps to one another, resolved.
#[derive(Debug)]
pub(super) struct Related {
    pub(super) environments: Vec<Environment>,
    pub(super) labels: Vec<LabelRule>,
    pub(super) same: Vec<Same>,
}

impl Related {
    /// Resolves what a document says across its steps.
    pub(super) fn resolve(
        document: &Document,
        steps: &Named<WrittenStep>,
        collected: &mut Collected,
    ) -> Read<Self> {
        let names: Vec<&str> = steps.iter().map(|(name, _)| name.value.as_str()).collect();
        let acyclic = acyclic(steps, collected);
        let image = document.image.as_ref().map_err(|fault| *fault);
        let written = image.and_then(|image| image.labels.as_ref().map_err(|fault| *fault));
        let labels = written.and_then(|written| labels(written, &names, collected));
        let list = document.environments.as_ref().map_err(|fault| *fault);
        let written = written.map(Vec::as_slice).unwrap_or_default();
        let environments = list.and_then(|list| environments(list, steps, written, collected));
        let list = document.same.as_ref().map_err(|fault| *fault);
        let same = list.and_then(|list| same(list, &names, collected));
        acyclic?;
        Ok(Self { environments: environments?, labels: labels?, same: same? })
    }
}

/// One step names another.
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    span: Span,
    relation: &'static str,
}

/// A fault if steps follow one another in a circle, or exclude one another in one.
fn acyclic(written: &Named<WrittenStep>, collected: &mut Collected) -> Read<()> {
    let order = edges(written, &["after", "covers"]);
    let apart = edges(written, &["not-signed-by"]);
    let faults = [
        circle(&order).map(|(edge, path)| {
            Fault::at(edge.span, format!("step `{}` would have to come after itself", edge.from))
                .label(path)
                .help(
                    "what a step comes after or covers was made before it; leave one of these out",
                )
        }),
        circle(&apart).map(|(edge, path)| {
            Fault::at(edge.span, "`not-signed-by` goes in a circle")
                .label(path)
                .help("it holds both ways: it is enough to say it once")
        }),
    ];
    every(faults.into_iter().flatten().map(|fault| Err::<(), _>(collected.add(fault))))?;
    Ok(())
}

/// The relations between different steps; a step that names itself is a fault of its own.
fn edges<'a>(written: &'a Named<WrittenStep>, relations: &[&'static str]) -> Vec<Edge<'a>> {
    let mut all = Vec::new();
    for (name, step) in written {
        let Ok(step) = step else { continue };
        let from = name.value.as_str();
        let mut add = |relation, to: &'a str, span| {
            if relations.contains(&relation) && to != from {
                all.push(Edge { from, to, span, relation });
            }
        };
        for word in step.after.iter().flatten().flat_map(|words| &words.value) {
            add("after", &word.value, word.span);
        }
        for cover in step.covers.iter().flatten().flat_map(|covers| &covers.value) {
            add("covers", &cover.value.step, cover.span);
        }
        for word in step.not_signed_by.iter().flatten().flat_map(|words| &words.value) {
            add("not-signed-by", &word.value, word.span);
        }
    }
    all
}

/// The first edge of a circle, and the circle in words.
fn circle<'a>(edges: &'a [Edge<'a>]) -> Option<(&'a Edge<'a>, String)> {
    // Whoever names nobody that is left cannot be in a circle; in the end only circles are left,
    // and what leads to them.
    let mut left: Vec<&Edge<'_>> = edges.iter().collect();
    loop {
        let before = left.len();
        let from: std::collections::BTreeSet<&str> = left.iter().map(|edge| edge.from).collect();
        left.retain(|edge| from.contains(edge.to));
        if left.len() == before {
            break;
        }
    }
    let mut path: Vec<&Edge<'_>> = vec![*left.first()?];
    loop {
        let next = left.iter().find(|edge| Some(edge.from) == path.last().map(|last| last.to))?;
        if let Some(start) = path.iter().position(|edge| edge.from == next.from) {
            let circle = path.get(start..)?;
            let words: Vec<String> = circle
                .iter()
                .map(|edge| format!("`{}` {} `{}`", edge.from, edge.relation, edge.to))
                .collect();
            return Some((circle.first()?, words.join(", ")));
        }
        path.push(*next);
    }
}

/// The environments, each with its steps in the policy's order.
fn environments(
    written: &Named<Vec<At<String>>>,
    steps: &Named<WrittenStep>,
    labels: &[Read<WrittenLabel>],
    collected: &mut Collected,
) -> Read<Vec<Environment>> {
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.value.as_str()).collect();
    every(written.iter().map(|(name, list)| {
        let list = list.as_ref().map_err(|fault| *fault)?;
        let listed: Vec<&str> = match list.as_slice() {
            [all] if all.value == "all" => names.clone(),
            list => {
                every(list.iter().map(|word| known(&word.value, word.span, &names, collected)))?;
                whole(name, list, steps, labels, collected)?;
                names
                    .iter()
                    .copied()
                    .filter(|n| list.iter().any(|word| word.value == **n))
                    .collect()
            }
        };
        let steps = listed.into_iter().map(str::to_owned).collect();
        Ok(Environment { name: name.value.clone(), steps })
    }))
}

/// A fault for each step that a listed step, or a label, leans on and that is not listed.
fn whole(
    environment: &At<String>,
    list: &[At<String>],
    steps: &Named<WrittenStep>,
    labels: &[Read<WrittenLabel>],
    collected: &mut Collected,
) -> Read<()> {
    let lacks = |name: &str| !list.iter().any(|word| word.value == name);
    let edges = edges(steps, &["after", "covers", "not-signed-by"]);
    let known = |name: &str| steps.iter().any(|(step, _)| step.value == name);
    let leaning = edges.iter().filter_map(|edge| {
        let word = list.iter().find(|word| word.value == edge.from)?;
        let why = format!("`{}` {} `{}`", edge.from, edge.relation, edge.to);
        Some((word.span, edge.to, why))
    });
    let labelled = labels.iter().flatten().filter_map(|label| {
        let (step, _) = label.fact.value.rsplit_once('.')?;
        Some((environment.span, step, format!("label `{}` repeats a fact of it", label.label)))
    });
    let mut said: Vec<(Span, &str)> = Vec::new();
    every(leaning.chain(labelled).filter_map(|(span, step, why)| {
        if !lacks(step) || !known(step) || said.contains(&(span, step)) {
            return None;
        }
        said.push((span, step));
        let fault =
            Fault::at(span, format!("environment `{}` lacks step `{step}`", environment.value))
                .label(why)
                .help(format!("add `{step}` to the list, or write `{}: all`", environment.value));
        Some(Err::<(), _>(collected.add(fault)))
    }))?;
    Ok(())
}

/// A warning for each step that no environment asks for.
pub(super) fn warn_of_unasked(
    environments: &[Environment],
    steps: &[Step],
    written: &Named<WrittenStep>,
    collected: &mut Collected,
) {
    if environments.is_empty() {
        return;
    }
    for step in steps {
        let is_asked =
            environments.iter().any(|environment| environment.steps.contains(&step.name));
        let Some((name, _)) = written.iter().find(|(name, _)| name.value == step.name) else {
            continue;
        };
        if !is_asked {
            let fault = Fault::at(name.span, format!("step `{}` is asked for nowhere", step.name))
                .label("no environment lists it")
                .help("list it in `environments`, or remove it");
            collected.warn(fault);
        }
    }
}

/// The facts that must be equal, their steps looked up.
fn same(
    written: &[Read<WrittenSame>],
    names: &Names<'_>,
    collected: &mut Collected,
) -> Read<Vec<Same>> {
    every(written.iter().map(|same| {
        let same = same.as_ref().map_err(|fault| *fault)?;
        every(same.steps.iter().map(|step| known(&step.value, step.span, names, collected)))?;
        let steps = same.steps.iter().map(|step| step.value.clone()).collect();
        Ok(Same { fact: same.fact, steps, at: collected.source.place(same.at.start) })
    }))
}

/// The labels that repeat facts, their steps and facts looked up.
fn labels(
    written: &[Read<WrittenLabel>],
    names: &Names<'_>,
    collected: &mut Collected,
) -> Read<Vec<LabelRule>> {
    every(written.iter().map(|label| {
        let label = label.as_ref().map_err(|fault| *fault)?;
        let words = Fact::ALL.map(Fact::word);
        let Some((step, word)) = label.fact.value.rsplit_once('.') else {
            let title = format!("`{}` is no fact of a step", label.fact.value);
            let fault = Fault::at(label.fact.span, title)
                .label("a fact is written with its step, such as `build.commit`")
                .help(format!("facts are {}", super::nearest::list(&words)));
            return Err(collected.add(fault));
        };
        let step_known = known(step, label.fact.span, names, collected);
        let fact = Fact::named(word).ok_or_else(|| {
            let fault = Fault::at(label.fact.span, format!("unknown fact `{word}`"));
            collected.add(fault.label(advice(word, words)))
        });
        step_known?;
        let at = collected.source.place(label.at.start);
        Ok(LabelRule { label: label.label.clone(), step: step.to_owned(), fact: fact?, at })
    }))
}
