//! One model on one split, ready to be scored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ser_schemas::{Clip, Emotion, Grouping, Model, Prediction};

use crate::calibration::{at_temperature, fit_temperature};
use crate::groups::{Said, Scored, classes};
use crate::leaks::TrainedOn;

/// Temperatures of the networks of each fold, seed by seed.
pub(crate) type Temperatures = BTreeMap<u32, Vec<f64>>;

/// A model on a split, with what it said of every clip.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// Description of it by its stage.
    pub about: &'a Model,
    /// Columns of clips whose values its split holds out whole.
    pub held_out: Vec<Grouping>,
    /// Classes of all figures.
    pub classes: Vec<Emotion>,
    /// Networks that answer for each clip, alike but for their seed; at least 1.
    pub seeds: usize,
    /// Emotions that the weights of each fold were fitted on; empty where nobody tells.
    pub trained_on: BTreeMap<u32, BTreeSet<Emotion>>,
    /// For folds with validation clips, where scaling is asked for.
    pub temperatures: Temperatures,
    /// Test clips.
    pub clips: Vec<Scored<'a>>,
    /// Validation clips.
    pub validation: Vec<Scored<'a>>,
}

impl<'a> Subject<'a> {
    /// Brings what a model said of test and validation clips into the order of its classes; predictions of clips that
    /// `clips` lacks are left out. `trained_on` is what its weights were fitted on, fold by fold; empty where nobody
    /// tells. With `scale`, a temperature is fitted on the validation clips of each fold for each network, and on
    /// nothing else.
    pub(crate) fn new(
        about: &'a Model,
        predictions: &[&'a Prediction],
        validation: &'a [Prediction],
        trained_on: &BTreeMap<u32, TrainedOn<'_>>,
        clips: &HashMap<&str, &'a Clip>,
        scale: bool,
    ) -> Self {
        let rows = || predictions.iter().copied();
        let classes = classes(rows().chain(validation));
        let seeds = rows().chain(validation).map(|row| row.seed).collect::<BTreeSet<_>>().len().max(1);
        let scored = |rows: Vec<&'a Prediction>| {
            let row = *rows.first()?;
            let said = |row: &&Prediction| Said {
                class: position(&classes, row.predicted),
                right: row.predicted == row.emotion,
                raw: probabilities(row, &classes),
                scaled: None,
            };
            Some(Scored {
                prediction: row,
                clip: *clips.get(row.clip_id.as_str())?,
                truth: position(&classes, row.emotion),
                answers: rows.iter().map(said).collect(),
                known_speaker: trained_on
                    .get(&row.fold)
                    .is_some_and(|trained_on| trained_on.speakers.contains(row.speaker.as_str())),
            })
        };
        let validation: Vec<Scored<'_>> = by_clip(validation, seeds).into_iter().filter_map(scored).collect();
        let mut tested: Vec<Scored<'_>> = by_clip(rows(), seeds).into_iter().filter_map(scored).collect();
        let temperatures = if scale { temperatures(&validation, seeds) } else { BTreeMap::new() };
        for one in &mut tested {
            let temperatures = temperatures.get(&one.prediction.fold).into_iter().flatten();
            for (said, temperature) in one.answers.iter_mut().zip(temperatures) {
                said.scaled = Some(at_temperature(&said.raw, *temperature));
            }
        }
        let held_out = Grouping::held_out_by(about.protocol.as_deref().unwrap_or_default(), about.held_out.as_deref());
        let trained_on = trained_on.iter().map(|(fold, of)| (*fold, of.emotions.clone())).collect();
        Self { about, held_out, classes, seeds, trained_on, temperatures, clips: tested, validation }
    }

    /// `true` if its split holds out speakers, and nothing else, in folds.
    pub(crate) fn is_speaker_independent(&self) -> bool {
        self.protocol() == "speaker-independent" && self.held_out == [Grouping::Speaker]
    }

    /// `true` if its split holds out speakers and more: their corpora, their languages, what they say.
    pub(crate) fn holds_out_more_than_speakers(&self) -> bool {
        self.held_out.iter().any(|column| column.is_of_speakers()) && self.held_out != [Grouping::Speaker]
    }

    /// Protocol of its split; empty where not known.
    pub(crate) fn protocol(&self) -> &str {
        self.about.protocol.as_deref().unwrap_or_default()
    }
}

/// The predictions of each clip in each fold together, by seed; clips in the order of their first.
fn by_clip<'a>(rows: impl IntoIterator<Item = &'a Prediction>, seeds: usize) -> Vec<Vec<&'a Prediction>> {
    if seeds < 2 {
        return rows.into_iter().map(|row| vec![row]).collect();
    }
    let (mut places, mut clips) = (HashMap::new(), Vec::<Vec<&Prediction>>::new());
    for row in rows {
        let place = *places.entry((row.fold, row.clip_id.as_str())).or_insert(clips.len());
        if place == clips.len() {
            clips.push(Vec::with_capacity(seeds));
        }
        clips[place].push(row);
    }
    for rows in &mut clips {
        rows.sort_by_key(|row| row.seed);
    }
    clips
}

fn temperatures(validation: &[Scored<'_>], seeds: usize) -> Temperatures {
    let mut folds: BTreeMap<u32, Vec<&Scored<'_>>> = BTreeMap::new();
    for one in validation {
        folds.entry(one.prediction.fold).or_default().push(one);
    }
    let of_seed = |clips: &[&Scored<'_>], seed: usize| {
        let said: Vec<(Vec<f64>, usize)> =
            clips.iter().filter_map(|one| Some((one.answers.get(seed)?.raw.clone(), one.truth))).collect();
        fit_temperature(&said)
    };
    let of_fold = |(fold, clips): (u32, Vec<&Scored<'_>>)| {
        Some((fold, (0..seeds).map(|seed| of_seed(&clips, seed)).collect::<Option<_>>()?))
    };
    folds.into_iter().filter_map(of_fold).collect()
}

/// The probabilities of a row in the order of `classes`; 0 for a class that the row does not list.
fn probabilities(row: &Prediction, classes: &[Emotion]) -> Vec<f64> {
    let mut ordered = vec![0.0; classes.len()];
    for (name, probability) in row.classes.split(',').zip(&row.probabilities) {
        if let Some(class) = classes.iter().position(|class| class.as_str() == name.trim()) {
            ordered[class] = f64::from(*probability);
        }
    }
    ordered
}

/// Position of an emotion; the classes hold every emotion of the rows, and a matrix leaves out what is beyond its last.
fn position(classes: &[Emotion], emotion: Emotion) -> usize {
    classes.iter().position(|class| *class == emotion).unwrap_or(usize::MAX)
}
