//! Checks what stages read from each other, and puts them in an order in which inputs come before their readers.

use ser_stage::{Input, Links, StageKind};

use super::stages::DraftStage;
use crate::diagnostic::Diagnostic;
use crate::registry::Registry;
use ser_stage::suggest::{advice, list};

/// Checks every `from`.
pub(crate) fn check(stages: &[DraftStage], registry: &Registry, found: &mut Vec<Diagnostic>) {
    let links = links(stages);
    for stage in stages {
        let complete = check_names(stage, stages, found);
        if let Some(kind) = &stage.kind {
            let readable = check_fits(stage, kind.as_ref(), stages, registry, found);
            if complete && readable {
                check_counts(stage, kind.as_ref(), stages, (registry, &links), found);
                found.extend(stage.check_links(&links));
            }
        }
    }
    check_cycles(stages, found);
}

/// Positions of `stages`, inputs first, otherwise in the order of the file. Only complete without cycles.
pub(crate) fn order(stages: &[DraftStage]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(stages.len());
    let mut placed = vec![false; stages.len()];
    while let Some(next) =
        (0..stages.len()).find(|&at| !placed[at] && edges(stages, at).all(|(input, _)| placed[input]))
    {
        placed[next] = true;
        order.push(next);
    }
    order
}

fn links(stages: &[DraftStage]) -> Links<'_> {
    let mut links = Links::default();
    for stage in stages {
        let outputs = stage.kind.as_ref().map_or(&[][..], |kind| kind.outputs());
        links.add(&stage.name, outputs, stage.from.iter().map(|(name, _)| name.as_str()));
    }
    links
}

fn position(stages: &[DraftStage], name: &str) -> Option<usize> {
    stages.iter().position(|stage| stage.name == name)
}

/// Positions of what a stage reads, each once, with their index in its `from`.
fn edges(stages: &[DraftStage], at: usize) -> impl Iterator<Item = (usize, usize)> {
    let from = &stages[at].from;
    from.iter()
        .enumerate()
        .filter(|(index, (name, _))| from[..*index].iter().all(|(earlier, _)| earlier != name))
        .filter_map(|(index, (name, _))| Some((position(stages, name)?, index)))
}

fn check_names(stage: &DraftStage, stages: &[DraftStage], found: &mut Vec<Diagnostic>) -> bool {
    let before = found.len();
    let others: Vec<&str> = stages.iter().map(|other| other.name.as_str()).filter(|name| *name != stage.name).collect();
    let unread: Vec<&str> = others.iter().copied().filter(|name| !names(stage, name)).collect();
    for (at, (name, span)) in stage.from.iter().enumerate() {
        if *name == stage.name {
            found.push(
                Diagnostic::at(span, format!("stage `{name}` reads itself")).hint_opt(advice("", &unread, "stages")),
            );
        } else if !others.contains(&name.as_str()) {
            found.push(
                Diagnostic::at(span, format!("stage `{}` reads `{name}`, but there is no such stage", stage.name))
                    .label("unknown stage")
                    .hint_opt(advice(name, &unread, "stages")),
            );
        } else if stage.from[..at].iter().any(|(earlier, _)| earlier == name) {
            found.push(Diagnostic::at(span, format!("stage `{}` reads `{name}` twice", stage.name)));
        }
    }
    found.len() == before
}

/// Whether the `from` of `stage` has `name`.
fn names(stage: &DraftStage, name: &str) -> bool {
    stage.from.iter().any(|(named, _)| named == name)
}

/// Every stage that is read must write what some input asks for.
fn check_fits(
    stage: &DraftStage,
    kind: &dyn StageKind,
    stages: &[DraftStage],
    registry: &Registry,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let before = found.len();
    for (name, span) in stage.from.iter().filter(|(name, _)| *name != stage.name) {
        let Some(read) = position(stages, name).and_then(|at| stages[at].kind.as_ref()) else { continue };
        if kind.inputs().iter().any(|input| input.fits(read.outputs())) {
            continue;
        }
        let hint = if kind.inputs().is_empty() {
            format!("a stage of kind `{}` reads no other stage", kind.name())
        } else {
            let wanted = |input: &Input| match registry.writers(input)[..] {
                [] => tables(input),
                ref kinds => format!("{} (kind {})", tables(input), either(kinds)),
            };
            let wanted: Vec<String> = kind.inputs().iter().map(wanted).collect();
            format!("a stage of kind `{}` reads stages that write {}", kind.name(), wanted.join(", "))
        };
        let message = format!("stage `{}` cannot read `{name}`, which is of kind `{}`", stage.name, read.name());
        found.push(Diagnostic::at(span, message).hint(hint));
    }
    found.len() == before
}

/// Every input must be met by as many stages as it asks for.
fn check_counts(
    stage: &DraftStage,
    kind: &dyn StageKind,
    stages: &[DraftStage],
    (registry, links): (&Registry, &Links<'_>),
    found: &mut Vec<Diagnostic>,
) {
    let kind_of = |name: &str| position(stages, name).and_then(|at| stages[at].kind.as_ref());
    // A kind that is not known is a mistake of its own; counting would only add noise.
    let Some(read) = stage.from.iter().map(|(name, _)| kind_of(name)).collect::<Option<Vec<_>>>() else { return };
    for input in kind.inputs() {
        let given: Vec<usize> = (0..read.len()).filter(|&at| input.fits(read[at].outputs())).collect();
        let that_write = |count: usize| if count == 1 { "stage that writes" } else { "stages that write" };
        let told = |bound: &str, count: usize| {
            let (name, write, tables) = (&stage.name, that_write(count), tables(input));
            format!("stage `{name}` {bound} {count} {write} {tables}, found {}", given.len())
        };
        if given.len() < input.min {
            let fitting = |other: &&DraftStage| {
                other.kind.as_ref().is_some_and(|kind| input.fits(kind.outputs()))
                    && other.name != stage.name
                    && !names(stage, &other.name)
                    && !links.reads(&other.name, &stage.name)
            };
            let candidates: Vec<&str> = stages.iter().filter(fitting).map(|other| other.name.as_str()).collect();
            let hint = match (&candidates[..], &registry.writers(input)[..]) {
                ([], []) => "there is no kind of stage that does".to_owned(),
                ([], kinds) => format!("add a stage of kind {} and name it in `from`", either(kinds)),
                (candidates, _) => format!("name it in `from`: {}", list(candidates)),
            };
            let message = told("must read at least", input.min);
            found.push(Diagnostic::at(&stage.name_span, message).hint(hint));
        }
        if let Some(max) = input.max.filter(|max| given.len() > *max) {
            let names: Vec<&str> = given.iter().map(|&at| stage.from[at].0.as_str()).collect();
            let hint = format!("keep {max} of {}", list(&names));
            found.push(Diagnostic::at(&stage.from[given[max]].1, told("can read at most", max)).hint(hint));
        }
    }
}

/// The tables of an input: `` `recordings` and `corpus` ``.
fn tables(input: &Input) -> String {
    input.tables.iter().map(|table| format!("`{table}`")).collect::<Vec<_>>().join(" and ")
}

/// `` `train` or `baseline` ``.
fn either(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Closed,
}

/// Reports the link that closes each cycle; a stage that reads itself has been reported before.
fn check_cycles(stages: &[DraftStage], found: &mut Vec<Diagnostic>) {
    let mut marks = vec![Mark::New; stages.len()];
    for start in 0..stages.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // An explicit stack: a hostile file may chain more stages than the call stack holds.
        let mut path: Vec<(usize, Vec<(usize, usize)>)> = vec![(start, edges(stages, start).collect())];
        marks[start] = Mark::Open;
        while let Some((at, open)) = path.last_mut() {
            let at = *at;
            let Some((input, index)) = open.pop() else {
                marks[at] = Mark::Closed;
                path.pop();
                continue;
            };
            match marks[input] {
                Mark::New => {
                    marks[input] = Mark::Open;
                    path.push((input, edges(stages, input).collect()));
                }
                Mark::Open if input != at => {
                    let from = path.iter().position(|(stage, _)| *stage == input).unwrap_or(0);
                    let mut names: Vec<&str> = path[from..].iter().map(|(at, _)| stages[*at].name.as_str()).collect();
                    names.push(&stages[input].name);
                    let message = format!("the stages read each other in a circle: {}", names.join(" → "));
                    let (_, span) = &stages[at].from[index];
                    found.push(
                        Diagnostic::at(span, message)
                            .label("closes the circle")
                            .hint("`a → b` says that `a` reads `b`"),
                    );
                }
                _ => {}
            }
        }
    }
}
