//! What a fold needs to go on after an interruption, in one file, renamed into place after every epoch.
//!
//! Nothing else is needed: random numbers follow from the seed, the fold and the epoch.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use ser_schemas::{Epoch, TableError};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::weights::{Weights, from_le_bytes, to_le_bytes};

const KEY: &str = "ser.checkpoint";

/// The state of a fold between two epochs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Progress {
    /// Epochs done.
    pub(crate) epoch: usize,
    /// Whether no more epochs follow.
    pub(crate) finished: bool,
    /// Current weights.
    pub(crate) weights: Weights,
    /// Running average of the weights.
    pub(crate) average: Weights,
    /// The optimiser's running mean of the gradients, tensor by tensor.
    pub(crate) first: Vec<Vec<f32>>,
    /// That of their squares.
    pub(crate) second: Vec<Vec<f32>>,
    /// Weights of the epoch to keep, so far.
    pub(crate) best: Weights,
    /// One row per epoch done.
    pub(crate) history: Vec<Epoch>,
}

/// The part that is no tensor. Floats as their bits: decimal text would not come back exactly.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// What was trained: a checkpoint of anything else is not continued.
    identity: String,
    finished: bool,
    history: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    fold: u32,
    seed: Option<u32>,
    epoch: u32,
    best: bool,
    numbers: [Option<u64>; 7],
}

impl Progress {
    /// Before the first epoch.
    pub(crate) fn new(weights: Weights) -> Self {
        let zeros: Vec<Vec<f32>> = weights.values.iter().map(|values| vec![0.0; values.len()]).collect();
        Self {
            epoch: 0,
            finished: false,
            average: weights.clone(),
            best: weights.clone(),
            weights,
            first: zeros.clone(),
            second: zeros,
            history: Vec::new(),
        }
    }

    /// Writes the checkpoint of `identity` to `path`.
    pub(crate) fn write(&self, path: &Path, identity: &str) -> Result<(), TrainError> {
        let header = Header {
            identity: identity.to_owned(),
            finished: self.finished,
            history: self.history.iter().map(Row::from).collect(),
        };
        let encode = |problem: String| TrainError::Encode { path: path.to_owned(), problem };
        let header = serde_json::to_string(&header).map_err(|error| encode(error.to_string()))?;
        let groups = [
            ("weights", &self.weights.values),
            ("average", &self.average.values),
            ("best", &self.best.values),
            ("first", &self.first),
            ("second", &self.second),
        ];
        let tensors: Vec<(String, Vec<u8>)> = groups
            .iter()
            .flat_map(|(group, tensors)| {
                let specs = &self.weights.specs;
                tensors
                    .iter()
                    .zip(specs)
                    .map(move |(values, spec)| (format!("{group}.{}", spec.name), to_le_bytes(values)))
            })
            .collect();
        let views = tensors
            .iter()
            .map(|(name, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(|error| encode(error.to_string()))?;
        let metadata = HashMap::from([(KEY.to_owned(), header)]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| encode(error.to_string()))?;
        write_atomically(path, &bytes)
    }

    /// Reads the checkpoint of `identity` at `path` into the shapes of `fresh`. `None` where there is none, or one that
    /// belongs to another training or is damaged: the fold then starts anew, which is always right.
    pub(crate) fn read(path: &Path, identity: &str, fresh: &Self) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).ok()?;
        let header: Header = serde_json::from_str(metadata.metadata().as_ref()?.get(KEY)?).ok()?;
        if header.identity != identity {
            return None;
        }
        let file = SafeTensors::deserialize(&bytes).ok()?;
        let mut progress = fresh.clone();
        let groups = [
            ("weights", &mut progress.weights.values),
            ("average", &mut progress.average.values),
            ("best", &mut progress.best.values),
            ("first", &mut progress.first),
            ("second", &mut progress.second),
        ];
        for (group, tensors) in groups {
            for (values, spec) in tensors.iter_mut().zip(&fresh.weights.specs) {
                let read = from_le_bytes(file.tensor(&format!("{group}.{}", spec.name)).ok()?.data());
                if read.len() != values.len() {
                    return None;
                }
                *values = read;
            }
        }
        progress.history = header.history.iter().map(Epoch::from).collect();
        progress.epoch = progress.history.len();
        progress.finished = header.finished;
        Some(progress)
    }
}

impl From<&Epoch> for Row {
    fn from(row: &Epoch) -> Self {
        let numbers = [
            Some(row.train_loss),
            Some(row.train_accuracy),
            row.validation_loss,
            row.validation_accuracy,
            row.validation_uar,
            Some(row.learning_rate),
            Some(row.seconds),
        ];
        Self {
            fold: row.fold,
            seed: row.seed,
            epoch: row.epoch,
            best: row.best,
            numbers: numbers.map(|number| number.map(f64::to_bits)),
        }
    }
}

impl From<&Row> for Epoch {
    fn from(row: &Row) -> Self {
        let number = |at: usize| row.numbers[at].map(f64::from_bits);
        Self {
            fold: row.fold,
            seed: row.seed,
            epoch: row.epoch,
            train_loss: number(0).unwrap_or_default(),
            train_accuracy: number(1).unwrap_or_default(),
            validation_loss: number(2),
            validation_accuracy: number(3),
            validation_uar: number(4),
            learning_rate: number(5).unwrap_or_default(),
            seconds: number(6).unwrap_or_default(),
            best: row.best,
        }
    }
}

/// Writes `path` whole or not at all, and its folder where that is missing.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(TableError::io("write", folder))?;
    }
    Ok(ser_stage::write_whole(path, bytes).map_err(TableError::io("write", path))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::TensorSpec;

    #[test]
    fn a_checkpoint_comes_back_bit_for_bit_and_only_to_its_own_training() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("fold=0").join("checkpoint.safetensors");
        let spec = |name: &str, shape: &[usize]| TensorSpec { name: name.to_owned(), shape: shape.to_vec() };
        let specs = vec![spec("conv.0.weight", &[1, 2, 2]), spec("classes.bias", &[2])];
        let weights = Weights { specs, values: vec![vec![0.1, 0.2, 0.3, 0.4], vec![f32::MIN_POSITIVE, -0.0]] };
        let row = Epoch {
            fold: 0,
            seed: Some(3),
            epoch: 1,
            train_loss: 0.1 + 0.2,
            train_accuracy: 1.0 / 3.0,
            validation_loss: None,
            validation_accuracy: None,
            validation_uar: Some(0.7),
            learning_rate: 1e-3,
            seconds: 0.123,
            best: true,
        };
        let fresh = Progress::new(weights);
        let mut progress = Progress { epoch: 1, history: vec![row], ..fresh.clone() };
        progress.first[0][0] = 0.3;
        progress.average.values[1][1] = 7.0;
        progress.write(&path, "a").expect("write");
        assert_eq!(Progress::read(&path, "a", &fresh), Some(progress));
        assert_eq!(Progress::read(&path, "b", &fresh), None);
        std::fs::write(&path, b"damaged").expect("write");
        assert_eq!(Progress::read(&path, "a", &fresh), None);
    }
}
