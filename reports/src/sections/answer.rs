//! The answer first: one number with its interval, what it was measured on, how much a random split would have added,
//! and whether the network beats what is simpler than a network.

use std::collections::BTreeSet;

use serde::Serialize;

use ser_schemas::{ClassMetrics, SummaryMetric};

use super::budget::{budget, is_validated};
use super::pairs::measured_gap;
use super::rivals::{Rival, reservation, rivals};
use super::standings::standings;
use super::words::listed;
use crate::grid::Grid;
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::tables::Tables;

/// Figures this close are equal: they are ratios of the same counts in another order.
const EQUAL: f64 = 1e-12;

/// Meaning of a gap between two models that differ in more than their split.
const MADE_DIFFERENTLY: &str = "The two are trained differently, not only on different splits: how much of their difference the random split adds is not known. The same settings on both splits would tell.";

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
    /// `3 seeds, sd 0.009`, where there are several.
    seeds: Option<String>,
    /// Meaning of the number.
    sentence: String,
    /// Remark that must not be missed: standardisation per speaker or corpus, or no speaker-independent protocol.
    label: Option<String>,
    facts: Vec<Fact>,
}

/// Random next to speaker-independent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Gap {
    honest: Side,
    random: Side,
    /// `+0.21`; `None` of two models that are made differently: their difference is not what a random split adds.
    difference: Option<String>,
    /// Metric of the difference.
    what: &'static str,
    /// Of the difference.
    interval: Option<String>,
    /// `+0.20`, of accuracy.
    accuracy_difference: Option<String>,
    /// Meaning of the difference, by its interval.
    meaning: &'static str,
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
    rivals: Vec<Shown>,
}

/// A rival as the page shows it.
#[derive(Debug, Clone, Serialize)]
struct Shown {
    model: String,
    /// `true` if it is a member of the leading model.
    member: bool,
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
    budget: Option<Grid>,
    keep: Option<Keep>,
}

pub(crate) fn answer(tables: &Tables, board: &Scoreboard) -> Answer {
    Answer {
        headline: board.main().and_then(|main| headline(tables, board, main)),
        gap: gap(tables, board),
        standings: board.main().and_then(|main| standings(tables, board, main)),
        budget: board.main().and_then(|main| budget(tables, board, main)),
        keep: board.main().and_then(|main| keep(tables, board, main)),
    }
}

fn headline(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Headline> {
    let uar = main.uar()?;
    let classes = classes_tested(tables, main);
    let label = if main.protocol.separates_speakers() {
        main.shares_with().zip(main.sharing()).map(|(whose, sharing)| format!("Standardised per {whose}: {sharing}."))
    } else {
        Some("Not a speaker-independent figure: other clips of the test speakers may have been trained on.".to_owned())
    };
    let guessing = chance(tables, main)
        .map_or_else(String::new, |chance| format!(" Guessing gives {}.", number::fixed(chance, 3)));
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
        seeds: main.seeds_told(),
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
    if main.seeds > 1 {
        let text = format!(
            "{} networks in each fold, alike but for their seed: figures are means over them, and their standard deviation \
             (sd) says how much a training owes to chance, of which the interval says nothing",
            number::count(main.seeds)
        );
        facts.push(Fact { term: "Seeds", text });
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
    let rows = tables
        .summary
        .iter()
        .filter(|row| row.group == "corpus" && row.metric == "uar" && scored.owns(&row.model, &row.split));
    let told: Vec<String> = rows
        .map(|row| format!("{} {}", row.group_value, number::with_interval(row.value, row.low, row.high)))
        .collect();
    told.join("; ")
}

/// Its place among the models that can be compared with it, where they are several.
fn place(board: &Scoreboard, main: &Scored, uar: Estimate) -> String {
    let rivals = board
        .models
        .iter()
        .filter(|other| other.split == main.split && other.uses_test_speakers == main.uses_test_speakers);
    let uars: Vec<(&Scored, f64)> = rivals.filter_map(|other| Some((other, other.uar()?.value))).collect();
    let equal =
        |(other, value): &&(&Scored, f64)| (value - uar.value).abs() < EQUAL && !other.owns(&main.model, &main.split);
    let ahead = uars.iter().filter(|(_, value)| *value >= uar.value + EQUAL).count();
    let equals: Vec<String> = uars.iter().filter(equal).map(|(other, _)| other.model.clone()).collect();
    let together = if equals.is_empty() { String::new() } else { format!(", together with {}", listed(&equals)) };
    // The table has those that use other clips too.
    let others = board
        .models
        .iter()
        .any(|other| other.split == main.split && other.uses_test_speakers != main.uses_test_speakers);
    let which = match (others, main.uses_test_speakers) {
        (false, _) => "there",
        (true, false) => "there that use no unlabelled test clips",
        (true, true) => "there that use unlabelled test clips",
    };
    match (uars.len(), ahead) {
        (..3, _) => String::new(),
        (all, 0) => format!(", the highest UAR of the {all} models {which}{together}"),
        (all, ahead) => format!(", number {} by UAR of the {all} models {which}{together}", ahead + 1),
    }
}

/// Meaning of the gap, as far as its interval bears it out.
fn meaning(interval: Option<(f64, f64)>) -> &'static str {
    match interval {
        Some((low, _)) if low > 0.0 => "The gap is what a model gains from having heard the test speakers before.",
        Some((_, high)) if high < 0.0 => {
            "The model does worse on the random split, and the whole interval of the gap is below zero: that it has heard the test speakers before is not what makes the difference here."
        }
        Some(_) => {
            "The interval of the gap includes zero: these clips do not show that the model gains from having heard the test speakers before."
        }
        None => {
            "A model may gain from having heard the test speakers before; how sure this gap is cannot be told, as it has no interval."
        }
    }
}

/// A sentence where one of the two sets clips aside in training and the other does not.
fn unlike_validation(tables: &Tables, main: &Scored, random: Option<&Scored>) -> Option<&'static str> {
    match (is_validated(tables, main)?, is_validated(tables, random?)?) {
        (true, false) => Some(
            "On the random split no clips are set aside for validation: the model is trained on more clips there, and the gap holds that difference, too.",
        ),
        (false, true) => Some(
            "Only on the random split are clips set aside for validation: the model is trained on fewer clips there, and the gap holds that difference, too.",
        ),
        _ => None,
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
        scored.owns(&row.model, &row.split) && row.group == group && row.group_value == group_value && row.support > 0
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
            difference: Some(number::difference(measured.value)),
            what: gap_in(measured.metric == SummaryMetric::UAR_OVER_CORPORA),
            interval: number::interval(measured.low, measured.high),
            accuracy_difference: measured_gap(&tables.comparisons, main, "accuracy")
                .map(|row| number::difference(row.value)),
            meaning: meaning(measured.low.zip(measured.high)),
            remark: joined([
                (measured.support != main.support).then(|| {
                    format!(
                        "Measured on the {} that both protocols tested.",
                        number::counted(measured.support, "clip", "clips")
                    )
                }),
                unlike_validation(tables, main, random).map(str::to_owned),
            ]),
        });
    }
    let random = board.random()?;
    let (honest, flattering) = (main.uar()?, random.uar()?);
    let what = gap_in(main.is_over_corpora() && random.is_over_corpora());
    let accuracy_difference = main
        .metric("accuracy")
        .zip(random.metric("accuracy"))
        .map(|(honest, flattering)| number::difference(flattering.value - honest.value));
    let mut remarks: Vec<Option<String>> = Vec::new();
    if main.support != random.support {
        remarks.push(Some(format!(
            "The two were scored on different clips ({} and {}), so the gap mixes protocol and data.",
            number::count(main.support),
            number::count(random.support)
        )));
    }
    if main.standardisation != random.standardisation {
        remarks.push(Some(format!(
            "They are standardised differently ({}; {}).",
            main.standardisation_name(),
            random.standardisation_name()
        )));
    }
    let alike = random.is_made_like(main);
    if alike {
        remarks.push(unlike_validation(tables, main, Some(random)).map(str::to_owned));
    }
    Some(Gap {
        honest: side(main.protocol.name(), &main.model, honest),
        random: side(random.protocol.name(), &random.model, flattering),
        difference: alike.then(|| number::difference(flattering.value - honest.value)),
        what,
        interval: None,
        accuracy_difference: accuracy_difference.filter(|_| alike),
        meaning: if alike { meaning(None) } else { MADE_DIFFERENTLY },
        remark: joined(remarks),
    })
}

fn gap_in(over_corpora: bool) -> &'static str {
    if over_corpora { "gap in UAR, mean over corpora" } else { "gap in UAR" }
}

/// All sentences there are, as one text.
fn joined(sentences: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let told: Vec<String> = sentences.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(" "))
}

fn keep(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Keep> {
    if main.baseline {
        return None;
    }
    let rivals = rivals(tables, board, main);
    let verdict = verdict(main, &rivals)?;
    let shown = |rival: Rival<'_>| Shown {
        model: rival.scored.model.clone(),
        member: rival.member,
        value: number::metric(rival.uar.value),
        interval: number::interval(rival.uar.low, rival.uar.high),
        difference: rival.lead.map(|lead| number::difference(lead.value)),
        difference_interval: rival.lead.and_then(|lead| number::interval(lead.low, lead.high)),
        p_value: rival.p_adjusted.map(number::p_value),
    };
    Some(Keep { model: main.model.clone(), verdict, rivals: rivals.into_iter().map(shown).collect() })
}

/// Any rival that does better decides; otherwise the strongest does.
fn verdict(main: &Scored, rivals: &[Rival<'_>]) -> Option<String> {
    let strongest = rivals.first()?;
    let ahead: Vec<&Rival<'_>> = rivals.iter().filter(|rival| rival.is_ahead()).collect();
    if let Some(first) = ahead.first() {
        let names: Vec<String> = ahead.iter().map(|rival| rival.called()).collect();
        let (does, of) = if names.len() == 1 { ("does", "the") } else { ("do", "each") };
        return Some(format!(
            "No: {} {does} better on the same clips, and the whole interval of {of} difference is below zero.{}",
            listed(&names),
            reservation(first)
        ));
    }
    let (name, called) = (&strongest.scored.model, strongest.called());
    Some(match strongest.lead {
        Some(_) if strongest.is_behind() => format!(
            "Yes: {} beats {called} on the same clips, and the whole interval of the difference is above zero.{}",
            main.model,
            reservation(strongest)
        ),
        Some(Estimate { low: Some(_), high: Some(_), .. }) => {
            format!("Not shown: the interval of the difference between {} and {called} includes zero.", main.model)
        }
        _ => format!("Not tested: {} and {name} were not compared clip by clip.", main.model),
    })
}
