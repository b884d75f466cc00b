//! The linear models of a stage in use.

use std::path::{Path, PathBuf};

use ser_onnx::File;
use ser_schemas::TableError;

use crate::error::BaselineError;
use crate::model_file::{FILE, LinearModel};
use crate::onnx;

/// The linear models that a baseline stage fitted, one per fold, or one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModels {
    /// Each with the BLAKE3 hash of its file, 64 hexadecimal digits.
    models: Vec<(LinearModel, String)>,
}

impl LinearModels {
    /// `true` if `folder` is that of a stage, or of one of its folds, that holds linear models.
    pub fn are_in(folder: &Path) -> bool {
        !files(folder).is_empty()
    }

    /// Reads the folder of a baseline stage, or of one of its folds.
    pub fn read(folder: &Path) -> Result<Self, BaselineError> {
        let mut models: Vec<(LinearModel, String)> = Vec::new();
        for path in files(folder) {
            let text = std::fs::read_to_string(&path).map_err(TableError::io("read", &path))?;
            let bad = |problem: String| BaselineError::BadModel { path: path.clone(), problem };
            let model: LinearModel = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
            let differs = models.first().and_then(|(first, _)| first.difference(&model));
            if let Some(problem) = model.inconsistency().or(differs) {
                return Err(bad(problem));
            }
            models.push((model, blake3::hash(text.as_bytes()).to_hex().to_string()));
        }
        if models.is_empty() {
            return Err(BaselineError::NoModel { path: folder.to_owned() });
        }
        Ok(Self { models })
    }

    /// The model as an ONNX file. Its input is `functionals` (batch, functionals), and of a model standardised per speaker
    /// `speaker_functionals_mean` and `speaker_functionals_sd` besides; its output is `probabilities` (batch, classes),
    /// the mean of the folds'.
    pub fn onnx(&self) -> File {
        onnx::file(&self.models)
    }
}

/// The files in `folder`: its own, or those of its `fold=<k>` in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let own = folder.join(FILE);
    if own.is_file() {
        return vec![own];
    }
    let mut folds: Vec<(u32, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let fold = entry.file_name().to_str()?.strip_prefix("fold=")?.parse().ok()?;
            let file = entry.path().join(FILE);
            file.is_file().then_some((fold, file))
        })
        .collect();
    folds.sort();
    folds.into_iter().map(|(_, file)| file).collect()
}
