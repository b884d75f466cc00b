//! Checks the stages of a pipeline file one by one: name, kind, `from`, parameters.

use std::sync::Arc;

use ser_stage::schema::{Misfit, Walk, unchecked_rules};
use ser_stage::suggest::{advice, list};
use ser_stage::{Links, Prepared, Problem, StageKind};

use super::document::{Entry, Node, NodeValue, entry};
use crate::diagnostic::{Diagnostic, Span};
use crate::registry::Registry;

/// Keys of a stage that are no parameters.
pub(crate) const STAGE_KEYS: [&str; 2] = ["kind", "from"];

/// A stage name becomes a folder name; longer ones are refused by some file systems.
const MAX_NAME_LENGTH: usize = 64;

/// A stage as far as it could be understood; what could not has been reported.
pub(crate) struct DraftStage {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) kind: Option<Arc<dyn StageKind>>,
    pub(crate) from: Vec<(String, Span)>,
    pub(crate) prepared: Option<Arc<dyn Prepared>>,
    /// All that the file says of it, for the places of mistakes.
    node: Node,
}

/// Reads one `[stage.<name>]`.
pub(crate) fn read(item: &Entry, registry: &Registry, found: &mut Vec<Diagnostic>) -> DraftStage {
    let mut draft = DraftStage {
        name: item.key.clone(),
        name_span: item.key_span.clone(),
        kind: None,
        from: Vec::new(),
        prepared: None,
        node: item.node.clone(),
    };
    check_name(item, found);
    let Some(entries) = item.node.as_table() else {
        let message = format!("`stage.{}` must be a table, found {}", item.key, item.node.describe());
        found.push(Diagnostic::at(&item.node.span, message).hint(format!("write `[stage.{}]`", item.key)));
        return draft;
    };
    draft.from = read_from(entries, &item.key, found);
    draft.kind = read_kind(item, entries, registry, found);
    if let Some(kind) = &draft.kind {
        draft.prepared = prepare(item, entries, kind.as_ref(), found);
    }
    draft
}

fn check_name(item: &Entry, found: &mut Vec<Diagnostic>) {
    let name = item.key.as_str();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let valid = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(allowed)
        && name.len() <= MAX_NAME_LENGTH;
    if !valid {
        let rule = "lower-case letters, digits, `_` and `-`, starting with a letter, at most 64: it names a folder";
        found.push(Diagnostic::at(&item.key_span, format!("`{name}` cannot be the name of a stage")).hint(rule));
    }
}

fn read_kind(
    item: &Entry,
    entries: &[Entry],
    registry: &Registry,
    found: &mut Vec<Diagnostic>,
) -> Option<Arc<dyn StageKind>> {
    let names = registry.names();
    let Some(kind) = entry(entries, "kind") else {
        let hint = format!("add `kind = \"...\"`, one of {}", list(&names));
        found.push(Diagnostic::at(&item.key_span, format!("stage `{}` has no `kind`", item.key)).hint(hint));
        return None;
    };
    let Some(name) = kind.node.as_str() else {
        let message = format!("`{}.kind` must be a string, found {}", item.key, kind.node.describe());
        found.push(Diagnostic::at(&kind.node.span, message).hint(format!("one of {}", list(&names))));
        return None;
    };
    let known = registry.get(name);
    if known.is_none() {
        found.push(
            Diagnostic::at(&kind.node.span, format!("there is no kind of stage `{name}`"))
                .label("unknown kind")
                .hint_opt(advice(name, &names, "valid")),
        );
    }
    known.cloned()
}

fn read_from(entries: &[Entry], stage: &str, found: &mut Vec<Diagnostic>) -> Vec<(String, Span)> {
    let Some(from) = entry(entries, "from") else { return Vec::new() };
    let items: &[Node] = match &from.node.value {
        NodeValue::Array(items) => items,
        _ => std::slice::from_ref(&from.node),
    };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        if let Some(name) = item.as_str() {
            names.push((name.to_owned(), item.span.clone()));
        } else {
            let message =
                format!("`{stage}.from` must be the name of a stage or an array of names, found {}", item.describe());
            found.push(Diagnostic::at(&item.span, message));
        }
    }
    names
}

fn prepare(
    item: &Entry,
    entries: &[Entry],
    kind: &dyn StageKind,
    found: &mut Vec<Diagnostic>,
) -> Option<Arc<dyn Prepared>> {
    let own: Vec<Entry> = entries.iter().filter(|entry| !STAGE_KEYS.contains(&entry.key.as_str())).cloned().collect();
    let schema = kind.params_schema().to_value();
    let unchecked = unchecked_rules(&schema);
    if !unchecked.is_empty() {
        let rules = unchecked.join(", ");
        let message = format!("parameters of kind `{}` have rules that nothing checks: {rules}", kind.name());
        let hint = "this is a mistake of the program: please report it";
        found.push(Diagnostic::at(&item.key_span, message).hint(hint));
        return None;
    }
    let mut walk = Walk { root: &schema, stage_keys: &STAGE_KEYS, found: Vec::new() };
    let node = Node { value: NodeValue::Table(own), span: item.key_span.clone() };
    let params = walk.check(&node, &item.key);
    if !walk.found.is_empty() {
        found.extend(walk.found.into_iter().map(diagnosed));
        return None;
    }
    let prepared = kind.prepare(&params);
    let place = |problem: &Problem| locate(problem, (&item.key, &item.key_span), &node);
    prepared.map_err(|problems| found.extend(problems.iter().map(place))).ok()
}

impl DraftStage {
    /// Problems of its parameters with the stages that it reads.
    pub(crate) fn check_links(&self, links: &Links<'_>) -> Vec<Diagnostic> {
        let Some(prepared) = &self.prepared else { return Vec::new() };
        let from: Vec<&str> = self.from.iter().map(|(name, _)| name.as_str()).collect();
        let problems = prepared.check_links(&from, links);
        problems.iter().map(|problem| locate(problem, (&self.name, &self.name_span), &self.node)).collect()
    }
}

fn diagnosed(misfit: Misfit<Span>) -> Diagnostic {
    let message = format!("`{}` {}", misfit.path, misfit.message);
    Diagnostic::at(&misfit.span, message).label(misfit.label).hint_opt(misfit.hint)
}

/// Points at the value in `table`, that of the stage with this name, that a problem speaks of, or at the nearest table
/// around it.
fn locate(problem: &Problem, (stage, name_span): (&str, &Span), table: &Node) -> Diagnostic {
    let mut span = name_span;
    let mut table = table.as_table();
    for step in problem.key.split('.').filter(|step| !step.is_empty()) {
        let (key, indices) = step.split_once('[').map_or((step, ""), |(key, rest)| (key, rest));
        let Some(known) = table.and_then(|table| entry(table, key)) else { break };
        let mut node = &known.node;
        span = if node.as_table().is_some() { &known.key_span } else { &node.span };
        for index in indices.split(['[', ']']).filter_map(|index| index.parse::<usize>().ok()) {
            let NodeValue::Array(items) = &node.value else { break };
            let Some(inner) = items.get(index) else { break };
            node = inner;
            span = &node.span;
        }
        table = node.as_table();
    }
    let message = if problem.key.is_empty() {
        format!("stage `{stage}`: {}", problem.message)
    } else {
        format!("`{stage}.{}`: {}", problem.key, problem.message)
    };
    Diagnostic::at(span, message).hint_opt(problem.hint.clone())
}
