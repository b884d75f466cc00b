//! Folds, and all that is said of a division into them.

use ser_schemas::{Grouping, Role};

use crate::params::NearCopies;

/// One fold; clips are indices into the table that was divided, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Clips without a role here, because a copy of each stands on another side, ascending.
    pub left_out: Vec<LeftOut>,
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
    /// The columns of clips whose values are held out whole: one of them on both sides of a fold is a leak.
    pub held_out: Vec<Grouping>,
    /// Clips that take no part, as their value of a column that is held out is not known, by column; ascending.
    pub unknown: Vec<(Grouping, Vec<usize>)>,
    /// Whether every clip is tested in exactly one fold.
    pub tests_every_clip_once: bool,
    /// What was done about copies.
    pub near: Near,
}

impl Division {
    /// `true` if a speaker on both sides of a fold is a leak.
    pub fn keeps_speakers_apart(&self) -> bool {
        self.held_out.iter().any(|column| column.is_of_speakers())
    }
}

/// What was done about copies, beside what each fold leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Near {
    /// The rule that was followed; `None` where there are no copies.
    pub rule: Option<NearCopies>,
    /// Groups of speakers, corpora or values that are held out together, each with the clips that tie it.
    pub together: Vec<String>,
    /// Why copies are left out under a protocol that would rather keep them together, in words; `None` where it is not
    /// so.
    pub not_together: Option<String>,
}

/// What a protocol decides: who is held out, and how validation clips are to be carved out of the rest.
pub(crate) struct Plan {
    pub(crate) folds: Vec<Fold>,
    pub(crate) unit: Unit,
    pub(crate) tests_every_clip_once: bool,
    /// See [`Division::unknown`].
    pub(crate) unknown: Vec<(Grouping, Vec<usize>)>,
}

/// What is carved out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Whole speakers.
    Speakers,
    /// Single clips, each emotion of each corpus in proportion.
    Clips,
}

/// A clip without a role in a fold, because a copy of it stands on another side there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The clip.
    pub clip: usize,
    /// The role that it would have had.
    pub role: Role,
    /// A copy that has a role.
    pub copy: usize,
    /// That role.
    pub copy_role: Role,
}

/// A fold that holds `test` out and trains on all others of `clips`, which ascend.
pub(crate) fn hold_out(number: usize, held_out: String, mut test: Vec<usize>, clips: &[usize]) -> Fold {
    test.sort_unstable();
    let train = clips.iter().copied().filter(|clip| test.binary_search(clip).is_err()).collect();
    Fold { number: number as u32, held_out, train, test, ..Fold::default() }
}
