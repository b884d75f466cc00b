//! A fitted linear model on disk: a JSON file per fold, beside the tables.

use std::collections::BTreeMap;
use std::path::Path;

use ser_models::SpeakerPrior;
use ser_schemas::{DESCRIPTION_HASH, Emotion, TableError, description_hash};
use serde::{Deserialize, Serialize};

use crate::error::BaselineError;
use crate::params::Standardise;
use crate::scaling::Scaling;

/// Version of the file; it rises when an older program would misread it.
const FORMAT: u32 = 1;
/// Name of the file.
pub(crate) const FILE: &str = "linear.json";

/// One fold's linear model. The probabilities of a clip are the softmax over the classes of the weights times the
/// clip's standardised functionals plus the intercepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinearModel {
    /// Version of this description.
    pub(crate) format: u32,
    /// Version of the program that fitted the model.
    pub(crate) ser_version: String,
    /// Name of the baseline stage.
    pub(crate) model: String,
    /// Name of the split stage.
    pub(crate) split: String,
    /// Fold number from 0.
    pub(crate) fold: u32,
    /// Classes in the order of the probabilities.
    pub(crate) classes: Vec<Emotion>,
    /// Whose clips the functionals are standardised by.
    pub(crate) standardise: Standardise,
    /// How many further clips of a speaker the training clips count as; absent where a speaker's own statistics stand
    /// alone, and in models of before.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) speaker_prior_clips: f64,
    /// Parameters of the features stage, whole, or of imported functionals the file that they came in; null where no
    /// frames lie beside the functionals, which know them.
    pub(crate) feature_params: Option<serde_json::Value>,
    /// Sample rate of the features in hertz; null where it is not known.
    pub(crate) sample_rate_hz: Option<u32>,
    /// Names of the functionals, in order.
    pub(crate) functional_names: Vec<String>,
    /// Mean and standard deviation of each functional over the training clips; standardised values are cut off at ±10.
    pub(crate) standardisation: Scaling,
    /// The same of each training corpus, by name; absent unless these are standardised by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) corpora: BTreeMap<String, Scaling>,
    /// For each class a weight per functional.
    pub(crate) weights: Vec<Vec<f64>>,
    /// For each class its intercept; null for a class that no training clip had, whose probability is 0.
    pub(crate) intercepts: Vec<Option<f64>>,
    /// Limits of the manifest, as that stage wrote them; absent in models of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<serde_json::Value>,
    /// BLAKE3 hash of this description as it is written, without the line of this field, which comes first; absent in
    /// models of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description_hash: Option<String>,
}

impl LinearModel {
    /// The format of this program.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// Writes the model into its fold's folder in that of the stage.
    pub(crate) fn write_in(&self, stage: &Path) -> Result<(), BaselineError> {
        let folder = stage.join(format!("fold={}", self.fold));
        std::fs::create_dir_all(&folder).map_err(TableError::io("write", &folder))?;
        let path = folder.join(FILE);
        let bad = |error: serde_json::Error| BaselineError::BadModel { path: path.clone(), problem: error.to_string() };
        let text = serde_json::to_string(&Self { description_hash: None, ..self.clone() }).map_err(bad)?;
        // An object with something in it: the hash stands before that, on a line of its own.
        let others = format!("{}\n", text.strip_prefix('{').unwrap_or_default());
        let text = format!("{{\"{DESCRIPTION_HASH}\":\"{}\",\n{others}", description_hash(&others));
        Ok(ser_stage::write_whole(&path, text.as_bytes()).map_err(TableError::io("write", &path))?)
    }

    /// How far statistics of a speaker are blended with those of the training clips.
    pub(crate) fn speaker_prior(&self) -> SpeakerPrior {
        SpeakerPrior::new(self.speaker_prior_clips)
    }

    /// Sizes and numbers that make the model useless.
    pub(crate) fn inconsistency(&self) -> Option<String> {
        let (classes, functionals) = (self.classes.len(), self.functional_names.len());
        if self.format != FORMAT {
            return differ("`format`", self.format as usize, FORMAT as usize);
        }
        if classes == 0 || functionals == 0 || self.intercepts.iter().all(Option::is_none) {
            return Some("no classes or no functionals".to_owned());
        }
        differ("`weights`", self.weights.len(), classes)
            .or_else(|| differ("`intercepts`", self.intercepts.len(), classes))
            .or_else(|| self.weights.iter().find_map(|row| differ("a row of `weights`", row.len(), functionals)))
            .or_else(|| not_finite(self.weights.iter().flatten().chain(self.intercepts.iter().flatten())))
            .or_else(|| {
                let clips = self.speaker_prior_clips;
                (!(0.0..=1000.0).contains(&clips))
                    .then(|| format!("`speaker_prior_clips`: found {clips}, expected 0 to 1000"))
            })
            .or_else(|| self.standardisation.inconsistency("standardisation", functionals))
            .or_else(|| {
                let mut corpora = self.corpora.iter();
                corpora.find_map(|(corpus, scaling)| scaling.inconsistency(&format!("corpora.{corpus}"), functionals))
            })
    }

    /// Something in which folds of one stage are alike.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let what = if self.classes != other.classes {
            "classes"
        } else if self.functional_names != other.functional_names || self.feature_params != other.feature_params {
            "features"
        } else if self.standardise != other.standardise {
            "standardise"
        } else if self.speaker_prior_clips != other.speaker_prior_clips {
            "speaker_prior_clips"
        } else {
            return None;
        };
        Some(format!("it and its neighbours differ in {what}; they do not come from one stage"))
    }
}

impl Scaling {
    /// Sizes and numbers that make it, stored as `name`, useless.
    fn inconsistency(&self, name: &str, functionals: usize) -> Option<String> {
        let Self { mean, sd } = self;
        differ(&format!("`{name}.mean`"), mean.len(), functionals)
            .or_else(|| differ(&format!("`{name}.sd`"), sd.len(), functionals))
            .or_else(|| not_finite(mean.iter().chain(sd)))
            .or_else(|| {
                let negative = sd.iter().find(|sd| **sd < 0.0)?;
                Some(format!("`{name}.sd` holds {negative}"))
            })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_none(clips: &f64) -> bool {
    *clips == 0.0
}

fn differ(what: &str, found: usize, expected: usize) -> Option<String> {
    (found != expected).then(|| format!("{what}: found {found}, expected {expected}"))
}

fn not_finite<'a>(mut numbers: impl Iterator<Item = &'a f64>) -> Option<String> {
    let wrong = numbers.find(|number| !(**number as f32).is_finite())?;
    Some(format!("it holds {wrong}, which is no number of single precision"))
}
