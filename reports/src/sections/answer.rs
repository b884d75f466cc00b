//! The answer first: one number with its interval, what it was measured on, and how much a random split would have added.

use std::collections::BTreeSet;

use serde::Serialize;

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
    metric: &'static str,
    value: String,
    /// `[0.57, 0.65]`, where there is one.
    interval: Option<String>,
    /// What the number means.
    sentence: String,
    /// Remark that must not be missed: standardisation per speaker, or no speaker-independent protocol.
    label: Option<String>,
    facts: Vec<Fact>,
}

/// Random next to speaker-independent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Gap {
    honest: GapSide,
    random: GapSide,
    /// `+0.21`
    difference: String,
    /// `+0.20`, of accuracy.
    accuracy_difference: Option<String>,
    /// Where the comparison limps.
    remark: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct GapSide {
    protocol: String,
    model: String,
    value: String,
    interval: Option<String>,
}

/// The section.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    headline: Option<Headline>,
    gap: Option<Gap>,
}

/// Makes the section.
pub(crate) fn answer(tables: &Tables, board: &Scoreboard) -> Answer {
    Answer { headline: board.main().and_then(|main| headline(tables, main)), gap: gap(board) }
}

fn headline(tables: &Tables, main: &Scored) -> Option<Headline> {
    let uar = main.metric("uar")?;
    let classes = classes_tested(tables, main);
    let label = if !main.protocol.separates_speakers() {
        Some("Not a speaker-independent figure: other clips of the test speakers may have been trained on.".to_owned())
    } else if main.standardisation.uses_test_speakers() {
        Some("Standardised per speaker: uses the test speaker’s unlabelled clips.".to_owned())
    } else {
        None
    };
    let sentence = if classes > 0 {
        format!(
            "The mean recall over {}: each emotion counts the same, however many clips it has. Guessing gives {}.",
            number::counted(classes, "emotion", "emotions"),
            number::fixed(1.0 / classes as f64, 3)
        )
    } else {
        "The mean recall over emotions: each counts the same, however many clips it has.".to_owned()
    };
    Some(Headline {
        metric: "Unweighted average recall (UAR)",
        value: number::metric(uar.value),
        interval: number::interval(uar.low, uar.high),
        sentence,
        label,
        facts: facts(tables, main, uar),
    })
}

fn facts(tables: &Tables, main: &Scored, uar: Estimate) -> Vec<Fact> {
    let corpora = groups(tables, main, "corpus");
    let folds = groups(tables, main, "fold").len();
    let speakers: BTreeSet<&str> = tables.clips.iter().filter_map(|clip| clip.speaker.as_deref()).collect();
    let mut facts = vec![
        Fact { term: "Protocol", text: format!("{}: {}", main.protocol.name(), main.protocol.meaning()) },
        Fact {
            term: "Measured on",
            text: format!(
                "{}{}",
                number::counted(main.support, "test clip", "test clips"),
                if corpora.is_empty() { String::new() } else { format!(" of {}", corpora.join(", ")) }
            ),
        },
        Fact { term: "Model", text: format!("{}, on split {}", main.model, main.split) },
        Fact { term: "Standardisation", text: main.standardisation.name().to_owned() },
    ];
    if folds > 1 {
        facts.push(Fact { term: "Folds", text: format!("{folds}, scored together: each clip once") });
    }
    facts.push(Fact {
        term: "Interval",
        text: if number::interval(uar.low, uar.high).is_some() {
            format!("95 %, bootstrap over speakers ({} in the manifest)", number::count(speakers.len() as u64))
        } else {
            "none: too few speakers to resample".to_owned()
        },
    });
    for (term, metric) in [("Accuracy", "accuracy"), ("Macro-F1", "macro_f1")] {
        if let Some(estimate) = main.metric(metric) {
            facts.push(Fact { term, text: number::with_interval(estimate.value, estimate.low, estimate.high) });
        }
    }
    facts
}

/// How many emotions have test clips.
pub(crate) fn classes_tested(tables: &Tables, scored: &Scored) -> u64 {
    tables
        .classes
        .iter()
        .filter(|row| scored.owns(&row.model, &row.split) && row.group == "overall" && row.support > 0)
        .count() as u64
}

fn groups<'a>(tables: &'a Tables, scored: &Scored, group: &str) -> Vec<&'a str> {
    let mut values: Vec<&str> = Vec::new();
    for row in tables.summary.iter().filter(|row| row.group == group && scored.owns(&row.model, &row.split)) {
        if !values.contains(&row.group_value.as_str()) {
            values.push(&row.group_value);
        }
    }
    values
}

fn gap(board: &Scoreboard) -> Option<Gap> {
    let (main, random) = (board.main()?, board.random()?);
    let (honest, flattering) = (main.metric("uar")?, random.metric("uar")?);
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
            main.standardisation.name(),
            random.standardisation.name()
        ));
    }
    let side = |scored: &Scored, estimate: Estimate| GapSide {
        protocol: scored.protocol.name().to_owned(),
        model: scored.model.clone(),
        value: number::metric(estimate.value),
        interval: number::interval(estimate.low, estimate.high),
    };
    Some(Gap {
        honest: side(main, honest),
        random: side(random, flattering),
        difference: number::difference(flattering.value - honest.value),
        accuracy_difference,
        remark: (!remarks.is_empty()).then(|| remarks.join(" ")),
    })
}
