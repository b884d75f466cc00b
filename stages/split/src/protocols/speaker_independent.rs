//! Whole speakers are held out, in folds that are alike.
//!
//! Each fold gets as many speakers of each corpus as every other, to within one; which of them is chosen so that the
//! folds are balanced over the emotions and genders of each corpus and in size.

use rand_chacha::ChaCha8Rng;

use ser_schemas::Clip;
use ser_text::some_names;

use super::require_speakers;
use crate::balance::divide_evenly;
use crate::division::{Plan, Unit, hold_out};
use crate::error::SplitError;
use crate::params::{Params, Protocol};
use crate::roster::speakers;
use crate::ties::Ties;

pub(crate) fn plan(
    params: &Params,
    clips: &[Clip],
    ties: &Ties,
    generator: &mut ChaCha8Rng,
) -> Result<Plan, SplitError> {
    require_speakers(clips, Protocol::SpeakerIndependent)?;
    let everything: Vec<usize> = (0..clips.len()).collect();
    let speakers = speakers(clips, &everything, ties);
    let folds = params.folds as usize;
    if speakers.len() < 2 {
        return Err(SplitError::NothingToLeaveOut {
            protocol: Protocol::SpeakerIndependent.as_str(),
            what: "speakers".to_owned(),
            found: speakers.len(),
            names: some_names(speakers.iter().map(|speaker| speaker.name.as_str())),
            unknown: String::new(),
        });
    }
    if speakers.len() < folds {
        return Err(SplitError::TooManyFolds {
            key: "folds",
            folds: params.folds,
            what: "speakers".to_owned(),
            found: speakers.len(),
        });
    }
    let parts = divide_evenly(clips, &speakers, folds, generator);
    let folds = (0..folds).map(|fold| {
        let members =
            || speakers.iter().zip(&parts).filter(move |(_, part)| **part == fold).map(|(speaker, _)| speaker);
        let held_out = format!("speakers {}", some_names(members().map(|speaker| speaker.name.as_str())));
        hold_out(fold, held_out, members().flat_map(|speaker| speaker.clips.clone()).collect(), &everything)
    });
    Ok(Plan { folds: folds.collect(), unit: Unit::Speakers, tests_every_clip_once: true, unknown: Vec::new() })
}
