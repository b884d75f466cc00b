//! Clips are dealt to folds whoever speaks them: what most published figures for acted corpora rest on.
//!
//! A model is then tested on voices that it was trained on, and its figures do not carry over to new speakers.

use rand_chacha::ChaCha8Rng;

use ser_schemas::Clip;
use ser_text::some_names;

use crate::division::{Plan, Unit, hold_out};
use crate::error::SplitError;
use crate::params::Params;
use crate::stratify::{deal, pick};

pub(crate) fn plan(params: &Params, clips: &[Clip], generator: &mut ChaCha8Rng) -> Result<Plan, SplitError> {
    let everything: Vec<usize> = (0..clips.len()).collect();
    let folds = params.folds as usize;
    if clips.len() < 2 {
        return Err(SplitError::OneClip { clip: some_names(clips.iter().map(|clip| clip.clip_id.as_str())) });
    }
    if clips.len() < folds {
        return Err(SplitError::TooManyFolds {
            key: "folds",
            folds: params.folds,
            what: "clips".to_owned(),
            found: clips.len(),
        });
    }
    if folds == 1 {
        let test = pick(clips, &everything, params.test_fraction, generator);
        let held_out = format!("{} of {} clips at random", test.len(), clips.len());
        let fold = hold_out(0, held_out, test, &everything);
        return Ok(Plan { folds: vec![fold], unit: Unit::Clips, tests_every_clip_once: false, unknown: Vec::new() });
    }
    let hands = deal(clips, &everything, folds, generator).into_iter().enumerate();
    let folds = hands.map(|(number, test)| {
        let held_out = format!("{} of {} clips at random", test.len(), clips.len());
        hold_out(number, held_out, test, &everything)
    });
    Ok(Plan { folds: folds.collect(), unit: Unit::Clips, tests_every_clip_once: true, unknown: Vec::new() })
}
