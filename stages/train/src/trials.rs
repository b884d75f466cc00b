//! Where a network's standardisation per speaker stops to hold: its answers with statistics of few and of unbalanced
//! clips.

use std::collections::BTreeMap;

use rayon::prelude::*;
use ser_models::{Fold, Trial, trials};

use crate::data::{Dataset, Scaler, Scalings};
use crate::error::TrainError;
use crate::networks::Hears;
use crate::params::{Params, Standardise};

/// A fold's trials, each with the scalers of its groups, made one after the other as they are asked for: those of
/// single clips take room. None where a network's input does not depend on the speaker.
pub(crate) fn scaled_trials<'a>(
    params: &'a Params,
    data: &'a Dataset,
    fold: &Fold,
    training: &'a Scalings,
) -> impl Iterator<Item = Result<(Trial, Vec<Scaler>), TrainError>> + 'a {
    let hears = params.model.architecture().hears();
    // Samples are standardised clip by clip.
    let depends = hears != Hears::Waveform || params.use_functionals;
    let repetitions =
        if params.standardise == Standardise::Speaker && depends { params.standardisation_trials } else { 0 };
    let (width, functionals) = (data.width(), data.functional_names.len());
    let prior = params.speaker_prior();
    let scaler = move |over: &Vec<usize>| {
        let scalings = if over.is_empty() {
            training.clone()
        } else {
            let own = Scalings::fit(over.iter().map(|at| &data.clips[*at]), width, functionals)?;
            own.blended(training, over.len(), prior)
        };
        Ok(Scaler::new(params.standardise, hears, scalings, BTreeMap::new()))
    };
    trials(&data.split, fold, repetitions).into_iter().map(move |trial| {
        let scalers = trial.groups.par_iter().map(|group| scaler(&group.over)).collect::<Result<_, TrainError>>()?;
        Ok((trial, scalers))
    })
}
