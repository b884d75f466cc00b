//! From a table of clips to folds: the protocol holds clips out, the rest is divided into training and validation.

use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use ser_schemas::{Clip, Role};

use crate::error::SplitError;
use crate::params::{Params, Protocol};
use crate::protocols;
use crate::validation::{Unit, carve};

/// One fold; clips are indices into the table that was divided, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The fold's number.
    pub number: u32,
    /// What is held out, in words: `speakers ravdess:01, tess:OAF`, `corpus tess`, `a fifth of the clips`.
    pub held_out: String,
    /// Clips that weights are fitted on.
    pub train: Vec<usize>,
    /// Clips that choose the epoch.
    pub validation: Vec<usize>,
    /// Clips held out.
    pub test: Vec<usize>,
}

impl Fold {
    /// The clips of each role.
    pub fn roles(&self) -> [(Role, &[usize]); 3] {
        [(Role::Train, &self.train), (Role::Validation, &self.validation), (Role::Test, &self.test)]
    }
}

/// All folds of a split, and what the protocol promises of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// The folds, by number.
    pub folds: Vec<Fold>,
    /// Whether a speaker on both sides of a fold is a leak.
    pub keeps_speakers_apart: bool,
    /// Whether every clip is tested in exactly one fold.
    pub tests_every_clip_once: bool,
}

/// What a protocol decides: who is held out, and how validation clips are to be carved out of the rest.
pub(crate) struct Plan {
    pub(crate) folds: Vec<Fold>,
    pub(crate) unit: Unit,
    pub(crate) tests_every_clip_once: bool,
}

/// Divides `clips` as `params` say. The same clips in the same order, parameters and seed give the same division. `base_dir` is where a relative `file` starts; nothing else is read.
pub fn assign(params: &Params, clips: &[Clip], base_dir: &Path, seed: u64) -> Result<Division, SplitError> {
    if let Some(problem) = params.check().into_iter().next() {
        return Err(SplitError::BadParameter { key: problem.key, message: problem.message });
    }
    if clips.is_empty() {
        return Err(SplitError::NoClips);
    }
    let mut plan = match params.protocol {
        Protocol::SpeakerIndependent => protocols::speaker_independent::plan(params, clips, &mut generator(seed, 0)),
        Protocol::Random => protocols::random::plan(params, clips, &mut generator(seed, 0)),
        Protocol::LeaveOneCorpusOut => protocols::leave_one_out::corpora(clips),
        Protocol::LeaveOneSpeakerOut => protocols::leave_one_out::speakers(clips),
        Protocol::Column => protocols::column::plan(params, clips, base_dir),
    }?;
    for (position, fold) in plan.folds.iter_mut().enumerate() {
        if fold.validation.is_empty() {
            let mut generator = generator(seed, position as u64 + 1);
            fold.validation = carve(clips, &fold.train, params.validation_fraction, plan.unit, &mut generator);
            fold.train.retain(|clip| fold.validation.binary_search(clip).is_err());
        }
    }
    Ok(Division {
        folds: plan.folds,
        keeps_speakers_apart: params.protocol.keeps_speakers_apart(),
        tests_every_clip_once: plan.tests_every_clip_once,
    })
}

/// A fold that holds `test` out and trains on all other clips.
pub(crate) fn hold_out(number: usize, held_out: String, mut test: Vec<usize>, clips: &[Clip]) -> Fold {
    test.sort_unstable();
    let train = (0..clips.len()).filter(|clip| test.binary_search(clip).is_err()).collect();
    Fold { number: number as u32, held_out, train, validation: Vec::new(), test }
}

/// A stream of random numbers of its own for every fold, so that one fold's draws do not shift another's.
fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}
