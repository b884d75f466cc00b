//! The reference page of all features, made from their list.

use std::fmt::Write as _;

use crate::feature_set::{Column, Summary};
use crate::params::Params;
use crate::sets::SETS;

/// The page `docs/features.md`, as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Features\n\nMade from the list of feature sets by `cargo run --release -p ser-features --example reference`; do not edit. \
         Columns stand in this order, in the numbers that the default parameters give where there are several. The unit 1 \
         is a share or a ratio.\n\n\
         | Set | Default | Columns | Unit | Functionals | Meaning |\n|---|---|---|---|---|---|\n",
    );
    let (params, all) = (Params::default(), everything());
    for set in SETS {
        let on = if set.columns(&params).is_empty() { "off" } else { "on" };
        for (index, group) in set.columns(&all).chunk_by(|a, b| stem(a) == stem(b)).enumerate() {
            let (name, default, about) = if index == 0 { (set.name(), on, set.about()) } else { ("", "", "") };
            // Writing to a string cannot fail.
            let _ = writeln!(
                page,
                "| {name} | {default} | {} | {} | {} | {about} |",
                names(group),
                group[0].unit,
                summary(group[0].summary)
            );
        }
    }
    page
}

/// Parameters with every column there is: every switch is on, every derivative wanted.
fn everything() -> Params {
    let mut params = serde_json::to_value(Params::default()).unwrap_or_default();
    for value in params.as_object_mut().into_iter().flat_map(|params| params.values_mut()) {
        if value.is_boolean() {
            *value = true.into();
        }
        let Some(set) = value.as_object_mut() else { continue };
        set.entry("on").and_modify(|on| *on = true.into());
        set.entry("deltas").and_modify(|deltas| {
            if deltas.is_number() {
                *deltas = 2.into();
            }
        });
    }
    serde_json::from_value(params).unwrap_or_default()
}

/// Name without its number.
fn stem(column: &Column) -> &str {
    match column.name.rsplit_once('_') {
        Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => &column.name,
    }
}

fn names(group: &[Column]) -> String {
    match group {
        [first, .., last] => format!("`{}` to `{}`", first.name, last.name),
        [one] => format!("`{}`", one.name),
        [] => String::new(),
    }
}

fn summary(summary: Summary) -> String {
    match summary {
        Summary::Statistics => "all".to_owned(),
        Summary::StatisticsWhere(flag) => format!("all, where `{flag}`"),
        Summary::Mean => "mean".to_owned(),
        Summary::Value => "itself".to_owned(),
    }
}
