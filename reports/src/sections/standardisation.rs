//! Where standardisation per speaker stops to hold: the same models with few clips of a speaker, and with clips of mostly one
//! emotion.

use serde::Serialize;

use ser_schemas::{StandardisationLimit, Statistics};

use crate::Error;
use crate::charts::{Guide, Ink, IntervalRow, Level, Scale, Step, band_chart, interval_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::answer::classes_tested;
use crate::sections::words::{listed, spoken};
use crate::tables::Tables;

/// So many models are drawn, in the order of the other sections; the table has all.
const MOST_DRAWN: usize = 4;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Standardisations {
    models: Vec<Shown>,
    table: Grid,
}

/// A model that is drawn.
#[derive(Debug, Clone, Serialize)]
struct Shown {
    model: String,
    /// What follows from the intervals, a sentence or two each.
    points: Vec<String>,
    figures: Vec<Figure>,
}

/// `None` where no model was tried.
pub(crate) fn standardisations(tables: &Tables, board: &Scoreboard) -> Result<Option<Standardisations>, Error> {
    let tried: Vec<Tried<'_>> = board.models.iter().filter_map(|scored| Tried::of(tables, scored)).collect();
    if tried.is_empty() {
        return Ok(None);
    }
    let shown = |one: &Tried<'_>| {
        let figures = [Some(curve(tables, one)?), skew(one)?].into_iter().flatten().collect();
        Ok(Shown { model: one.scored.model.clone(), points: one.points(), figures })
    };
    let models = tried.iter().take(MOST_DRAWN).map(shown).collect::<Result<_, Error>>()?;
    Ok(Some(Standardisations { models, table: table(&tried) }))
}

/// The trials of one model.
pub(crate) struct Tried<'a> {
    scored: &'a Scored,
    /// With statistics of all clips of a speaker, and of the training clips.
    all: &'a StandardisationLimit,
    training: &'a StandardisationLimit,
    /// With those of few clips, the fewest first.
    few: Vec<&'a StandardisationLimit>,
    /// With those of mostly one emotion, the mildest first.
    skewed: Vec<&'a StandardisationLimit>,
}

/// Side of zero on which the whole interval of a difference is.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Above,
    Below,
    Neither,
}

fn side(low: Option<f64>, high: Option<f64>) -> Side {
    match (low, high) {
        (Some(low), Some(_)) if low > 0.0 => Side::Above,
        (Some(_), Some(high)) if high < 0.0 => Side::Below,
        _ => Side::Neither,
    }
}

impl<'a> Tried<'a> {
    /// `None` where `scored` was not tried.
    pub(crate) fn of(tables: &'a Tables, scored: &'a Scored) -> Option<Self> {
        let own = || tables.standardisation.iter().filter(|row| scored.owns(&row.model, &row.split));
        let of = |statistics| own().filter(move |row| row.statistics == statistics);
        let mut few: Vec<_> = of(Statistics::Few).filter(|row| row.clips.is_some()).collect();
        let mut skewed: Vec<_> = of(Statistics::Skewed).filter(|row| row.kept.is_some()).collect();
        few.sort_by_key(|row| row.clips);
        skewed.sort_by(|one, other| other.kept.unwrap_or_default().total_cmp(&one.kept.unwrap_or_default()));
        let (all, training) = (of(Statistics::All).next()?, of(Statistics::TrainingClips).next()?);
        Some(Self { scored, all, training, few, skewed })
    }

    /// What follows from the intervals, a sentence or two each.
    pub(crate) fn points(&self) -> Vec<String> {
        [Some(self.told_of_few()), self.told_of_twin(), self.told_of_skew()].into_iter().flatten().collect()
    }

    /// With how many clips the model is shown to be better than with statistics of training clips.
    pub(crate) fn told_of_few(&self) -> String {
        let model = &self.scored.model;
        let training = number::with_interval(self.training.value, self.training.low, self.training.high);
        if self.all.less_training_low.is_none() {
            return format!(
                "There are too few speakers to say with how many clips of a speaker {model} does better than with statistics of its training clips (UAR {training})."
            );
        }
        let against = |row: &StandardisationLimit| side(row.less_training_low, row.less_training_high);
        let enough = enough(&self.few, self.all, against);
        let worse: Vec<&StandardisationLimit> =
            self.few.iter().copied().filter(|row| against(row) == Side::Below).collect();
        let mut text = match enough {
            Enough::Fewest(clips) => format!(
                "With {clips} of a speaker and more, {model} does better than with statistics of its training clips (UAR {training})."
            ),
            Enough::From(clips) => format!(
                "With fewer than {clips} of a speaker, {model} is not shown to do better than with statistics of its training clips (UAR {training})."
            ),
            Enough::All => format!(
                "Only with all clips of a speaker is {model} shown to do better than with statistics of its training clips (UAR {training})."
            ),
            Enough::Never => format!(
                "Not even with all clips of a speaker is {model} shown to do better than with statistics of its training clips (UAR {training})."
            ),
        };
        if let [worst, ..] = worse[..] {
            let sizes: Vec<String> = worse.iter().filter_map(|row| row.clips).map(|clips| clips.to_string()).collect();
            let values: Vec<String> = worse.iter().map(|row| number::metric(row.value)).collect();
            let clips = if worse.len() == 1 && worst.clips == Some(1) { "clip" } else { "clips" };
            text = format!("{text} With {} {clips} it does worse ({}).", listed(&sizes), listed(&values));
        }
        text
    }

    /// With how many clips it is shown to be better than a model that needs none.
    fn told_of_twin(&self) -> Option<String> {
        let twin = self.all.twin.as_deref()?;
        self.all.less_twin_low?;
        let against = |row: &StandardisationLimit| side(row.less_twin_low, row.less_twin_high);
        let is_shown = match enough(&self.few, self.all, against) {
            Enough::Fewest(clips) | Enough::From(clips) => format!("is shown to do better with {clips} and more"),
            Enough::All => "is shown to do better only with all clips of a speaker".to_owned(),
            Enough::Never => "is not shown to do better even with all clips of a speaker".to_owned(),
        };
        let value = self.all.value - self.all.less_twin?;
        Some(format!(
            "Than {twin}, which was made for statistics of training clips and needs no clips of a speaker (UAR {}), it {is_shown}.",
            number::metric(value)
        ))
    }

    /// What it loses where one emotion dominates.
    fn told_of_skew(&self) -> Option<String> {
        let losses: Vec<String> = self
            .skewed
            .iter()
            .filter_map(|row| {
                let change = number::difference(row.less_all?);
                let interval = number::interval(row.less_all_low, row.less_all_high);
                let interval = interval.map_or_else(String::new, |interval| format!(" {interval}"));
                Some(format!("{change}{interval} {}", kept(row)))
            })
            .collect();
        (!losses.is_empty())
            .then(|| format!("Where one emotion dominates a speaker’s clips, its UAR changes by {}.", listed(&losses)))
    }
}

/// With how many clips something is shown, and with any more of those tried.
enum Enough {
    /// With the fewest that were tried.
    Fewest(String),
    /// With so many, and not with fewer.
    From(String),
    /// Only with all of a speaker.
    All,
    Never,
}

fn enough(
    few: &[&StandardisationLimit],
    all: &StandardisationLimit,
    against: impl Fn(&StandardisationLimit) -> Side,
) -> Enough {
    if against(all) != Side::Above {
        return Enough::Never;
    }
    let short = few.iter().rposition(|row| against(row) != Side::Above);
    let first = short.map_or(0, |short| short + 1);
    let clips = few.get(first).and_then(|row| row.clips);
    let counted = |clips: u32| number::counted(u64::from(clips), "clip", "clips");
    match (short, clips) {
        (_, None) => Enough::All,
        (None, Some(clips)) => Enough::Fewest(counted(clips)),
        (Some(_), Some(clips)) => Enough::From(counted(clips)),
    }
}

/// What was kept of other emotions, in words.
fn kept(row: &StandardisationLimit) -> String {
    match row.kept.unwrap_or_default() {
        0.0 => "with clips of that emotion alone".to_owned(),
        kept => format!("with {} of the clips of others", number::percent(kept)),
    }
}

fn estimate(row: &StandardisationLimit) -> Estimate {
    Estimate { value: row.value, low: row.low, high: row.high }
}

fn counts(row: &StandardisationLimit) -> String {
    format!(
        "{} of {}, {}",
        number::counted(row.support, "clip", "clips"),
        number::counted(row.speakers, "speaker", "speakers"),
        number::counted(u64::from(row.repetitions), "draw", "draws")
    )
}

/// UAR by the number of clips.
fn curve(tables: &Tables, tried: &Tried<'_>) -> Result<Figure, Error> {
    let model = &tried.scored.model;
    let mut grid = Grid::new(
        format!("UAR of {model} by the clips of a speaker that statistics are taken over"),
        &["Clips", "#UAR", "#Low", "#High"],
    );
    let mut steps = Vec::new();
    for row in tried.few.iter().copied().chain([tried.all]) {
        let label = row.clips.map_or_else(|| "all".to_owned(), |clips| clips.to_string());
        grid.row(vec![
            label.clone().into(),
            Cell::metric(row.value),
            Cell::maybe_metric(row.low),
            Cell::maybe_metric(row.high),
        ]);
        steps.push(Step { label, estimate: estimate(row), detail: counts(row) });
    }
    let named = |name: &str, value: f64| format!("{name} {}", number::metric(value));
    let mut levels = vec![(Ink::Contrast, "statistics of training clips".to_owned(), tried.training.value)];
    if let (Some(twin), Some(less)) = (&tried.all.twin, tried.all.less_twin) {
        levels.push((Ink::Series(2), format!("{twin}, made for statistics of training clips"), tried.all.value - less));
    }
    let classes = classes_tested(tables, tried.scored);
    if classes > 0 {
        levels.push((Ink::Muted, "guessing".to_owned(), 1.0 / classes as f64));
    }
    let has_interval = steps.iter().any(|step| number::interval(step.estimate.low, step.estimate.high).is_some());
    let interval = if has_interval { ", with the 95 % interval" } else { "" };
    let mut legend = vec![LegendItem::line(Ink::Accent, format!("{model}{interval}"))];
    legend.extend(levels.iter().map(|(ink, name, value)| LegendItem::line(*ink, named(name, *value))));
    let said: Vec<String> = steps
        .iter()
        .map(|step| {
            format!(
                "{} {}",
                step.label,
                number::with_interval(step.estimate.value, step.estimate.low, step.estimate.high)
            )
        })
        .collect();
    let levels: Vec<Level> = levels.into_iter().map(|(ink, label, value)| Level { label, value, ink }).collect();
    let compared: Vec<String> = levels.iter().map(|level| named(&level.label, level.value)).collect();
    let label = format!("UAR of {model} by clips of a speaker: {}. {}", said.join("; "), compared.join("; "));
    let chart = band_chart(&label, ["clips of the speaker that statistics are taken over", "UAR"], &steps, &levels)?;
    let caption = "Each speaker’s clips are divided at random into groups of that size, standardised group by group.";
    Ok(Figure::new(format!("{model} with few clips of a speaker"), caption, chart, grid).with_legend(legend))
}

/// UAR by what was kept of other emotions; `None` where nothing was.
fn skew(tried: &Tried<'_>) -> Result<Option<Figure>, Error> {
    if tried.skewed.is_empty() {
        return Ok(None);
    }
    let model = &tried.scored.model;
    let mut grid =
        Grid::new(format!("UAR of {model} where one emotion dominates"), &["Statistics of", "#UAR", "#Low", "#High"]);
    let mut rows = Vec::new();
    for row in [tried.all].into_iter().chain(tried.skewed.iter().copied()).chain([tried.training]) {
        grid.row(vec![
            statistics_of(row).into(),
            Cell::metric(row.value),
            Cell::maybe_metric(row.low),
            Cell::maybe_metric(row.high),
        ]);
        let ink = if row.statistics == Statistics::Skewed { Ink::Accent } else { Ink::Muted };
        rows.push(IntervalRow::new(statistics_of(row), estimate(row), ink, counts(row)));
    }
    let guide = Guide { at: tried.all.value, label: format!("all clips {}", number::metric(tried.all.value)) };
    let label = format!("UAR of {model} by the clips that statistics are taken over: {}", spoken(&rows));
    let chart = interval_chart(&label, Scale::Share, &rows, Some(&guide))?;
    let caption = "Statistics of all of a speaker’s clips of one emotion, drawn, and of a share of the others; they standardise all clips of the speaker.";
    Ok(Some(Figure::new(format!("{model} where one emotion dominates"), caption, chart, grid)))
}

/// The clips that statistics are taken over.
fn statistics_of(row: &StandardisationLimit) -> String {
    match (row.statistics, row.clips, row.kept) {
        (Statistics::All, ..) => "all clips of the speaker".to_owned(),
        (Statistics::TrainingClips, ..) => "training clips".to_owned(),
        (Statistics::Few, clips, _) => {
            format!("{} of the speaker", number::counted(clips.unwrap_or_default().into(), "clip", "clips"))
        }
        (Statistics::Skewed, _, None | Some(0.0)) => "one emotion alone".to_owned(),
        (Statistics::Skewed, _, Some(kept)) => format!("one emotion, {} of others", number::percent(kept)),
    }
}

fn table(tried: &[Tried<'_>]) -> Grid {
    let mut grid = Grid::new(
        "Every model that is standardised per speaker, by the clips that statistics are taken over",
        &[
            "?Model",
            "Statistics of",
            "#UAR",
            "#Less all clips",
            "#Less training clips",
            "#Less the twin",
            "#Clips",
            "#Speakers",
            "#Draws",
        ],
    );
    for one in tried {
        let rows = [one.all].into_iter().chain(one.few.iter().copied()).chain(one.skewed.iter().copied());
        for row in rows.chain([one.training]) {
            let less = |value: Option<f64>, low, high| {
                value.map_or_else(Cell::none, |value| Cell::difference(Estimate { value, low, high }))
            };
            grid.row(vec![
                Cell::from(row.model.clone()).note(format!("split {}", row.split)),
                statistics_of(row).into(),
                Cell::estimate(Some(estimate(row))),
                less(row.less_all, row.less_all_low, row.less_all_high),
                less(row.less_training, row.less_training_low, row.less_training_high),
                less(row.less_twin, row.less_twin_low, row.less_twin_high),
                Cell::count(row.support),
                Cell::count(row.speakers),
                Cell::count(row.repetitions.into()),
            ]);
        }
    }
    grid.foot("UAR of several corpora is the mean over them. Differences are of the same clips, with intervals over the same speakers. The twin is the model of the same description on the same split that was made for statistics of training clips. Speakers with fewer clips than are tried are left out there.");
    grid
}
