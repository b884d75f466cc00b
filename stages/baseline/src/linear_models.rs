//! The linear models of a stage in use.

use std::path::Path;

use ser_models::{holds_models, model_folders};
use ser_onnx::File;
use ser_schemas::{Imported, TableError, alteration};

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
        holds_models(folder, &[FILE])
    }

    /// Reads the folder of a baseline stage, or of one of its folds.
    pub fn read(folder: &Path) -> Result<Self, BaselineError> {
        let mut models: Vec<(LinearModel, String)> = Vec::new();
        for path in model_folders(folder, &[FILE])? {
            let path = path.join(FILE);
            let text = std::fs::read_to_string(&path).map_err(TableError::io("read", &path))?;
            let bad = |problem: String| BaselineError::BadModel { path: path.clone(), problem };
            let model: LinearModel = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
            let differs = models.first().and_then(|(first, _)| first.difference(&model));
            let altered = alteration(&text, model.description_hash.as_deref());
            if let Some(problem) = model.inconsistency().or(differs).or(altered) {
                return Err(bad(problem));
            }
            models.push((model, blake3::hash(text.as_bytes()).to_hex().to_string()));
        }
        if models.is_empty() {
            return Err(BaselineError::NoModel { path: folder.to_owned() });
        }
        Ok(Self { models })
    }

    /// The file that the functionals came in, of a model of imported ones.
    pub fn imported(&self) -> Option<Imported> {
        Imported::of(self.models[0].0.feature_params.as_ref()?)
    }

    /// The model as an ONNX file. Its input is `functionals` (batch, functionals), and of a model standardised per speaker
    /// `speaker_functionals_mean` and `speaker_functionals_sd` besides; its output is `probabilities` (batch, classes),
    /// the mean of the folds'.
    pub fn onnx(&self) -> File {
        onnx::file(&self.models)
    }
}
