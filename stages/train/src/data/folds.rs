//! Which clips are trained on, validated on and tested on, fold by fold.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ser_schemas::{Assignment, Role, Table};

use crate::error::TrainError;

/// The clips of one fold, as positions in the dataset, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FoldRoles {
    /// Fold number from 0.
    pub(crate) fold: u32,
    pub(crate) train: Vec<usize>,
    pub(crate) validation: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

/// The assignments of the split in folder `split`.
pub(crate) fn read_folds(split: &Path) -> Result<Vec<Assignment>, TrainError> {
    let path = Assignment::file_in(split);
    let assignments = Assignment::read(&path)?;
    if assignments.is_empty() { Err(TrainError::NoFolds { path }) } else { Ok(assignments) }
}

impl FoldRoles {
    /// The folds of `assignments`, in order; `index` has the position of every clip named there.
    pub(crate) fn all(assignments: &[Assignment], index: &HashMap<String, usize>) -> Result<Vec<Self>, TrainError> {
        let mut folds: BTreeMap<u32, Self> = BTreeMap::new();
        for assignment in assignments {
            let roles =
                folds.entry(assignment.fold).or_insert_with(|| Self { fold: assignment.fold, ..Self::default() });
            let Some(at) = index.get(&assignment.clip_id) else {
                let clip_id = assignment.clip_id.clone();
                return Err(TrainError::BadClip { clip_id, problem: "the manifest does not have it" });
            };
            match assignment.role {
                Role::Train => roles.train.push(*at),
                Role::Validation => roles.validation.push(*at),
                Role::Test => roles.test.push(*at),
            }
        }
        let mut folds: Vec<Self> = folds.into_values().collect();
        for roles in &mut folds {
            for (role, clips) in [("training", &mut roles.train), ("test", &mut roles.test)] {
                clips.sort_unstable();
                if clips.is_empty() {
                    return Err(TrainError::EmptyFold { fold: roles.fold, role });
                }
            }
            roles.validation.sort_unstable();
        }
        Ok(folds)
    }
}
