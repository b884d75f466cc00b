//! A comparison as text: counts first, then what is behind them, no list longer than asked for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ser_engine::Figure;
use serde_json::Value;

use super::clips::{Changed, Excluded, Labelled, Otherwise};
use super::{ClipDiff, Diff, FigureChange, OtherEmotions};
use crate::{text_table, words};

/// Longer parameter values are cut.
const MAX_VALUE_CHARS: usize = 60;

/// The smallest difference that three decimals can show.
const SHOWN: f64 = 5e-4;

/// Everything that differs, no list longer than `limit`.
pub(crate) fn describe(diff: &Diff, limit: usize) -> String {
    let mut parts: Vec<String> = diff.clips.iter().map(|clips| describe_clips(clips, limit)).collect();
    parts.extend(stages(diff, limit));
    parts.extend(parameters(diff, limit));
    parts.extend(diff.other_emotions.iter().map(other_emotions));
    parts.extend(metrics(diff, limit));
    parts.extend(recalls(diff, limit));
    parts.extend(not_compared(diff, limit));
    if parts.is_empty() {
        parts.push("Nothing differs.\n".to_owned());
    }
    parts.join("\n")
}

fn describe_clips(diff: &ClipDiff, limit: usize) -> String {
    let (before, after) = (diff.before, diff.after);
    let mut text = format!(
        "Clips of `{}`: {}, left out: {}\n",
        diff.stage,
        arrow(before.clips, after.clips),
        arrow(before.excluded, after.excluded)
    );
    if diff.is_empty() {
        text.push_str("  no clip differs\n");
        return text;
    }
    let lists: [(&str, Vec<Vec<String>>); 10] = [
        ("added", diff.added.iter().map(labelled).collect()),
        ("removed", diff.removed.iter().map(labelled).collect()),
        ("renamed", diff.renamed.iter().map(renamed).collect()),
        ("relabelled", diff.relabelled.iter().map(changed).collect()),
        ("of another speaker", diff.other_speaker.iter().map(changed).collect()),
        ("re-recorded", diff.re_recorded.iter().map(|change| with(change, |s| format!("{s:.2} s"))).collect()),
        ("rewritten, same audio", diff.rewritten.iter().map(|change| with(change, |b| words::size(*b))).collect()),
        ("newly excluded", diff.newly_excluded.iter().map(newly_excluded).collect()),
        ("no longer excluded", diff.no_longer_excluded.iter().map(no_longer_excluded).collect()),
        ("excluded for another reason", diff.otherwise_excluded.iter().map(changed).collect()),
    ];
    let lists: Vec<(&str, Vec<Vec<String>>)> = lists.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    let counts: Vec<Vec<String>> =
        lists.iter().map(|(what, rows)| vec![rows.len().to_string(), (*what).to_owned()]).collect();
    text.push_str(&listed(&counts, usize::MAX));
    for (what, rows) in &lists {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{what}\n{}", listed(rows, limit));
    }
    text
}

fn stages(diff: &Diff, limit: usize) -> Option<String> {
    let runs = &diff.runs;
    let mut rows: Vec<Vec<String>> = Vec::new();
    rows.extend(runs.stages_added.iter().map(|stage| vec![stage.stage.clone(), format!("added ({})", stage.kind)]));
    rows.extend(runs.stages_removed.iter().map(|stage| vec![stage.stage.clone(), format!("removed ({})", stage.kind)]));
    rows.extend(runs.code.iter().map(|change| {
        vec![change.stage.clone(), format!("code of `{}`: version {} → {}", change.kind, change.old, change.new)]
    }));
    section("Stages", &rows, limit)
}

fn parameters(diff: &Diff, limit: usize) -> Option<String> {
    let rows: Vec<Vec<String>> = diff
        .runs
        .parameters
        .iter()
        .map(|change| {
            vec![change.key.clone(), format!("{} → {}", value(change.old.as_ref()), value(change.new.as_ref()))]
        })
        .collect();
    section("Parameters", &rows, limit)
}

/// Why figures over all emotions cannot be compared.
fn other_emotions(of: &OtherEmotions) -> String {
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
        let only: Vec<&str> = these.difference(those).map(String::as_str).collect();
        if only.is_empty() { String::new() } else { format!(", {} here only", only.join(", ")) }
    };
    let side = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
        let chance = 1.0 / these.len().max(1) as f64;
        format!("{} emotions, chance {chance:.3}{}", these.len(), only(these, those))
    };
    format!(
        "`{}` tested other emotions, so that UAR, accuracy and F1 cannot be compared:\n  A  {}\n  B  {}\n",
        of.stage,
        side(&of.a, &of.b),
        side(&of.b, &of.a)
    )
}

/// The headline figures that moved.
fn metrics(diff: &Diff, limit: usize) -> Option<String> {
    let all = &diff.runs.metrics;
    let moved: Vec<Vec<String>> = all
        .iter()
        .filter(|change| change.delta.abs() >= SHOWN)
        .map(|change| {
            let mut row = vec![change.name.clone(), change.of.clone()];
            row.extend(moved(&change.old, &change.new, change.delta, change.within_intervals));
            row
        })
        .collect();
    if moved.is_empty() {
        return (!all.is_empty()).then(|| format!("Figures: none of {} moved\n", all.len()));
    }
    let head = ["", "", "A", "B", "change", ""];
    Some(format!("Figures: {} of {} moved\n{}", moved.len(), all.len(), table(&head, &moved, limit)))
}

/// How well each class is found over all test clips, the largest changes first.
fn recalls(diff: &Diff, limit: usize) -> Option<String> {
    let is_shown = |change: &&FigureChange| {
        change.of.group == "overall" && change.of.metric == "recall" && change.delta.abs() >= SHOWN
    };
    let mut changes: Vec<&FigureChange> = diff.classes.iter().filter(is_shown).collect();
    changes.sort_by(|a, b| b.delta.abs().total_cmp(&a.delta.abs()));
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            let of = ser_evaluate::model_on_split(&change.of.model, &change.of.split);
            let mut row = vec![change.of.emotion.clone().unwrap_or_default(), of];
            row.extend(moved(&change.old, &change.new, change.delta, change.within_intervals));
            row
        })
        .collect();
    let head = ["", "", "A", "B", "change", ""];
    (!rows.is_empty()).then(|| format!("Recall by class: {} moved\n{}", rows.len(), table(&head, &rows, limit)))
}

fn not_compared(diff: &Diff, limit: usize) -> Option<String> {
    let rows: Vec<Vec<String>> =
        diff.runs.not_compared.iter().map(|stage| vec![stage.stage.clone(), stage.why.clone()]).collect();
    section("Not compared", &rows, limit)
}

/// A heading with the number of rows, and the rows; nothing without any.
fn section(title: &str, rows: &[Vec<String>], limit: usize) -> Option<String> {
    (!rows.is_empty()).then(|| format!("{title}: {}\n{}", rows.len(), listed(rows, limit)))
}

/// Rows without a heading line.
fn listed(rows: &[Vec<String>], limit: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let text = table(&vec![""; columns], rows, limit);
    text.split_once('\n').map_or_else(String::new, |(_, rows)| rows.to_owned())
}

/// At most `limit` rows, indented.
fn table(head: &[&str], rows: &[Vec<String>], limit: usize) -> String {
    let shown = &rows[..rows.len().min(limit)];
    let mut text = String::new();
    for line in text_table::render(head, shown).lines() {
        let line = format!("  {line}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if shown.len() < rows.len() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  and {} more", rows.len() - shown.len());
    }
    text
}

fn moved(old: &Figure, new: &Figure, delta: f64, within: Option<bool>) -> [String; 4] {
    let verdict = match within {
        Some(true) => "each in the other's interval",
        Some(false) => "not in each other's interval",
        None => "",
    };
    [figure(old), figure(new), format!("{delta:+.3}"), verdict.to_owned()]
}

/// `0.571 [0.520, 0.622]`.
pub(crate) fn figure(figure: &Figure) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!("{:.3} [{low:.3}, {high:.3}]", figure.value),
        _ => format!("{:.3}", figure.value),
    }
}

fn value(value: Option<&Value>) -> String {
    let text = match value {
        None => return "not set".to_owned(),
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(Value::Number(number)) if number.is_f64() => number.as_f64().map_or_else(
            || number.to_string(),
            // A 32-bit number widened to 64 bits shows digits that nobody wrote.
            |wide| if f64::from(wide as f32) == wide { (wide as f32).to_string() } else { wide.to_string() },
        ),
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= MAX_VALUE_CHARS {
        return text;
    }
    text.chars().take(MAX_VALUE_CHARS - 1).chain(['…']).collect()
}

fn arrow(before: usize, after: usize) -> String {
    if before == after { before.to_string() } else { format!("{before} → {after}") }
}

fn labelled(clip: &Labelled) -> Vec<String> {
    vec![clip.clip_id.clone(), clip.emotion.clone().unwrap_or_default()]
}

fn renamed(clip: &super::clips::Renamed) -> Vec<String> {
    let emotion = |clip: &Labelled| clip.emotion.clone().unwrap_or_default();
    let (old, new) = (emotion(&clip.old), emotion(&clip.new));
    let label = if old == new { new } else { format!("{old} → {new}") };
    vec![format!("{} → {}", clip.old.clip_id, clip.new.clip_id), label]
}

fn changed(change: &Changed<String>) -> Vec<String> {
    with(change, String::clone)
}

fn with<T>(change: &Changed<T>, show: impl Fn(&T) -> String) -> Vec<String> {
    let [old, new] = [&change.old, &change.new].map(|value| value.as_ref().map_or("unknown".to_owned(), &show));
    let text = if old == new { new } else { format!("{old} → {new}") };
    vec![change.clip_id.clone(), text]
}

fn newly_excluded(file: &Excluded) -> Vec<String> {
    let new = if file.otherwise == Otherwise::Absent { "new file" } else { "" };
    vec![file.path.clone(), file.reason.replace('_', " "), new.to_owned(), file.detail.clone()]
}

fn no_longer_excluded(file: &Excluded) -> Vec<String> {
    let now = if file.otherwise == Otherwise::Absent { "file gone" } else { "now a clip" };
    vec![file.path.clone(), now.to_owned(), format!("was {}", file.reason.replace('_', " "))]
}

#[cfg(test)]
mod tests {
    use ser_engine::{RunRecord, compare};

    use super::*;

    fn empty() -> Diff {
        let run = RunRecord::default();
        Diff::without_tables(compare(&run, &run))
    }

    #[test]
    fn counts_come_first_and_long_lists_end_early() {
        let added =
            (0..14).map(|at| Labelled { clip_id: format!("savee/DC/a{at:02}"), emotion: Some("angry".to_owned()) });
        let clips = ClipDiff { stage: "manifest".to_owned(), added: added.collect(), ..ClipDiff::default() };
        let diff = Diff { clips: vec![clips], ..empty() };
        insta::assert_snapshot!(describe(&diff, 2), @r"
        Clips of `manifest`: 0, left out: 0
          14  added

        added
          savee/DC/a00  angry
          savee/DC/a01  angry
          and 12 more
        ");
    }

    #[test]
    fn figures_are_told_with_their_intervals() {
        let figure = |value: f64| Figure { value, low: Some(value - 0.05), high: Some(value + 0.05) };
        let mut diff = empty();
        let (old, new) = (figure(0.571), figure(0.583));
        diff.runs.metrics.push(ser_engine::MetricChange {
            stage: "evaluation".to_owned(),
            name: "UAR".to_owned(),
            of: "cnn_lstm on random".to_owned(),
            old,
            new,
            delta: 0.012,
            within_intervals: old.moved_to(&new).1,
        });
        insta::assert_snapshot!(describe(&diff, 9), @r"
        Figures: 1 of 1 moved
                                                      A                     B  change
          UAR  cnn_lstm on random  0.571 [0.521, 0.621]  0.583 [0.533, 0.633]  +0.012  each in the other's interval
        ");
    }

    #[test]
    fn figures_over_other_emotions_are_told_not_to_compare() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (a, b) = (names(&["angry", "calm", "sad", "happy"]), names(&["angry", "sad"]));
        let other_emotions = vec![super::OtherEmotions { stage: "evaluation".to_owned(), a, b }];
        insta::assert_snapshot!(describe(&Diff { other_emotions, ..empty() }, 9), @r"
        `evaluation` tested other emotions, so that UAR, accuracy and F1 cannot be compared:
          A  4 emotions, chance 0.250, calm, happy here only
          B  2 emotions, chance 0.500
        ");
    }

    #[test]
    fn equal_runs_say_so() {
        assert_eq!(describe(&empty(), 9), "Nothing differs.\n");
    }
}
