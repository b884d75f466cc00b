//! On a corpus, or in a language, that a model has never heard: one after another, beside the same model where it has
//! heard others of it speak, and in the mean.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use ser_schemas::{Comparison, ComparisonKind, CrossCorpus, Grouping, Role, SummaryMetric, language_name};

use crate::Error;
use crate::charts::{Ink, IntervalRow, Scale, interval_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::answer::chance_on;
use crate::sections::words::{capitalised, distinct, listed, spoken};
use crate::tables::Tables;

/// So many models are shown, in the order of the scoreboard.
const MOST_SHOWN: usize = 6;

/// How the models of a run do on what they have never heard.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unheard {
    models: Vec<UnheardModel>,
    /// Sentence in place of models, where there are none.
    none: String,
}

#[derive(Debug, Clone, Serialize)]
struct UnheardModel {
    figure: Option<Figure>,
    table: Grid,
}

/// One corpus or language of the table.
struct Held<'a> {
    /// As tables call it.
    value: &'a str,
    name: String,
    corpora: Vec<String>,
    emotions: String,
    untrained: Option<&'a str>,
    chance: Option<f64>,
    unheard: Estimate,
    /// The same recipe that heard it, and the difference.
    heard: Option<(Estimate, Estimate)>,
    clips: u64,
    speakers: u64,
}

/// Of the models whose split leaves one value of `column` out at a time: a corpus or a language.
pub(crate) fn unheard(tables: &Tables, board: &Scoreboard, column: Grouping) -> Result<Unheard, Error> {
    let told = |scored: &&Scored| !scored.is_constant() && !rows(tables, scored, column).is_empty();
    let models: Vec<&Scored> = board.models.iter().filter(told).take(MOST_SHOWN).collect();
    let models = models.into_iter().map(|scored| model(tables, board, scored, column));
    Ok(Unheard { models: models.collect::<Result<_, _>>()?, none: none(tables, column) })
}

/// The rows of test clips, as the model stands for them: in the mean over corpora where they are of several.
fn rows<'a>(tables: &'a Tables, scored: &Scored, column: Grouping) -> Vec<&'a CrossCorpus> {
    let of_column = |row: &&CrossCorpus| {
        row.role == Role::Test
            && scored.owns(&row.model, &row.split)
            && row.held_out.as_deref().unwrap_or("corpus") == column.as_str()
    };
    let rows: Vec<&CrossCorpus> = tables.cross_corpus.iter().filter(of_column).collect();
    let is_mean = |row: &CrossCorpus| row.metric == SummaryMetric::UAR_OVER_CORPORA;
    let has_mean =
        |row: &CrossCorpus| rows.iter().any(|other| is_mean(other) && other.trained_without == row.trained_without);
    let stands = |row: &&CrossCorpus| is_mean(row) || row.metric == SummaryMetric::UAR && !has_mean(row);
    rows.iter().copied().filter(stands).collect()
}

fn model(tables: &Tables, board: &Scoreboard, scored: &Scored, column: Grouping) -> Result<UnheardModel, Error> {
    let compared: Vec<&Comparison> = tables
        .comparisons
        .iter()
        .filter(|row| row.kind == ComparisonKind::Unheard && scored.owns(&row.model_a, &row.split_a))
        .collect();
    let twin = compared.first().and_then(|row| board.models.iter().find(|twin| twin.owns(&row.model_b, &row.split_b)));
    let held: Vec<Held<'_>> =
        rows(tables, scored, column).into_iter().map(|row| one(tables, scored, twin, column, row, &compared)).collect();
    let mean = mean(scored, twin, column, &compared);
    // Corpora have a matrix of their own.
    let figure = (column == Grouping::Language).then(|| figure(scored, twin, column, &held, mean)).transpose()?;
    Ok(UnheardModel { figure, table: table(scored, twin, column, &held, mean) })
}

fn one<'a>(
    tables: &'a Tables,
    scored: &Scored,
    twin: Option<&Scored>,
    column: Grouping,
    row: &'a CrossCorpus,
    compared: &[&Comparison],
) -> Held<'a> {
    let value = row.trained_without.as_str();
    let of_value = tables.clips.iter().filter(|clip| column.of(clip).as_deref() == Some(value));
    let corpora: Vec<String> =
        distinct(of_value.map(|clip| clip.corpus.as_str())).into_iter().map(str::to_owned).collect();
    let difference = compared
        .iter()
        .find(|other| other.metric == row.metric && other.group_value.as_deref() == Some(value))
        .map(|other| (other.value_b, Estimate { value: other.value, low: other.low, high: other.high }));
    let heard = difference.map(|(heard, difference)| {
        let of = |twin: &Scored| {
            let of = [twin.model.as_str(), &twin.split, column.as_str(), value];
            SummaryMetric::headline(&tables.summary, of).filter(|of| of.support == row.support).map(Estimate::from)
        };
        (Estimate { value: heard, ..twin.and_then(of).unwrap_or_else(|| Estimate::exact(heard)) }, difference)
    });
    Held {
        value,
        name: name(column, value),
        chance: chance_on(tables, scored, &corpora),
        corpora,
        emotions: row.emotions.as_deref().unwrap_or_default().replace(',', ", "),
        untrained: row.untrained.as_deref().filter(|emotions| !emotions.is_empty()),
        unheard: Estimate { value: row.value, low: row.low, high: row.high },
        heard,
        clips: row.support,
        speakers: row.speakers,
    }
}

/// Never heard, heard, and the difference, in the mean over all of them.
type Mean = (Estimate, Option<(Estimate, Estimate)>);

fn mean(scored: &Scored, twin: Option<&Scored>, column: Grouping, compared: &[&Comparison]) -> Option<Mean> {
    let metric =
        if column == Grouping::Language { SummaryMetric::UAR_OVER_LANGUAGES } else { SummaryMetric::UAR_OVER_CORPORA };
    let unheard = scored.metric(metric)?;
    let row = compared.iter().find(|row| row.metric == metric && row.group.is_none());
    let heard = row.map(|row| {
        let of_twin = twin.filter(|twin| twin.support == row.support).and_then(|twin| twin.metric(metric));
        (
            Estimate { value: row.value_b, ..of_twin.unwrap_or_else(|| Estimate::exact(row.value_b)) },
            Estimate { value: row.value, low: row.low, high: row.high },
        )
    });
    Some((unheard, heard))
}

fn figure(
    scored: &Scored,
    twin: Option<&Scored>,
    column: Grouping,
    held: &[Held<'_>],
    mean: Option<Mean>,
) -> Result<Figure, Error> {
    let mut drawn = Vec::new();
    let mut grid = Grid::new(format!("UAR of {}", scored.model), &["Tested on", "#Value", "#Low", "#High"]);
    let mut push = |name: &str, unheard: Estimate, heard: Option<(Estimate, Estimate)>, detail: String| {
        let told = [(Some(unheard), "never heard", Ink::Accent), (heard.map(|(heard, _)| heard), "heard", Ink::Muted)];
        for (estimate, what, ink) in told {
            let Some(estimate) = estimate else { continue };
            let label = format!("{name}, {what}");
            grid.row(vec![
                label.clone().into(),
                Cell::metric(estimate.value),
                Cell::maybe_metric(estimate.low),
                Cell::maybe_metric(estimate.high),
            ]);
            drawn.push(IntervalRow {
                hollow: what == "heard",
                ..IntervalRow::new(label, estimate, ink, detail.clone())
            });
        }
    };
    for one in held {
        let detail = format!(
            "{} of {}",
            number::counted(one.clips, "clip", "clips"),
            number::counted(one.speakers, "speaker", "speakers")
        );
        push(&one.name, one.unheard, one.heard, detail);
    }
    if let Some((unheard, heard)) = mean {
        push(&format!("Mean over {}", plural(column)), unheard, heard, String::new());
    }
    let what = column.as_str();
    let label = format!("UAR of {} by {what}, never heard and heard: {}", scored.model, spoken(&drawn));
    let chart = interval_chart(&label, Scale::Share, &drawn, None)?;
    let mut legend = vec![LegendItem::dot(Ink::Accent, format!("trained on the other {}", plural(column)))];
    if let Some(twin) = twin {
        legend.push(LegendItem::hollow(Ink::Muted, format!("{}: heard other speakers of the {what}", twin.model)));
    }
    let mark = scored.sharing().map_or_else(String::new, |sharing| format!(" The model {sharing}."));
    let caption =
        format!("UAR on each {what}, of a model that was trained on the others; bars are 95 % intervals.{mark}");
    Ok(Figure::new(format!("By {what}, {}", scored.model), caption, chart, grid).with_legend(legend))
}

fn table(scored: &Scored, twin: Option<&Scored>, column: Grouping, held: &[Held<'_>], mean: Option<Mean>) -> Grid {
    let languages = column == Grouping::Language;
    let compared = held.iter().any(|one| one.heard.is_some());
    let mut headings = vec![capitalised(column.as_str()), "#Never heard".to_owned()];
    headings.extend(["#Heard", "#Difference"].iter().filter(|_| compared).map(|text| (*text).to_owned()));
    headings.push("#Guessing".to_owned());
    headings.extend(languages.then(|| "Corpora".to_owned()));
    headings.extend(["Emotions", "#Clips", "#Speakers"].map(str::to_owned));
    let mark = scored.sharing().map_or_else(String::new, |sharing| format!("; it {sharing}"));
    let caption = format!("UAR of {} by {}, with 95 % intervals{mark}", scored.model, column.as_str());
    let mut grid = Grid::new(caption, &headings);
    let estimates = |unheard: Estimate, heard: Option<(Estimate, Estimate)>| {
        let mut cells = vec![Cell::estimate(Some(unheard))];
        if compared {
            cells.push(Cell::estimate(heard.map(|(heard, _)| heard)));
            cells.push(heard.map_or_else(Cell::none, |(_, difference)| Cell::difference(difference)));
        }
        cells
    };
    for one in held {
        let mut row = vec![Cell::from(one.name.clone())];
        row.extend(estimates(one.unheard, one.heard));
        row.push(Cell::maybe_metric(one.chance));
        row.extend(languages.then(|| Cell::from(listed(&one.corpora))));
        row.extend([Cell::from(one.emotions.clone()), Cell::count(one.clips), Cell::count(one.speakers)]);
        grid.row(row);
    }
    if let Some((unheard, heard)) = mean {
        let mut row = vec![Cell::from(format!("Mean over {}", plural(column))).class("leading")];
        row.extend(estimates(unheard, heard));
        let chances: Option<Vec<f64>> = held.iter().map(|one| one.chance).collect();
        let chance = chances.map(|chances| chances.iter().sum::<f64>() / held.len().max(1) as f64);
        row.push(Cell::maybe_metric(chance));
        row.extend(languages.then(Cell::none));
        let clips = held.iter().map(|one| one.clips).sum();
        row.extend([Cell::none(), Cell::count(clips), Cell::count(held.iter().map(|one| one.speakers).sum())]);
        grid.row(row);
    }
    grid.foot(foot(scored, twin.filter(|_| compared), column, held));
    grid
}

/// What the columns are, and which recalls can only be 0.
fn foot(scored: &Scored, twin: Option<&Scored>, column: Grouping, held: &[Held<'_>]) -> String {
    let what = column.as_str();
    let mut foot = format!("Never heard: trained on the other {}. ", plural(column));
    if let Some(twin) = twin {
        let unlike = scored.shares_with() != twin.shares_with();
        let _ = write!(
            foot,
            "Heard: {}, {} on split {}, which was trained on other speakers of the {what} too; the difference is on the \
             same clips, and below zero where it is better to have heard the {what}. ",
            twin.model,
            if unlike { "trained by the same settings" } else { "the same model" },
            twin.split
        );
        if unlike {
            let uses = |scored: &Scored| scored.sharing().unwrap_or_else(|| "uses no unlabelled test clips".to_owned());
            let _ = write!(
                foot,
                "The two are standardised differently: never heard, it {}; heard, it {}. The difference holds that, too. ",
                uses(scored),
                uses(twin)
            );
        }
    }
    foot.push_str("UAR is over the emotions that the clips have: one that they lack does not count.");
    if held.iter().any(|one| one.corpora.len() > 1) {
        let _ = write!(foot, " A {what} of several corpora is the mean over these, each over its own emotions.");
    }
    for one in held {
        if let Some(untrained) = one.untrained {
            let _ = write!(
                foot,
                " {} of {}: in no clip that the model was trained on, so its recall there is 0.",
                capitalised(&untrained.replace(',', ", ")),
                name(column, one.value)
            );
        }
    }
    foot
}

fn none(tables: &Tables, column: Grouping) -> String {
    if column == Grouping::Corpus {
        return "No model was trained without one corpus at a time, so nothing is known about recordings from elsewhere."
            .to_owned();
    }
    let values: BTreeSet<String> = tables.clips.iter().filter_map(|clip| column.of(clip)).collect();
    match values.iter().collect::<Vec<_>>().as_slice() {
        [] => "No corpus states its language.".to_owned(),
        [one] => format!("Every language that is stated is {}, so nothing is known about others.", name(column, one)),
        _ => {
            "No model was trained without one language at a time, so nothing is known about languages that a model has \
              never heard."
                .to_owned()
        }
    }
}

fn plural(column: Grouping) -> &'static str {
    if column == Grouping::Language { "languages" } else { "corpora" }
}

/// A language by its name, and its code where it has one; a corpus as it is called.
fn name(column: Grouping, value: &str) -> String {
    match language_name(value).filter(|_| column == Grouping::Language) {
        Some(name) => format!("{name} ({value})"),
        None => value.to_owned(),
    }
}
