//! Reasons for distrust: everything in the tables that makes the numbers mean less than they seem to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use ser_schemas::{Check, CheckStatus, CorpusStatus, Finding, Grouping, Model, Severity};

use super::answer::classes_tested;
use super::rivals::{reservation, rivals};
use super::standardisation::Tried;
use super::words::{column, listed, prose};
use crate::card::speech;
use crate::number;
use crate::scored::{Scoreboard, Scored, spelt};
use crate::tables::Tables;

/// Corpora with fewer speakers say little about voices in general.
const FEW_SPEAKERS: usize = 10;
/// So many audit findings are repeated here; all are in their own section.
const MOST_FINDINGS: usize = 5;
/// Findings that this list has sentences of its own for, or the banner says.
const SAID_HERE: [&str; 4] = ["synthetic_data", "corpus_missing", "corpus_incomplete", "few_speakers"];

/// One reason for caution.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Caution {
    /// `error`, `warning` or `info`.
    level: &'static str,
    /// The point, in a few words.
    point: String,
    /// Consequences of it.
    text: String,
}

/// The worst first.
pub(crate) fn distrust(tables: &Tables, board: &Scoreboard) -> Vec<Caution> {
    let mut cautions = Vec::new();
    cautions.extend(protocol_cautions(tables, board));
    cautions.extend(imported_cautions(tables, board));
    cautions.extend(data_cautions(tables));
    cautions.extend(check_cautions(tables, board));
    cautions.extend(model_check_cautions(tables));
    cautions.extend(finding_cautions(tables));
    let (point, text) = speech(tables);
    cautions.push(caution("info", point, text));
    cautions.sort_by_key(|caution| match caution.level {
        "error" => 0,
        "warning" => 1,
        _ => 2,
    });
    cautions
}

fn caution(level: &'static str, point: impl Into<String>, text: impl Into<String>) -> Caution {
    Caution { level, point: point.into(), text: text.into() }
}

fn protocol_cautions(tables: &Tables, board: &Scoreboard) -> Vec<Caution> {
    let Some(main) = board.main() else {
        return vec![caution("error", "Nothing was evaluated.", "There is no number to report.")];
    };
    let mut cautions = Vec::new();
    if !main.protocol.separates_speakers() {
        cautions.push(caution(
            "error",
            "No speaker-independent evaluation leads this report.",
            "Whether the model works on a voice it has never heard is not known from the first figure.",
        ));
    }
    if let Some(whose) = main.shares_with() {
        let limit = Tried::of(tables, main).map_or_else(String::new, |tried| format!(" {}", tried.told_of_few()));
        cautions.push(caution(
            "warning",
            format!("Standardised per {whose}."),
            format!(
                "The features of a test {whose} were standardised with that {whose}’s own unlabelled clips. In use, that asks for recordings of every new {whose}.{limit}"
            ),
        ));
    } else if let Some(tried) = tried_of_others(tables, board) {
        cautions.push(caution("info", "Standardisation per speaker has a limit.", tried.told_of_few()));
    }
    if main.uar().is_some_and(|uar| number::interval(uar.low, uar.high).is_none()) {
        cautions.push(caution(
            "warning",
            "No interval.",
            "There are too few speakers to say how far the figure may be off.",
        ));
    }
    if board.models.iter().any(|scored| scored.protocol.is_random()) {
        cautions.push(caution(
            "info",
            "Random splits flatter.",
            "They test on speakers, sentences and rooms that were trained on. Their figures belong next to other random splits and nowhere else.",
        ));
    }
    if !main.baseline && !board.models.iter().any(|scored| scored.baseline && scored.split == main.split) {
        cautions.push(caution(
            "info",
            "No baseline.",
            "Nothing simpler was evaluated on the same split, so it is not known whether the leading model earns its keep.",
        ));
    }
    cautions.extend(behind(tables, board, main));
    cautions.extend(one_seed(tables, board));
    cautions.extend(worst_group(tables, main));
    let tested = classes_tested(tables, main);
    let known = tables.emotions().len() as u64;
    if tested < known {
        cautions.push(caution(
            "warning",
            "Emotions without test clips.",
            format!("Only {tested} of {known} emotions were tested by the leading model."),
        ));
    }
    cautions
}

/// The networks that were trained once, by name where others have several seeds.
fn one_seed(tables: &Tables, board: &Scoreboard) -> Option<Caution> {
    let trained = board.models.iter().filter(|scored| tables.history.iter().any(|(model, _)| *model == scored.model));
    let networks: Vec<&Scored> = trained.collect();
    let once: Vec<&str> =
        networks.iter().filter(|scored| scored.seeds == 1).map(|scored| scored.model.as_str()).collect();
    let which = match once.as_slice() {
        [] => return None,
        all if all.len() == networks.len() => "Each network was".to_owned(),
        [one] => format!("{one} was"),
        several => format!("{} were", listed(&several.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())),
    };
    let text = format!(
        "{which} trained once. Intervals are over speakers; that another seed would have given another model is not in them."
    );
    Some(caution("info", "One seed.", text))
}

/// Features that the pipeline did not compute, and so cannot vouch for, by the file that they came in.
fn imported_cautions(tables: &Tables, board: &Scoreboard) -> Vec<Caution> {
    let mut by_file: BTreeMap<&str, Vec<&Model>> = BTreeMap::new();
    let is_shown = |about: &&Model| board.models.iter().any(|scored| scored.owns(&about.model, &about.split));
    for about in tables.models.iter().filter(is_shown) {
        about.imported().for_each(|file| by_file.entry(file).or_default().push(about));
    }
    let of_file = |(file, models): (&str, Vec<&Model>)| {
        let leads = models.iter().any(|about| board.main().is_some_and(|main| main.owns(&about.model, &about.split)));
        let names: Vec<String> =
            models.iter().map(|about| about.model.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        caution(
            if leads { "warning" } else { "info" },
            "Features computed elsewhere.",
            format!(
                "{} learnt from features imported from {file}. How these were computed is not known here, nor what computed them was trained on: if that were speakers or labels of these corpora, the figures would be too good, and no check of this report could tell.",
                listed(&names)
            ),
        )
    };
    by_file.into_iter().map(of_file).collect()
}

/// What is simpler than the leading model, or a part of it, and does better.
fn behind(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Caution> {
    let rivals = rivals(tables, board, main);
    let ahead: Vec<_> = rivals.iter().filter(|rival| !main.baseline && rival.is_ahead()).collect();
    let names: Vec<String> = ahead.iter().map(|rival| rival.called()).collect();
    let told = ahead.iter().filter_map(|rival| {
        let lead = rival.lead?;
        let interval = number::interval(lead.low, lead.high)?;
        Some(format!("{} {} {interval}", rival.scored.model, number::difference(lead.value)))
    });
    let told: Vec<String> = told.collect();
    let reserved = reservation(ahead.first()?);
    Some(caution(
        "warning",
        format!("{} is behind {}.", main.model, listed(&names)),
        format!(
            "Its UAR on the same clips less theirs: {}.{reserved} What is simpler and does better is the better choice.",
            told.join("; ")
        ),
    ))
}

/// Trials of the first model that is standardised per speaker: a network, where one was tried.
fn tried_of_others<'a>(tables: &'a Tables, board: &'a Scoreboard) -> Option<Tried<'a>> {
    let of = |baseline| board.models.iter().filter(move |scored| scored.baseline == baseline);
    of(false).chain(of(true)).find_map(|scored| Tried::of(tables, scored))
}

/// The group that is furthest below the whole, where more than two were compared by the evaluation or one of two is.
fn worst_group(tables: &Tables, main: &Scored) -> Option<Caution> {
    let worst = tables
        .worst_groups
        .iter()
        // Of many speakers or sentences, the worst is mostly the unluckiest.
        .filter(|row| {
            main.owns(&row.model, &row.split) && !["fold", "speaker", "sentence"].contains(&row.group.as_str())
        })
        .filter(|row| row.value < row.overall)
        .min_by(|one, other| one.value.total_cmp(&other.value))?;
    Some(caution(
        "warning",
        format!("Worst on {} {}.", column(&worst.group), worst.group_value),
        format!(
            "UAR {} on its {}, against {} over all.",
            number::with_interval(worst.value, worst.low, worst.high),
            number::counted(worst.support, "clip", "clips"),
            number::metric(worst.overall)
        ),
    ))
}

fn data_cautions(tables: &Tables) -> Vec<Caution> {
    let mut cautions = Vec::new();
    for corpus in &tables.corpora {
        match corpus.status {
            CorpusStatus::FolderMissing => cautions.push(caution(
                "warning",
                format!("{} was skipped.", corpus.title),
                format!("Its folder is missing: {}", corpus.root),
            )),
            CorpusStatus::FolderEmpty => cautions.push(caution(
                "warning",
                format!("{} was skipped.", corpus.title),
                format!("Its folder holds no audio that the descriptor asks for: {}", corpus.root),
            )),
            CorpusStatus::Ingested => {
                if let Some(shortfall) = &corpus.shortfall {
                    cautions.push(caution("warning", format!("{} is not complete.", corpus.title), shortfall.clone()));
                }
            }
        }
    }
    let mut speakers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for clip in &tables.clips {
        if let Some(speaker) = &clip.speaker {
            speakers.entry(&clip.corpus).or_default().insert(speaker);
        }
    }
    let few: Vec<String> = speakers
        .iter()
        .filter(|(_, speakers)| speakers.len() < FEW_SPEAKERS)
        .map(|(corpus, speakers)| format!("{corpus} ({})", speakers.len()))
        .collect();
    if !few.is_empty() {
        cautions.push(caution(
            "warning",
            "Few speakers.",
            format!(
                "Corpora with fewer than {FEW_SPEAKERS} speakers say little about other voices: {}.",
                few.join(", ")
            ),
        ));
    }
    cautions
}

fn check_cautions(tables: &Tables, board: &Scoreboard) -> Vec<Caution> {
    let mut cautions = Vec::new();
    for (split, checks) in &tables.checks {
        for (status, level) in [(CheckStatus::Failed, "error"), (CheckStatus::Noted, "info")] {
            // That a random split shares its speakers is said above, of all of them.
            let random = board.models.iter().any(|scored| scored.split == *split && scored.protocol.is_random());
            let mut names: Vec<&str> = checks
                .iter()
                .filter(|check| check.status == status && !(random && check.check.ends_with("speaker_disjoint")))
                .filter(|check| !check.check.starts_with("near_copies_"))
                .filter(|check| status == CheckStatus::Failed || column_known(check).is_none())
                .map(|check| check.check.as_str())
                .collect();
            names.sort_unstable();
            names.dedup();
            if !names.is_empty() {
                let verb = if status == CheckStatus::Failed { "failed" } else { "does not promise" };
                cautions.push(caution(
                    level,
                    format!("Split {split} {verb}:"),
                    format!("{}.", names.join(", ").replace('_', " ")),
                ));
            }
        }
        cautions.extend(near_copies(split, checks));
        cautions.extend(without_a_part(split, checks));
    }
    cautions
}

/// The column of a check that counts the clips whose value of it is not known.
fn column_known(check: &Check) -> Option<Grouping> {
    check.check.strip_suffix("_known").and_then(Grouping::named)
}

/// Caution about clips that a split leaves out, as they lack what it goes by.
fn without_a_part(split: &str, checks: &[Check]) -> Option<Caution> {
    let noted = checks.iter().filter(|check| check.status == CheckStatus::Noted);
    let told: Vec<String> = noted
        .filter_map(|check| {
            let column = column_known(check)?;
            let clips = number::counted(check.offenders, "clip takes", "clips take");
            Some(format!("{clips} no part: {} not known.", spelt(column)))
        })
        .collect();
    (!told.is_empty()).then(|| caution("info", format!("Split {split} is not of all clips."), told.join(" ")))
}

/// Caution about near copies of a take under several speakers, corpora or values, as a split treated them.
fn near_copies(split: &str, checks: &[Check]) -> Option<Caution> {
    let of = |name: &str| checks.iter().filter(move |check| check.check == name).collect::<Vec<_>>();
    let (together, left_out) = (of("near_copies_kept_together"), of("near_copies_left_out"));
    let mut told = Vec::new();
    if let Some(check) = together.first() {
        told.push(format!("The same take lies under several names, which are held out together: {}.", check.detail));
    }
    if let Some(first) = left_out.first() {
        let times = number::counted(left_out.iter().map(|check| check.offenders).sum(), "time", "times");
        let folds = number::counted(left_out.len() as u64, "fold", "folds");
        told.push(format!(
            "A clip has no part in a fold where a copy of its take stands on another side: {times}, in {folds}; the \
             first: {}.",
            first.detail
        ));
    }
    (!told.is_empty()).then(|| caution("info", format!("Near copies in split {split}."), told.join(" ")))
}

/// Checks of the models' figures that did not pass.
fn model_check_cautions(tables: &Tables) -> Vec<Caution> {
    let mut failed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for check in tables.model_checks.iter().filter(|check| check.status == CheckStatus::Failed) {
        failed.entry(&check.check).or_default().insert(&check.model);
    }
    failed
        .into_iter()
        .map(|(check, models)| {
            let models: Vec<&str> = models.into_iter().collect();
            caution(
                "error",
                format!("Check failed: {}.", check.replace('_', " ")),
                format!("In {}.", models.join(", ")),
            )
        })
        .collect()
}

fn finding_cautions(tables: &Tables) -> Vec<Caution> {
    let grave = tables
        .audit
        .iter()
        .flat_map(|audit| &audit.findings)
        .filter(|finding| finding.severity >= Severity::Warning && !SAID_HERE.contains(&finding.code.as_str()));
    let mut sorted: Vec<_> = grave.collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    // Findings of one kind are one reason; the first of them stands for all.
    let mut kinds: Vec<(&Finding, u64)> = Vec::new();
    for finding in sorted {
        match kinds.iter_mut().find(|(first, _)| first.code == finding.code) {
            Some((_, alike)) => *alike += 1,
            None => kinds.push((finding, 0)),
        }
    }
    let more: u64 = kinds.iter().skip(MOST_FINDINGS).map(|(_, alike)| 1 + alike).sum();
    let corpora = tables.corpora_declared();
    let mut cautions: Vec<Caution> = kinds
        .into_iter()
        .take(MOST_FINDINGS)
        .map(|(finding, alike)| {
            let level = if finding.severity == Severity::Error { "error" } else { "warning" };
            let mut text = format!("{}.", prose(&finding.message, &corpora).trim_end_matches('.'));
            if alike > 0 {
                let _ = write!(text, " {} of this kind.", number::counted(alike, "more finding", "more findings"));
            }
            caution(level, "Audit:", text)
        })
        .collect();
    if more > 0 {
        let text = format!("{} in the section on data.", number::counted(more, "more warning", "more warnings"));
        cautions.push(caution("warning", "Audit:", text));
    }
    cautions
}
