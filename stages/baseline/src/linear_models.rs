//! The linear models of a stage in use.

use std::collections::BTreeSet;
use std::path::Path;

use ser_models::{ClipInput, PartAnswers, SpeakerPrior, holds_models, model_folders};
use ser_onnx::File;
use ser_schemas::{Emotion, Imported, TableError, alteration};

use crate::error::BaselineError;
use crate::model_file::{FILE, LinearModel};
use crate::onnx;
use crate::params::Standardise;

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

    /// The model as an ONNX file. Its input is `functionals` (batch, functionals), and of a model standardised per
    /// speaker `speaker_functionals_mean` and `speaker_functionals_sd` besides, and `speaker_clips` (batch) where these
    /// are blended with those of the training clips; its output is `probabilities` (batch, classes), the mean of the
    /// folds'.
    pub fn onnx(&self) -> File {
        onnx::file(&self.models)
    }

    /// What tells these models from any others: a digest of their files, 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        self.models.iter().for_each(|(_, hash)| {
            hasher.update(hash.as_bytes());
        });
        hasher.finalize().to_hex().to_string()
    }

    /// Folds whose probabilities are averaged.
    pub fn folds(&self) -> BTreeSet<u32> {
        self.models.iter().map(|(model, _)| model.fold).collect()
    }

    /// Parameters of the features stage that the models were fitted on, and their sample rate in hertz; `None` where
    /// that stage wrote no frames, which know them.
    pub fn feature_params(&self) -> Option<(&serde_json::Value, u32)> {
        let first = self.first();
        Some((first.feature_params.as_ref()?, first.sample_rate_hz?))
    }

    /// Names of the functionals that [`ClipInput::functionals`] must have.
    pub fn functional_names(&self) -> &[String] {
        &self.first().functional_names
    }

    /// The classes, in the order of the probabilities.
    pub fn classes(&self) -> &[Emotion] {
        &self.first().classes
    }

    /// `true` if the models were made for functionals standardised per speaker.
    pub fn is_per_speaker(&self) -> bool {
        self.first().standardise == Standardise::Speaker
    }

    /// How far they blend a speaker's statistics with those of their training clips.
    pub fn speaker_prior(&self) -> SpeakerPrior {
        self.first().speaker_prior()
    }

    /// `true` if the models were made for functionals standardised per corpus.
    pub fn is_per_corpus(&self) -> bool {
        self.first().standardise == Standardise::Corpus
    }

    /// The corpora whose statistics models that standardise per corpus have; of others none.
    pub fn corpora(&self) -> BTreeSet<&str> {
        self.models.iter().flat_map(|(model, _)| model.corpora.keys().map(String::as_str)).collect()
    }

    /// Limits of the manifest that the models were fitted on, as that stage wrote them; `None` for models of before.
    pub fn limits(&self) -> Option<&serde_json::Value> {
        self.first().limits.as_ref()
    }

    /// Probabilities of each clip, in the order of [`classes`](Self::classes): the mean over the folds.
    pub fn predict(&self, clips: &[ClipInput<'_>]) -> Result<Vec<Vec<f32>>, BaselineError> {
        let mut means = vec![vec![0.0; self.classes().len()]; clips.len()];
        for part in self.parts(clips)? {
            for (mean, probabilities) in means.iter_mut().zip(part.probabilities) {
                for (sum, probability) in mean.iter_mut().zip(probabilities) {
                    *sum += probability / self.models.len() as f32;
                }
            }
        }
        Ok(means)
    }

    /// The same of each fold by itself.
    pub fn parts(&self, clips: &[ClipInput<'_>]) -> Result<Vec<PartAnswers>, BaselineError> {
        let expected = self.functional_names().len();
        for (index, clip) in clips.iter().enumerate() {
            let wrong = |of, found| Err(BaselineError::WrongInput { index, of, expected, found });
            if clip.functionals.len() != expected {
                return wrong("", clip.functionals.len());
            }
            match clip.speaker.map_or(0, |speaker| speaker.functionals().width()) {
                0 => {}
                width if width == expected => {}
                width => return wrong(" of the speaker", width),
            }
        }
        let of_fold = |(model, _): &(LinearModel, String)| {
            let probabilities: Vec<Vec<f32>> = clips.iter().map(|clip| model.probabilities(clip)).collect();
            match probabilities.iter().position(|clip| !clip.iter().all(|probability| probability.is_finite())) {
                Some(index) => Err(BaselineError::NoAnswer { index }),
                None => Ok(PartAnswers { fold: model.fold, probabilities }),
            }
        };
        self.models.iter().map(of_fold).collect()
    }

    /// What all folds have in common stands in each.
    fn first(&self) -> &LinearModel {
        &self.models[0].0
    }
}
