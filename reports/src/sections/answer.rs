//! The answer first: one number with its interval, what it was measured on, how much a random split would have added, and
//! whether the network beats what is simpler than a network.

use std::collections::BTreeSet;

use serde::Serialize;

use ser_schemas::{ClassMetrics, SummaryMetric};

use super::pairs::{measured_gap, seen_from};
use super::standings::standings;
use super::words::listed;
use crate::grid::Grid;
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::tables::Tables;

/// A term and what it says.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fact {
    term: &'static str,
    text: String,
}

/// The number that the report leads with.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Headline {
    /// Name of the metric, spelled out.
    metric: String,
    value: String,
    /// `[0.57, 0.65]`, where there is one.
    interval: Option<String>,
    /// Meaning of the number.
    sentence: String,
    /// Remark that must not be missed: standardisation per speaker, or no speaker-independent protocol.
    label: Option<String>,
    facts: Vec<Fact>,
}

/// Random next to speaker-independent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Gap {
    honest: Side,
    random: Side,
    /// `+0.21`
    difference: String,
    /// Metric of the difference.
    what: &'static str,
    /// Of the difference.
    interval: Option<String>,
    /// `+0.20`, of accuracy.
    accuracy_difference: Option<String>,
    /// Where the comparison limps.
    remark: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Side {
    protocol: String,
    model: String,
    value: String,
    interval: Option<String>,
}

/// The leading model next to the baselines of its split.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Keep {
    model: String,
    /// Does it?
    verdict: String,
    rivals: Vec<Rival>,
}

#[derive(Debug, Clone, Serialize)]
struct Rival {
    model: String,
    value: String,
    interval: Option<String>,
    /// By how much the leading model is better, where the two were compared clip by clip.
    difference: Option<String>,
    difference_interval: Option<String>,
    p_value: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    headline: Option<Headline>,
    gap: Option<Gap>,
    standings: Option<Grid>,
    keep: Option<Keep>,
}

pub(crate) fn answer(tables: &Tables, board: &Scoreboard) -> Answer {
    Answer {
        headline: board.main().and_then(|main| headline(tables, board, main)),
        gap: gap(tables, board),
        standings: board.main().and_then(|main| standings(tables, board, main)),
        keep: board.main().and_then(|main| keep(tables, board, main)),
    }
}

fn headline(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Headline> {
    let uar = main.uar()?;
    let classes = classes_tested(tables, main);
    let label = if !main.protocol.separates_speakers() {
        Some("Not a speaker-independent figure: other clips of the test speakers may have been trained on.".to_owned())
    } else if main.uses_test_speakers {
        Some("Standardised per speaker: uses the test speaker’s unlabelled clips.".to_owned())
    } else {
        None
    };
    let guessing = chance(tables, main).map_or_else(String::new, |chance| {
        format!(" Guessing gives {}.", number::fixed(chance, 3))
    });
    let sentence = if main.is_over_corpora() {
        format!(
            "The mean recall over the emotions of each corpus, then the mean over the {} corpora: each corpus counts the \
             same, and each of its emotions, however many clips it has.{guessing}",
            main.corpora.len()
        )
    } else if classes > 0 {
        format!(
            "The mean recall over {}: each emotion counts the same, however many clips it has.{guessing}",
            number::counted(classes, "emotion", "emotions")
        )
    } else {
        "The mean recall over emotions: each counts the same, however many clips it has.".to_owned()
    };
    let over = if main.is_over_corpora() { ", mean over corpora" } else { "" };
    Some(Headline {
        metric: format!("Unweighted average recall (UAR){over}"),
        value: number::metric(uar.value),
        interval: number::interval(uar.low, uar.high),
        sentence,
        label,
        facts: facts(tables, board, main, uar),
    })
}

fn facts(tables: &Tables, board: &Scoreboard, main: &Scored, uar: Estimate) -> Vec<Fact> {
    let corpora = &main.corpora;
    let folds = groups(tables, main, "fold").len();
    let mut facts = vec![
        Fact { term: "Protocol", text: format!("{}: {}", main.protocol.name(), main.protocol.meaning()) },
        Fact {
            term: "Measured on",
            text: format!(
                "{} by {}{}",
                number::counted(main.support, "test clip", "test clips"),
                number::counted(main.speakers, "speaker", "speakers"),
                if corpora.is_empty() { String::new() } else { format!(", of {}", listed(corpora)) }
            ),
        },
        Fact { term: "Model", text: format!("{}, on split {}{}", main.model, main.split, place(board, main, uar)) },
        Fact { term: "Standardisation", text: main.standardisation_name().to_owned() },
    ];
    if folds > 1 {
        facts.push(Fact { term: "Folds", text: format!("{folds}, scored together: each clip once") });
    }
    facts.push(Fact {
        term: "Interval",
        text: if number::interval(uar.low, uar.high).is_some() {
            interval_meaning(main, corpora.len())
        } else {
            "none: too few speakers to resample".to_owned()
        },
    });
    if main.is_over_corpora() {
        facts.push(Fact { term: "By corpus", text: by_corpus(tables, main) });
        if let Some(Estimate { value, low, high }) = main.metric("uar") {
            let text = format!(
                "UAR {} over all clips together, which follows the corpus with the most of them",
                number::with_interval(value, low, high)
            );
            facts.push(Fact { term: "Pooled", text });
        }
    }
    let names = if main.is_over_corpora() {
        [("Accuracy, pooled", "accuracy"), ("Macro-F1, pooled", "macro_f1")]
    } else {
        [("Accuracy", "accuracy"), ("Macro-F1", "macro_f1")]
    };
    for (term, metric) in names {
        if let Some(estimate) = main.metric(metric) {
            facts.push(Fact { term, text: number::with_interval(estimate.value, estimate.low, estimate.high) });
        }
    }
    facts
}

/// UAR on each corpus: `ravdess 0.57 [0.52, 0.63]; tess 0.61`.
pub(crate) fn by_corpus(tables: &Tables, scored: &Scored) -> String {
    let rows = tables.summary.iter().filter(|row| {
        row.group == "corpus" && row.metric == "uar" && scored.owns(&row.model, &row.split)
    });
    let told: Vec<String> = rows
        .map(|row| format!("{} {}", row.group_value, number::with_interval(row.value, row.low, row.high)))
        .collect();
    told.join("; ")
}

/// Its place among the models that can be compared with it, where they are several: `, first of 12 there`.
fn place(board: &Scoreboard, main: &Scored, uar: Estimate) -> String {
    let rivals = board
        .models
        .iter()
        .filter(|other| other.split == main.split && other.uses_test_speakers == main.uses_test_speakers);
    let uars: Vec<f64> = rivals.filter_map(|other| Some(other.uar()?.value)).collect();
    let ahead = uars.iter().filter(|other| **other > uar.value).count();
    match (uars.len(), ahead) {
        (..3, _) => String::new(),
        (all, 0) => format!(", the highest UAR of {all} models there"),
        (all, ahead) => format!(", number {} of {all} models there by UAR", ahead + 1),
    }
}

/// Population that the interval speaks of: other clips or other speakers that could have been recorded.
fn interval_meaning(main: &Scored, corpora: usize) -> String {
    if main.knows_speakers {
        "95 %, other clips of these same speakers: the model was trained on them, so nothing is said of others"
            .to_owned()
    } else if corpora > 1 {
        "95 %, other speakers of these corpora: speakers are resampled corpus by corpus, since clips of one speaker are \
         not independent"
            .to_owned()
    } else {
        "95 %, bootstrap over speakers: clips of one speaker are not independent".to_owned()
    }
}

/// How many emotions have test clips.
pub(crate) fn classes_tested(tables: &Tables, scored: &Scored) -> u64 {
    classes_of(tables, scored, "overall", "all")
}

fn classes_of(tables: &Tables, scored: &Scored, group: &str, group_value: &str) -> u64 {
    let of_group = |row: &&ClassMetrics| {
        scored.owns(&row.model, &row.split)
            && row.group == group
            && row.group_value == group_value
            && row.support > 0
    };
    tables.classes.iter().filter(of_group).count() as u64
}

/// UAR of guessing: one in so many classes, in the mean over corpora where these are several; `None` where no class was
/// tested.
pub(crate) fn chance(tables: &Tables, scored: &Scored) -> Option<f64> {
    if !scored.is_over_corpora() {
        return chance_over(&[classes_tested(tables, scored)]);
    }
    chance_on(tables, scored, &scored.corpora)
}

/// The same in the mean over some corpora.
pub(crate) fn chance_on(tables: &Tables, scored: &Scored, corpora: &[String]) -> Option<f64> {
    let classes: Vec<u64> = corpora.iter().map(|corpus| classes_of(tables, scored, "corpus", corpus)).collect();
    chance_over(&classes)
}

fn chance_over(classes: &[u64]) -> Option<f64> {
    let known = !classes.is_empty() && classes.iter().all(|count| *count > 0);
    known.then(|| classes.iter().map(|count| 1.0 / *count as f64).sum::<f64>() / classes.len() as f64)
}

fn groups<'a>(tables: &'a Tables, scored: &Scored, group: &str) -> Vec<&'a str> {
    let rows = tables.summary.iter().filter(|row| row.group == group && scored.owns(&row.model, &row.split));
    let mut seen = BTreeSet::new();
    rows.map(|row| row.group_value.as_str()).filter(|value| seen.insert(*value)).collect()
}

fn gap(tables: &Tables, board: &Scoreboard) -> Option<Gap> {
    let main = board.main()?;
    let side = |protocol: &str, model: &str, Estimate { value, low, high }: Estimate| Side {
        protocol: protocol.to_owned(),
        model: model.to_owned(),
        value: number::metric(value),
        interval: number::interval(low, high),
    };
    if let Some(measured) = measured_gap(&tables.comparisons, main, "uar") {
        let random = board.models.iter().find(|scored| scored.owns(&measured.model_a, &measured.split_a));
        // The interval of a model's own evaluation, where that was of the same clips.
        let estimate = |scored: Option<&Scored>, value: f64| {
            let of_these = scored.filter(|scored| scored.support == measured.support);
            let uar = of_these.and_then(|scored| scored.metric(&measured.metric));
            Estimate { value, ..uar.unwrap_or_else(|| Estimate::exact(value)) }
        };
        return Some(Gap {
            honest: side(main.protocol.name(), &main.model, estimate(Some(main), measured.value_b)),
            random: side(
                random.map_or("random split", |random| random.protocol.name()),
                &measured.model_a,
                estimate(random, measured.value_a),
            ),
            difference: number::difference(measured.value),
            what: gap_in(measured.metric == SummaryMetric::UAR_OVER_CORPORA),
            interval: number::interval(measured.low, measured.high),
            accuracy_difference: measured_gap(&tables.comparisons, main, "accuracy")
                .map(|row| number::difference(row.value)),
            remark: (measured.support != main.support).then(|| {
                format!(
                    "Measured on the {} that both protocols tested.",
                    number::counted(measured.support, "clip", "clips")
                )
            }),
        });
    }
    let random = board.random()?;
    let (honest, flattering) = (main.uar()?, random.uar()?);
    let what = gap_in(main.is_over_corpora() && random.is_over_corpora());
    let accuracy_difference = main
        .metric("accuracy")
        .zip(random.metric("accuracy"))
        .map(|(honest, flattering)| number::difference(flattering.value - honest.value));
    let mut remarks = Vec::new();
    if main.support != random.support {
        remarks.push(format!(
            "The two were scored on different clips ({} and {}), so the gap mixes protocol and data.",
            number::count(main.support),
            number::count(random.support)
        ));
    }
    if main.standardisation != random.standardisation {
        remarks.push(format!(
            "They are standardised differently ({}; {}).",
            main.standardisation_name(),
            random.standardisation_name()
        ));
    }
    Some(Gap {
        honest: side(main.protocol.name(), &main.model, honest),
        random: side(random.protocol.name(), &random.model, flattering),
        difference: number::difference(flattering.value - honest.value),
        what,
        interval: None,
        accuracy_difference,
        remark: (!remarks.is_empty()).then(|| remarks.join(" ")),
    })
}

fn gap_in(over_corpora: bool) -> &'static str {
    if over_corpora { "gap in UAR, mean over corpora" } else { "gap in UAR" }
}

fn keep(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Keep> {
    if main.baseline {
        return None;
    }
    // A baseline that was shown the test speakers' clips is no fair rival of a network that was not.
    let shown = |scored: &Scored| scored.uses_test_speakers;
    let rivals: Vec<&Scored> = board
        .models
        .iter()
        .filter(|rival| rival.baseline && rival.split == main.split && (shown(main) || !shown(rival)))
        .collect();
    let mut rated: Vec<_> = rivals
        .iter()
        .filter_map(|rival| Some((*rival, rival.uar()?, seen_from(&tables.comparisons, main, rival, "uar"))))
        .collect();
    // The strongest rival is the one that counts.
    rated.sort_by(|one, other| other.1.value.total_cmp(&one.1.value));
    let strongest = rated.first()?;
    let verdict = match strongest.2 {
        Some((Estimate { low: Some(low), .. }, _)) if low > 0.0 => {
            format!(
                "Yes: {} beats {} on the same clips, and the whole interval of the difference is above zero.",
                main.model, strongest.0.model
            )
        }
        Some((Estimate { high: Some(high), .. }, _)) if high < 0.0 => {
            format!(
                "No: {} does better on the same clips, and the whole interval of the difference is below zero.",
                strongest.0.model
            )
        }
        Some((Estimate { low: Some(_), high: Some(_), .. }, _)) => format!(
            "Not shown: the interval of the difference between {} and {} includes zero.",
            main.model, strongest.0.model
        ),
        _ => format!("Not tested: {} and {} were not compared clip by clip.", main.model, strongest.0.model),
    };
    Some(Keep {
        model: main.model.clone(),
        verdict,
        rivals: rated
            .into_iter()
            .map(|(rival, uar, difference)| Rival {
                model: rival.model.clone(),
                value: number::metric(uar.value),
                interval: number::interval(uar.low, uar.high),
                difference: difference.map(|(difference, _)| number::difference(difference.value)),
                difference_interval: difference
                    .and_then(|(difference, _)| number::interval(difference.low, difference.high)),
                p_value: difference.and_then(|(_, p_value)| p_value).map(number::p_value),
            })
            .collect(),
    })
}
