//! A trained model on disk: weights, and beside them everything needed to use them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ser_schemas::frames::FrameLayout;
use ser_schemas::{DESCRIPTION_HASH, Emotion, TableError, alteration, description_hash};
use serde::{Deserialize, Serialize};

use crate::data::Scalings;
use crate::error::TrainError;
use crate::networks::Sizes;
use crate::params::Params;
use crate::training::write_atomically;
use crate::weights::{Weights, WeightsError};

/// Version of the description; it rises when an older program would misread it.
const FORMAT: u32 = 2;
/// The version of before: the parameters of the network, then a CNN-LSTM always, stood beside the others.
const FLAT: u32 = 1;
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// The description of a model, stored as `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelConfig {
    /// Version of this description.
    pub(crate) format: u32,
    /// Version of the program that trained the model.
    pub(crate) ser_version: String,
    /// Name of the train stage.
    pub(crate) model: String,
    /// Name of the split stage.
    pub(crate) split: String,
    /// Fold number from 0.
    pub(crate) fold: u32,
    /// Seed of the training; of several networks of a fold, each has its own.
    pub(crate) seed: u64,
    /// Epoch whose weights these are, from 1.
    pub(crate) epoch: u32,
    /// Validation UAR of that epoch; null without validation clips.
    pub(crate) validation_uar: Option<f64>,
    /// Classes in the order of the probabilities.
    pub(crate) classes: Vec<Emotion>,
    /// Parameters of the training, whole.
    pub(crate) params: Params,
    /// Sizes of its inputs and outputs.
    pub(crate) network: Sizes,
    /// Trained values.
    pub(crate) parameter_count: usize,
    /// Layout of the frames that the model was trained on, with the parameters that compute them.
    pub(crate) features: FrameLayout,
    /// Columns of it that the model reads.
    pub(crate) columns: Vec<usize>,
    /// Names of the functionals, in order; empty where the model uses none.
    pub(crate) functional_names: Vec<String>,
    /// Means and standard deviations of the fold's training clips.
    pub(crate) standardisation: Scalings,
    /// The same of each training corpus, by name; absent unless these are standardised by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) corpora: BTreeMap<String, Scalings>,
    /// Limits of the manifest, as that stage wrote them; absent in models of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<serde_json::Value>,
    /// BLAKE3 hash of the weights file, 64 hexadecimal digits; absent in models of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weights_hash: Option<String>,
    /// BLAKE3 hash of this description as it is written, without the line of this field; absent in models of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description_hash: Option<String>,
}

impl ModelConfig {
    /// The description format of this program.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// Writes description and weights into `folder`; the description then holds the hash of the weights.
    pub(crate) fn write(&self, folder: &Path, weights: &Weights) -> Result<(), TrainError> {
        let encode = |path: &Path, problem: String| TrainError::Encode { path: path.to_owned(), problem };
        let path = folder.join(WEIGHTS);
        let classes = self.classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(",");
        // One pair only: several would come in an order of their own each time, and equal models would differ in bytes.
        let metadata = HashMap::from([("ser.classes".to_owned(), classes)]);
        let bytes = weights.to_bytes(metadata).map_err(|error| encode(&path, error.to_string()))?;
        write_atomically(&path, &bytes)?;
        let path = folder.join(CONFIG);
        let text = |description_hash: String| {
            let (weights_hash, description_hash) = (Some(hash(&bytes)), Some(description_hash));
            let config = Self { weights_hash, description_hash, ..self.clone() };
            let text = serde_json::to_string_pretty(&config).map_err(|error| encode(&path, error.to_string()))?;
            Ok::<_, TrainError>(text + "\n")
        };
        let hash = description_hash(&text(String::new())?);
        write_atomically(&path, text(hash)?.as_bytes())
    }

    /// What tells the model from any other: the hash of its description, which holds that of its weights.
    pub(crate) fn fingerprint(&self) -> String {
        let own = || hash(serde_json::to_string(self).unwrap_or_default().as_bytes());
        self.description_hash.clone().unwrap_or_else(own)
    }

    /// Reads description and weights from `folder`.
    pub(crate) fn read(folder: &Path) -> Result<(Self, Weights), TrainError> {
        let path = folder.join(CONFIG);
        let text = std::fs::read_to_string(&path).map_err(TableError::io("read", &path))?;
        let bad = |problem: String| TrainError::BadConfig { path: path.clone(), problem };
        let mut value: serde_json::Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        let known = value.get(DESCRIPTION_HASH).map(|known| known.as_str().unwrap_or_default().to_owned());
        let altered = alteration(&text, known.as_deref());
        without_prior(&mut value);
        if format == Some(u64::from(FLAT)) {
            nest(&mut value);
        } else if format != Some(u64::from(FORMAT)) {
            let found = format.map_or_else(|| "none".to_owned(), |format| format.to_string());
            return Err(bad(format!("expected format {FORMAT}, found {found}")));
        }
        let config: Self = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
        if let Some(problem) = config.inconsistency().or(altered) {
            return Err(bad(problem));
        }
        let path = folder.join(WEIGHTS);
        let bytes = std::fs::read(&path).map_err(TableError::io("read", &path))?;
        let weights = match &config.weights_hash {
            // A file that does not fit says more in its own words; one that fits may still be another fold's.
            Some(expected) if *expected != hash(&bytes) => {
                Weights::from_bytes(&config.params.model, config.network, &bytes)
                    .and_then(|_| Err(WeightsError::Changed { expected: expected.clone(), found: hash(&bytes) }))
            }
            _ => Weights::from_bytes(&config.params.model, config.network, &bytes),
        };
        let weights = weights.map_err(|source| TrainError::Weights { path, source })?;
        Ok((config, weights))
    }

    /// What would make the description useless: sizes that contradict each other.
    fn inconsistency(&self) -> Option<String> {
        let network = &self.network;
        differ("`classes`", self.classes.len(), network.classes)
            .or_else(|| differ("`columns`", self.columns.len(), network.width))
            .or_else(|| differ("`functional_names`", self.functional_names.len(), network.functionals))
            .or_else(|| self.standardisation.inconsistency("standardisation", network))
            .or_else(|| {
                let mut corpora = self.corpora.iter();
                corpora.find_map(|(corpus, scalings)| scalings.inconsistency(&format!("corpora.{corpus}"), network))
            })
            .or_else(|| {
                let column = self.columns.iter().find(|column| **column >= self.features.names.len())?;
                Some(format!("`columns` names column {column} of {}", self.features.names.len()))
            })
            .or_else(|| (network.classes == 0 || network.width == 0).then(|| "no classes or no columns".to_owned()))
            .or_else(|| {
                let params = Params { device: crate::params::Device::Cpu, ..self.params.clone() };
                let mut problems = ser_stage::schema::problems(&params).into_iter().chain(params.check());
                problems.next().map(|problem| format!("`params.{}`: {}", problem.key, problem.message))
            })
    }
}

impl Scalings {
    /// What would make these, stored as `name`, useless for a network of such sizes.
    fn inconsistency(&self, name: &str, network: &Sizes) -> Option<String> {
        let Self { frames, functionals } = self;
        let sizes = [
            ("frames.mean", frames.mean.len(), network.width),
            ("frames.sd", frames.sd.len(), network.width),
            ("functionals.mean", functionals.mean.len(), network.functionals),
            ("functionals.sd", functionals.sd.len(), network.functionals),
        ];
        let bad = |mean: &f32, sd: &f32| !mean.is_finite() || !sd.is_finite() || *sd < 0.0;
        sizes
            .into_iter()
            .find_map(|(what, found, expected)| differ(&format!("`{name}.{what}`"), found, expected))
            .or_else(|| {
                let mut pairs =
                    [frames, functionals].into_iter().flat_map(|scaling| scaling.mean.iter().zip(&scaling.sd));
                let (mean, sd) = pairs.find(|(mean, sd)| bad(mean, sd))?;
                Some(format!("`{name}` holds mean {mean} and standard deviation {sd}"))
            })
    }
}

fn differ(what: &str, found: usize, expected: usize) -> Option<String> {
    (found != expected).then(|| format!("{what}: found {found}, expected {expected}"))
}

/// Says of parameters from before `speaker_prior_clips` that a speaker's own statistics stood alone.
fn without_prior(config: &mut serde_json::Value) {
    let params = config.get_mut("params").and_then(serde_json::Value::as_object_mut);
    if let Some(params) = params {
        params.entry("speaker_prior_clips").or_insert_with(|| 0.0.into());
    }
}

/// Brings parameters of version [`FLAT`] into the form of today.
fn nest(config: &mut serde_json::Value) {
    let Some(params) = config.get_mut("params").and_then(serde_json::Value::as_object_mut) else { return };
    let mut model = serde_json::Map::from_iter([("kind".to_owned(), "cnn-lstm".into())]);
    for key in
        ["conv", "lstm", "pooling", "attention_size", "functionals_size", "dense", "dropout", "functionals_dropout"]
    {
        model.extend(params.shift_remove(key).map(|value| (key.to_owned(), value)));
    }
    params.insert("model".to_owned(), model.into());
    match params.get("device").and_then(serde_json::Value::as_str) {
        Some("flex") => params.insert("device".to_owned(), "cpu".into()),
        Some("flex-layers") => {
            params.insert("kernels".to_owned(), "burn".into());
            params.insert("device".to_owned(), "cpu".into())
        }
        _ => None,
    };
}

/// BLAKE3 hash of `bytes`, 64 hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The model folders in `folder`: itself, or those in its `fold=<k>` or `seed=<s>`, in order.
pub(crate) fn model_folders(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let found = ser_models::model_folders(folder, &[CONFIG, WEIGHTS])?;
    if found.is_empty() { Err(TrainError::NoModel { path: folder.to_owned() }) } else { Ok(found) }
}
