//! Clips whose value of a column is not known: such a clip might have the value that is held out, so it takes no part.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Grouping};
use ser_text::counted;

use crate::division::Division;

/// What an error says of `unknown` clips: `; 198 clips have none (emovo 196, tess 2)`. Nothing where there are none.
pub(crate) fn told(clips: &[Clip], unknown: &[usize]) -> String {
    if unknown.is_empty() {
        return String::new();
    }
    format!("; {} have none ({})", counted(unknown.len(), "clip"), by_corpus(clips, unknown))
}

/// Warnings of clips that take no part, one for each column.
pub(crate) fn warnings(clips: &[Clip], division: &Division) -> Vec<String> {
    let lacking = division.unknown.iter().filter(|(_, unknown)| !unknown.is_empty());
    let warning = |(column, unknown): &(Grouping, Vec<usize>)| {
        let advice = if *column == Grouping::Language {
            "; a corpus's descriptor states it with `language = \"...\"`"
        } else {
            ""
        };
        format!(
            "{} of {} take no part in this split, as their `{}` is not known: {}{advice}",
            unknown.len(),
            counted(clips.len(), "clip"),
            column.as_str(),
            by_corpus(clips, unknown)
        )
    };
    lacking.map(warning).collect()
}

fn by_corpus(clips: &[Clip], unknown: &[usize]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in unknown {
        *counts.entry(&clips[*clip].corpus).or_default() += 1;
    }
    let told: Vec<String> = counts.iter().map(|(corpus, count)| format!("{corpus} {count}")).collect();
    told.join(", ")
}
