//! One model on one split, ready to be scored.

use std::collections::{BTreeMap, HashMap, HashSet};

use ser_schemas::{Clip, Emotion, Model, Prediction};

use crate::calibration::{at_temperature, fit_temperature};
use crate::groups::{Scored, classes};

/// A model on a split, with what it said of every clip.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// Description of it by its stage.
    pub about: &'a Model,
    /// Classes of all figures.
    pub classes: Vec<Emotion>,
    /// Temperature of each fold, where it has validation clips and scaling is asked for.
    pub temperatures: BTreeMap<u32, f64>,
    /// Test clips.
    pub clips: Vec<Scored<'a>>,
    /// Validation clips.
    pub validation: Vec<Scored<'a>>,
}

impl<'a> Subject<'a> {
    /// Brings what a model said of test and validation clips into the order of its classes; predictions of clips that `clips`
    /// lacks are left out. `trained_on` are the speakers whom its weights were fitted on, fold by fold; empty where nobody
    /// tells. With `scale`, a temperature is fitted on the validation clips of each fold, and on nothing else.
    pub(crate) fn new(
        about: &'a Model,
        predictions: &[&'a Prediction],
        validation: &'a [Prediction],
        trained_on: &BTreeMap<u32, HashSet<&str>>,
        clips: &HashMap<&str, &'a Clip>,
        scale: bool,
    ) -> Self {
        let rows = || predictions.iter().copied();
        let classes = classes(rows().chain(validation));
        let scored = |row: &'a Prediction| {
            Some(Scored {
                prediction: row,
                clip: *clips.get(row.clip_id.as_str())?,
                truth: position(&classes, row.emotion),
                said: position(&classes, row.predicted),
                raw: probabilities(row, &classes),
                scaled: None,
                known_speaker: trained_on
                    .get(&row.fold)
                    .is_some_and(|speakers| speakers.contains(row.speaker.as_str())),
            })
        };
        let validation: Vec<Scored<'_>> = validation.iter().filter_map(scored).collect();
        let mut tested: Vec<Scored<'_>> = rows().filter_map(scored).collect();
        let mut temperatures = BTreeMap::new();
        if scale {
            let mut folds: BTreeMap<u32, Vec<(Vec<f64>, usize)>> = BTreeMap::new();
            for one in &validation {
                folds.entry(one.prediction.fold).or_default().push((one.raw.clone(), one.truth));
            }
            temperatures.extend(folds.into_iter().filter_map(|(fold, clips)| Some((fold, fit_temperature(&clips)?))));
            for one in &mut tested {
                let temperature = temperatures.get(&one.prediction.fold);
                one.scaled = temperature.map(|temperature| at_temperature(&one.raw, *temperature));
            }
        }
        Self { about, classes, temperatures, clips: tested, validation }
    }

    /// Protocol of its split; empty where not known.
    pub(crate) fn protocol(&self) -> &str {
        self.about.protocol.as_deref().unwrap_or_default()
    }
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
