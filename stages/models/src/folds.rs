//! Which clips are trained on, validated on and tested on, fold by fold.

use std::collections::{BTreeMap, HashMap};

use ser_schemas::{Assignment, Role};

use crate::ModelsError;

/// The clips of one fold, as positions in the dataset, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    /// Fold number from 0.
    pub number: u32,
    /// Clips that weights are fitted on; never empty.
    pub train: Vec<usize>,
    /// Clips that choose between fits; perhaps none.
    pub validation: Vec<usize>,
    /// Clips that are held out; never empty.
    pub test: Vec<usize>,
}

/// The folds of `assignments`, in order; `position` has every clip named there.
pub(crate) fn folds(assignments: &[Assignment], position: &HashMap<&str, usize>) -> Result<Vec<Fold>, ModelsError> {
    let mut folds: BTreeMap<u32, Fold> = BTreeMap::new();
    for row in assignments {
        let Some(at) = position.get(row.clip_id.as_str()) else { continue };
        let fold = folds.entry(row.fold).or_insert_with(|| Fold { number: row.fold, ..Fold::default() });
        match row.role {
            Role::Train => fold.train.push(*at),
            Role::Validation => fold.validation.push(*at),
            Role::Test => fold.test.push(*at),
        }
    }
    let mut folds: Vec<Fold> = folds.into_values().collect();
    for fold in &mut folds {
        for (role, clips) in [("training", &fold.train), ("test", &fold.test)] {
            if clips.is_empty() {
                return Err(ModelsError::EmptyFold { fold: fold.number, role });
            }
        }
        for clips in [&mut fold.train, &mut fold.validation, &mut fold.test] {
            clips.sort_unstable();
        }
    }
    Ok(folds)
}
