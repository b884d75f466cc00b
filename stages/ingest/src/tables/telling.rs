//! What came of joining a table, in words.

use std::collections::{BTreeMap, BTreeSet};

use ser_text::counted;

use super::cell::shown;
use super::joining::{Contradiction, Joined};
use super::reading::{Content, Row};
use crate::descriptor::Field;

/// How many files or speakers a message names.
const NAMED: usize = 3;

/// The files or speakers that a table could be about.
#[derive(Debug, Clone)]
pub(super) struct Targets<'a> {
    /// "recording" or "speaker".
    pub(super) one: &'static str,
    /// All of them.
    pub(super) count: usize,
    /// Those that neither this table nor another one of the same columns has a row about.
    pub(super) without: Vec<&'a str>,
}

/// What came of joining.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What the user should see to.
    pub(super) warnings: Vec<String>,
    /// What the user may want to know.
    pub(super) notes: Vec<String>,
}

/// Says what came of joining `content`, a table that fills `columns`.
pub(super) fn tell(content: &Content, joined: &Joined, targets: &Targets<'_>, columns: &str) -> Outcome {
    let mut outcome = Outcome { warnings: content.warnings.clone(), notes: content.notes.clone() };
    outcome.warnings.extend(ambiguous(content, joined));
    outcome.warnings.extend(contradicting(joined));

    let used = joined.used.iter().filter(|used| **used).count();
    let mut parts = vec![match content.total {
        0 => format!("it has no row: {columns}"),
        total => format!("joined {used} of {}: {columns}", counted(total, "row")),
    }];
    let fits_several: BTreeSet<usize> = joined.ambiguous.iter().map(|(number, _)| *number).collect();
    let is_unused = |number: usize| joined.used.get(number) == Some(&false) && !fits_several.contains(&number);
    let rows = content.rows.iter().enumerate();
    let unused: Vec<&Row> = rows.filter(|(number, _)| is_unused(*number)).map(|(_, row)| row).collect();
    if let Some(first) = unused.first() {
        let are = if unused.len() == 1 { "is" } else { "are" };
        parts.push(format!(
            "{} {are} about no {} that is here, the first is `{}` (line {})",
            unused.len(),
            targets.one,
            shown(&first.key),
            first.line
        ));
    }
    if !targets.without.is_empty() {
        let has = if targets.without.len() == 1 { "has" } else { "have" };
        let (without, all) = (targets.without.len(), counted(targets.count, targets.one));
        parts.push(format!("{without} of {all} {has} no row: {}", some_of(&targets.without)));
    }
    parts.extend(alike_in_words(&unused, &targets.without));
    let fails = targets.count > 0 && (used == 0 || !targets.without.is_empty());
    let told = if fails { &mut outcome.warnings } else { &mut outcome.notes };
    told.push(parts.join("; "));
    outcome
}

fn ambiguous(content: &Content, joined: &Joined) -> Option<String> {
    let (number, [one, two]) = joined.ambiguous.first()?;
    let first = content.rows.get(*number)?;
    let keys: BTreeSet<&str> = joined
        .ambiguous
        .iter()
        .filter_map(|(number, _)| content.rows.get(*number))
        .map(|row| row.key.as_str())
        .collect();
    let fit = if keys.len() == 1 { "fits several files, so it fills" } else { "fit several files each, so they fill" };
    Some(format!(
        "{} {fit} nothing: `{}` (line {}) may mean `{}` or `{}`; write the folder into the key",
        counted(keys.len(), "key"),
        shown(&first.key),
        first.line,
        shown(one),
        shown(two)
    ))
}

fn contradicting(joined: &Joined) -> Vec<String> {
    let mut by_field: BTreeMap<Field, Vec<&Contradiction>> = BTreeMap::new();
    for (field, contradiction) in &joined.contradicting {
        by_field.entry(*field).or_default().push(contradiction);
    }
    let sentence = |(field, contradictions): (&Field, &Vec<&Contradiction>)| {
        let first = contradictions.iter().min_by_key(|contradiction| contradiction.cells[0].1)?;
        let [(one, line_one), (two, line_two)] = &first.cells;
        let [key, other] = &first.keys;
        let other = if key == other { String::new() } else { format!("`{}` is ", shown(other)) };
        let have = if contradictions.len() == 1 { "has" } else { "have" };
        Some(format!(
            "{} {have} rows that contradict each other in `{}`, which they leave null: `{}` is `{}` in line {line_one} and \
             {other}`{}` in line {line_two}; `rows` chooses among rows",
            counted(contradictions.len(), "key"),
            field.as_str(),
            shown(key),
            one.shown(),
            two.shown()
        ))
    };
    by_field.iter().filter_map(sentence).collect()
}

/// The first names, and how many more there are.
fn some_of(names: &[&str]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{}`", shown(name))).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

/// Which rows and targets differ only in what spreadsheets and hands change: capitals, blanks, leading zeros.
fn alike_in_words(unused: &[&Row], without: &[&str]) -> Option<String> {
    let by_fold: BTreeMap<String, &str> = without.iter().rev().map(|target| (fold(target), *target)).collect();
    let mut alike = unused.iter().filter_map(|row| Some((*row, *by_fold.get(&fold(&row.key))?)));
    let (row, target) = alike.next()?;
    let more = alike.count();
    let more = if more > 0 { format!(", nor {} like it", counted(more, "more pair")) } else { String::new() };
    let (key, line, target) = (shown(&row.key), row.line, shown(target));
    Some(format!("ids are compared as written: `{key}` (line {line}) and `{target}` are not joined{more}"))
}

/// The last part of a path or id as hands and spreadsheets may have changed it.
fn fold(id: &str) -> String {
    let id = super::keys::without_audio_extension(id);
    let name = id.rsplit(['/', '\\']).next().unwrap_or(id);
    let name = name.strip_suffix(".0").unwrap_or(name);
    let mut folded = String::with_capacity(name.len());
    let mut characters = name.chars().filter(|character| !character.is_whitespace()).peekable();
    let mut in_number = false;
    while let Some(character) = characters.next() {
        let leads = character == '0' && !in_number && characters.peek().is_some_and(char::is_ascii_digit);
        in_number = character.is_ascii_digit() && !leads;
        if !leads {
            folded.extend(character.to_lowercase());
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_alike_in_capitals_blanks_and_leading_zeros() {
        for (one, other) in [("1", "01"), ("S1", "s1"), ("s01", "S 1"), ("Actor_001", "actor_01"), ("7.0", "7")] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in [("1", "10"), ("0", "1"), ("s1", "s11"), ("a0b", "ab"), ("105", "15")] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }
}
