//! The one answer of a fold to a clip, as `ser predict` gives it with the networks of the fold: of several seeds the mean of their
//! probabilities, at the temperature that fits this mean on the fold's validation clips.

use std::collections::BTreeMap;

use crate::calibration::{at_temperature, fit_temperature, most_probable};
use crate::groups::Scored;
use crate::subject::Subject;

/// What the folds of a subject say.
pub(crate) struct FoldAnswers {
    /// Of each fold.
    temperatures: BTreeMap<u32, f64>,
    /// `true` if every fold has one; otherwise none is used.
    pub scaled: bool,
}

/// What a fold says of a clip.
pub(crate) struct FoldAnswer {
    /// Probability of each class.
    pub probabilities: Vec<f64>,
    /// Position of the predicted class.
    pub predicted: usize,
}

impl FoldAnswers {
    pub(crate) fn of(subject: &Subject<'_>) -> Self {
        let temperatures = temperatures(subject);
        let scaled = subject.clips.iter().all(|clip| temperatures.contains_key(&fold(clip)));
        Self { temperatures, scaled }
    }

    /// The answer to a test clip.
    pub(crate) fn answer(&self, clip: &Scored<'_>) -> FoldAnswer {
        let raw = clip.mean_probabilities();
        // What is predicted stands in the table of one network; that of several follows from their mean.
        let predicted = match clip.answers.as_slice() {
            [one] => one.class,
            _ => most_probable(&raw),
        };
        let temperature = self.temperatures.get(&fold(clip)).filter(|_| self.scaled);
        let probabilities = temperature.map_or(raw.clone(), |temperature| at_temperature(&raw, *temperature));
        FoldAnswer { probabilities, predicted }
    }
}

fn fold(clip: &Scored<'_>) -> u32 {
    clip.prediction.fold
}

/// Temperatures of the answers of each fold.
fn temperatures(subject: &Subject<'_>) -> BTreeMap<u32, f64> {
    let folds = subject.temperatures.iter();
    if subject.seeds == 1 {
        return folds.filter_map(|(fold, of_seeds)| Some((*fold, *of_seeds.first()?))).collect();
    }
    let of_mean = |wanted: u32| {
        let clips = subject.validation.iter().filter(|clip| fold(clip) == wanted);
        fit_temperature(&clips.map(|clip| (clip.mean_probabilities(), clip.truth)).collect::<Vec<_>>())
    };
    folds.filter_map(|(fold, _)| Some((*fold, of_mean(*fold)?))).collect()
}
