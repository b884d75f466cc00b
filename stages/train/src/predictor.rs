//! Emotions of recordings that no table holds, from a trained model.

use std::collections::BTreeMap;
use std::path::Path;

use ser_schemas::Emotion;

use crate::data::{Item, Scaler, Scaling, Scalings};
use crate::error::TrainError;
use crate::model_file::{ModelConfig, model_folders};
use crate::net::{Engine, Weights};
use crate::params::{Device, Standardise};
use crate::training::predict;

/// A speaker needs this many clips in one call before their own mean and standard deviation are used.
pub const MIN_SPEAKER_CLIPS: usize = 8;

/// The features of one recording, as the features stage computes them with [`Predictor::feature_params`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipInput<'a> {
    /// Frame after frame, all columns of the layout.
    pub frames: &'a [f32],
    /// Number of frames, at least 1.
    pub frame_count: usize,
    /// All functionals in the order of the model's; ignored by a model that uses none.
    pub functionals: &'a [f32],
    /// Who speaks, where that is known. Used only by a model that standardises per speaker: with at least
    /// [`MIN_SPEAKER_CLIPS`] clips of one speaker in the call, these are standardised among themselves; all others fall
    /// back to the statistics of the training clips, for which the model was not made: expect it to do worse.
    pub speaker: Option<&'a str>,
}

/// A trained model in use: one fold's, or the mean of all folds' probabilities.
#[derive(Debug, Clone)]
pub struct Predictor {
    models: Vec<(ModelConfig, Weights)>,
    engine: Engine,
}

impl Predictor {
    /// Loads the model in `folder`: a fold's folder, or a train artifact, whose folds then vote with equal weight.
    pub fn load(folder: &Path, device: Device) -> Result<Self, TrainError> {
        let engine =
            Engine::new(device).map_err(|feature| TrainError::NoDevice { device: device.as_str(), feature })?;
        let mut models: Vec<(ModelConfig, Weights)> = Vec::new();
        for path in model_folders(folder)? {
            let (config, weights) = ModelConfig::read(&path)?;
            if let Some((first, _)) = models.first() {
                let differs = if first.classes != config.classes {
                    Some("classes")
                } else if first.features != config.features || first.functional_names != config.functional_names {
                    Some("features")
                } else {
                    None
                };
                if let Some(what) = differs {
                    return Err(TrainError::MixedFolds { path, what });
                }
            }
            models.push((config, weights));
        }
        Ok(Self { models, engine })
    }

    /// Parameters of the features stage that the model was trained on, and their sample rate in hertz.
    pub fn feature_params(&self) -> (&serde_json::Value, u32) {
        let layout = &self.models[0].0.features;
        (&layout.params, layout.sample_rate_hz)
    }

    /// Names of the frame columns that [`ClipInput::frames`] must have.
    pub fn frame_names(&self) -> &[String] {
        &self.models[0].0.features.names
    }

    /// Names of the functionals that [`ClipInput::functionals`] must have; empty where the model uses none.
    pub fn functional_names(&self) -> &[String] {
        &self.models[0].0.functional_names
    }

    /// The classes, in the order of the probabilities.
    pub fn classes(&self) -> &[Emotion] {
        &self.models[0].0.classes
    }

    /// Probabilities of each clip, in the order of [`classes`](Self::classes); they add up to 1.
    pub fn predict(&self, clips: &[ClipInput<'_>]) -> Result<Vec<Vec<f32>>, TrainError> {
        self.check(clips)?;
        let classes = self.classes().len();
        let mut sums = vec![0.0; clips.len() * classes];
        let lens: Vec<usize> = clips.iter().map(|clip| clip.frame_count).collect();
        for (config, weights) in &self.models {
            let scaler = scaler(config, clips);
            let item = |at: usize| item(config, &scaler, &clips[at]);
            let probabilities = predict(&self.engine, &config.network, weights, &lens, item);
            for (sum, probability) in sums.iter_mut().zip(probabilities) {
                *sum += probability / self.models.len() as f32;
            }
        }
        Ok(sums.chunks_exact(classes).map(<[f32]>::to_vec).collect())
    }

    fn check(&self, clips: &[ClipInput<'_>]) -> Result<(), TrainError> {
        let (width, functionals) = (self.frame_names().len(), self.functional_names().len());
        for (index, clip) in clips.iter().enumerate() {
            let wrong = |what, expected, found| Err(TrainError::WrongInput { index, what, expected, found });
            if clip.frame_count == 0 {
                return wrong("frames (at least)", 1, 0);
            }
            if clip.frames.len() != clip.frame_count * width {
                return wrong("values per frame", width, clip.frames.len() / clip.frame_count);
            }
            if functionals > 0 && clip.functionals.len() != functionals {
                return wrong("functionals", functionals, clip.functionals.len());
            }
        }
        Ok(())
    }
}

/// The columns of a clip's frames that the model of `config` uses.
fn chosen(config: &ModelConfig, clip: &ClipInput<'_>) -> Vec<f32> {
    let frames = clip.frames.chunks_exact(config.features.names.len());
    frames.flat_map(|frame| config.columns.iter().map(|column| frame[*column])).collect()
}

/// A clip as the model of `config` reads it.
fn item(config: &ModelConfig, scaler: &Scaler, clip: &ClipInput<'_>) -> Item {
    let functionals = clip.functionals[..config.network.functionals].to_vec();
    let speaker = clip.speaker.unwrap_or_default();
    Item::new(chosen(config, clip), functionals, speaker, scaler, config.network.width, config.params.max_frames)
}

/// Knows how each of `clips` is scaled: by its speaker where the model wants that and there are enough of their clips.
fn scaler(config: &ModelConfig, clips: &[ClipInput<'_>]) -> Scaler {
    let mut of: BTreeMap<&str, Vec<&ClipInput<'_>>> = BTreeMap::new();
    if config.params.standardise == Standardise::Speaker {
        for clip in clips {
            if let Some(speaker) = clip.speaker.filter(|speaker| !speaker.is_empty()) {
                of.entry(speaker).or_default().push(clip);
            }
        }
    }
    let (width, functionals) = (config.network.width, config.network.functionals);
    let speakers = of
        .into_iter()
        .filter(|(_, clips)| clips.len() >= MIN_SPEAKER_CLIPS)
        .map(|(speaker, clips)| {
            let frames: Vec<Vec<f32>> = clips.iter().map(|clip| chosen(config, clip)).collect();
            let frames = Scaling::fit(frames.iter().map(Vec::as_slice), width);
            let rows = clips.iter().map(|clip| &clip.functionals[..functionals]);
            (speaker.to_owned(), Scalings { frames, functionals: Scaling::fit(rows, functionals) })
        })
        .collect();
    Scaler::new(config.params.standardise, config.standardisation.clone(), speakers)
}
