//! Temperatures of a model's answers: probabilities that are right as often as they say.
//!
//! One temperature for each fold (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), that of the least log loss on
//! the fold's validation clips, which the stage's `validation_predictions.parquet` tells: no test clip is looked at. Of several
//! seeds, their mean is what is scaled, and of an ensemble what it says in the fold. The folds are averaged afterwards. No clip is
//! a validation clip of them all, so nothing can be fitted to that mean; it is less sure of itself than each fold is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;
use ser_evaluate::calibration::{at_temperature, fit_temperature};
use ser_schemas::{Emotion, Model, Prediction, Table as _};
use serde::Serialize;

/// The temperature of each fold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Calibration(BTreeMap<u32, f64>);

/// Validation clips of a fold: sums of the probabilities of each seed, how many these are, and the clip's class.
type Clips<'a> = BTreeMap<&'a str, (Vec<f64>, usize, usize)>;

impl Calibration {
    /// That of the model in `folder`, which answers in `folds` with probabilities of `classes`; why there is none, in words.
    pub(super) fn of(
        folder: &Path,
        classes: &[Emotion],
        folds: &BTreeSet<u32>,
    ) -> anyhow::Result<Result<Self, &'static str>> {
        let (stage, seed) = stage_of(folder);
        let path = stage.join(Prediction::VALIDATION.file);
        if !path.exists() {
            return Ok(Err("what its stage said of validation clips does not lie with it"));
        }
        let rows = Prediction::read(&path).context("its temperature cannot be fitted")?;
        // A table that was put there from elsewhere says nothing of this model.
        let about = Model::file_in(&stage);
        let models =
            if about.exists() { Model::read(&about).context("its temperature cannot be fitted")? } else { Vec::new() };
        if !models.is_empty() && rows.iter().any(|row| models.iter().all(|model| model.model != row.model)) {
            return Ok(Err("the validation clips that lie with it are another model's"));
        }
        let rows = rows.iter().filter(|row| folds.contains(&row.fold) && (seed.is_none() || row.seed == seed));
        Ok(Self::fitted(rows, classes, folds))
    }

    fn fitted<'a>(
        rows: impl Iterator<Item = &'a Prediction>,
        classes: &[Emotion],
        folds: &BTreeSet<u32>,
    ) -> Result<Self, &'static str> {
        let mut by_fold: BTreeMap<u32, Clips<'_>> = BTreeMap::new();
        for row in rows {
            let names: Vec<&str> = row.classes.split(',').collect();
            let known = names.len() == classes.len() && names.len() == row.probabilities.len();
            let places: Option<Vec<usize>> =
                names.iter().map(|name| classes.iter().position(|class| class.as_str() == *name)).collect();
            let Some(places) = places.filter(|_| known) else {
                return Err("its stage knows other classes by now");
            };
            let truth = classes.iter().position(|class| *class == row.emotion).unwrap_or(usize::MAX);
            let clips = by_fold.entry(row.fold).or_default();
            let (sums, seeds, _) = clips.entry(&row.clip_id).or_insert_with(|| (vec![0.0; classes.len()], 0, truth));
            places.iter().zip(&row.probabilities).for_each(|(place, value)| sums[*place] += f64::from(*value));
            *seeds += 1;
        }
        if folds.iter().any(|fold| !by_fold.contains_key(fold)) {
            return Err("its split has no validation clips");
        }
        let fit = |(fold, clips): (u32, Clips<'_>)| {
            let mean = |(sums, seeds, truth): (Vec<f64>, usize, usize)| {
                (sums.into_iter().map(|sum| sum / seeds as f64).collect(), truth)
            };
            Some((fold, fit_temperature(&clips.into_values().map(mean).collect::<Vec<_>>())?))
        };
        Ok(Self(by_fold.into_par_iter().filter_map(fit).collect()))
    }

    /// What a fold says, at its temperature.
    pub(super) fn scaled(&self, fold: u32, probabilities: &[f32]) -> Vec<f32> {
        let Some(temperature) = self.0.get(&fold) else { return probabilities.to_vec() };
        let raw: Vec<f64> = probabilities.iter().map(|value| f64::from(*value)).collect();
        at_temperature(&raw, *temperature).into_iter().map(|value| value as f32).collect()
    }

    /// `temperature 1.31`, `temperatures of 1.12 to 1.31`.
    pub(super) fn told(&self) -> String {
        let (low, high) = (self.0.values().copied().reduce(f64::min), self.0.values().copied().reduce(f64::max));
        match (low, high) {
            (Some(low), Some(high)) if self.0.len() > 1 => format!("temperatures of {low:.2} to {high:.2}"),
            _ => format!("temperature {:.2}", low.unwrap_or(1.0)),
        }
    }
}

/// The folder of the stage of the model in `folder`, and the seed where that is one network of several.
fn stage_of(folder: &Path) -> (PathBuf, Option<u32>) {
    let mut stage = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let number = |stage: &Path, key: &str| -> Option<u32> {
        stage.file_name()?.to_str()?.strip_prefix(key)?.strip_prefix('=')?.parse().ok()
    };
    let seed = number(&stage, "seed");
    if seed.is_some() {
        stage.pop();
    }
    if number(&stage, "fold").is_some() {
        stage.pop();
    }
    (stage, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fold: u32, seed: Option<u32>, clip: usize, sure: f32, right: bool) -> Prediction {
        Prediction {
            model: "net".into(),
            split: "random".into(),
            fold,
            seed,
            clip_id: clip.to_string(),
            corpus: "tess".into(),
            speaker: "tess:1".into(),
            emotion: if right { Emotion::ANGRY } else { Emotion::SAD },
            predicted: Emotion::ANGRY,
            probabilities: vec![1.0 - sure, sure],
            classes: "sad,angry".into(),
        }
    }

    const CLASSES: [Emotion; 2] = [Emotion::ANGRY, Emotion::SAD];

    /// Three of four right at 0.9: the temperature at which 0.9 is 0.75 is ln 9 / ln 3 = 2. In the other fold 0.75 is what it is.
    #[test]
    fn every_fold_has_the_temperature_of_its_validation_clips() {
        let rows = (0..8).map(|clip| row(clip as u32 / 4, None, clip, if clip < 4 { 0.9 } else { 0.75 }, clip % 4 > 0));
        let rows: Vec<Prediction> = rows.collect();
        let folds = BTreeSet::from([0, 1]);
        let found = Calibration::fitted(rows.iter(), &CLASSES, &folds).expect("validation clips");
        for (fold, raw) in [(0, 0.9), (1, 0.75)] {
            let scaled = found.scaled(fold, &[raw, 1.0 - raw]);
            assert!((scaled[0] - 0.75).abs() < 1e-4 && (scaled.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{scaled:?}");
        }
        assert_eq!(found.told(), "temperatures of 1.00 to 2.00");
        let more = BTreeSet::from([0, 1, 2]);
        assert_eq!(Calibration::fitted(rows.iter(), &CLASSES, &more), Err("its split has no validation clips"));
        let others = [Emotion::ANGRY, Emotion::FEAR];
        assert_eq!(Calibration::fitted(rows.iter(), &others, &folds), Err("its stage knows other classes by now"));
    }

    /// Two seeds that say 0.8 and 1.0 say 0.9 together.
    #[test]
    fn seeds_are_scaled_as_one() {
        let rows: Vec<Prediction> = (0..4)
            .flat_map(|clip| [(0, 0.8), (1, 1.0)].map(|(seed, sure)| row(0, Some(seed), clip, sure, clip > 0)))
            .collect();
        let found = Calibration::fitted(rows.iter(), &CLASSES, &BTreeSet::from([0])).expect("validation clips");
        assert!((found.0[&0] - 2.0).abs() < 1e-3, "{found:?}");
        assert_eq!(found.told(), "temperature 2.00");
    }

    #[test]
    fn a_fold_and_a_seed_are_of_the_stage_above_them() {
        let root = tempfile::tempdir().expect("folder");
        let root = root.path().canonicalize().expect("folder");
        let net = root.join("net");
        std::fs::create_dir_all(net.join("fold=0/seed=1")).expect("folders");
        for (folder, seed) in [("net", None), ("net/fold=0", None), ("net/fold=0/seed=1", Some(1))] {
            assert_eq!(stage_of(&root.join(folder)), (net.clone(), seed));
        }
    }
}
