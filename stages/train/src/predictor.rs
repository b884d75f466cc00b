//! Emotions of recordings that no table holds, from a trained model.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use ser_models::{ClipInput, PartAnswers, SpeakerPrior};
use ser_onnx::File;
use ser_schemas::{Emotion, Imported};

use crate::data::{Item, Scaler, Scaling, Scalings, WindowRows, windows};
use crate::engine::Engine;
use crate::error::TrainError;
use crate::model_file::{ModelConfig, model_folders};
use crate::networks::Network;
use crate::onnx;
use crate::params::{Device, Kernels, Standardise};
use crate::training::predict;
use crate::weights::to_le_bytes;

/// A trained model in use: one network, or the mean of the probabilities of several: those of all folds and seeds.
#[derive(Debug, Clone)]
pub struct Predictor {
    models: Vec<(ModelConfig, Network)>,
    /// Of descriptions and weights.
    digest: String,
    engine: Engine,
}

impl Predictor {
    /// Number of networks whose probabilities are averaged: one per fold and seed.
    pub fn network_count(&self) -> usize {
        self.models.len()
    }

    /// Folds that they are of.
    pub fn folds(&self) -> BTreeSet<u32> {
        self.models.iter().map(|(config, _)| config.fold).collect()
    }

    /// Loads the model in `folder`: that of a seed, of a fold, or a train artifact. All networks in it vote with equal
    /// weight.
    pub fn load(folder: &Path, device: Device) -> Result<Self, TrainError> {
        let engine = Engine::new(device, Kernels::Own)?;
        let mut models: Vec<(ModelConfig, Network)> = Vec::new();
        let mut hasher = blake3::Hasher::new();
        for path in model_folders(folder)? {
            let (config, weights) = ModelConfig::read(&path)?;
            if let Some((first, _)) = models.first() {
                let differs = if first.classes != config.classes {
                    Some("classes")
                } else if first.features != config.features || first.functional_names != config.functional_names {
                    Some("features")
                } else if first.columns != config.columns {
                    Some("columns")
                } else if first.params.max_frames != config.params.max_frames {
                    Some("max_frames")
                } else if first.params.standardise != config.params.standardise {
                    Some("standardise")
                } else if first.params.speaker_prior_clips != config.params.speaker_prior_clips {
                    Some("speaker_prior_clips")
                } else {
                    None
                };
                if let Some(what) = differs {
                    return Err(TrainError::MixedFolds { path, what });
                }
            }
            hasher.update(config.fingerprint().as_bytes());
            for values in &weights.values {
                hasher.update(&to_le_bytes(values));
            }
            let network = weights.network(&config.params.model, config.network, &engine.device);
            models.push((config, network));
        }
        Ok(Self { models, digest: hasher.finalize().to_hex().to_string(), engine })
    }

    /// What tells these networks from any others: a digest of their descriptions and weights, 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The model as an ONNX file. Its inputs are `frames` (batch, time, columns) and `lengths` (batch), `functionals`
    /// where the model uses them, of a model standardised per speaker `speaker_frames_mean`, `speaker_frames_sd` and
    /// the same of functionals, with `speaker_clips` (batch) where these are blended with those of the training clips,
    /// of one standardised per corpus `corpus` (batch); its output is `probabilities` (batch, classes). It hears one
    /// window of a clip.
    pub fn onnx(&self) -> File {
        onnx::file(&self.models)
    }

    /// The file that the features came in, of a model of imported ones: nothing here computes such features of a
    /// recording.
    pub fn imported(&self) -> Option<Imported> {
        Imported::of(&self.models[0].0.features.params)
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

    /// Most frames that the network hears at once; 0: no limit.
    pub fn max_frames(&self) -> usize {
        self.models[0].0.params.max_frames
    }

    /// In how many windows a recording of `frame_count` frames is heard; its probabilities are their mean.
    pub fn window_count(&self, frame_count: usize) -> usize {
        windows(frame_count, self.max_frames()).len()
    }

    /// Whether the model was made for features standardised per speaker.
    pub fn is_per_speaker(&self) -> bool {
        self.models[0].0.params.standardise == Standardise::Speaker
    }

    /// How far it blends a speaker's statistics with those of its training clips; of a model that does not standardise
    /// per speaker, nothing follows from that.
    pub fn speaker_prior(&self) -> SpeakerPrior {
        self.models[0].0.params.speaker_prior()
    }

    /// Whether the model was made for features standardised per corpus.
    pub fn is_per_corpus(&self) -> bool {
        self.models[0].0.params.standardise == Standardise::Corpus
    }

    /// The corpora whose statistics a model that standardises per corpus has; of others none.
    pub fn corpora(&self) -> BTreeSet<&str> {
        self.models.iter().flat_map(|(config, _)| config.corpora.keys().map(String::as_str)).collect()
    }

    /// Limits of the manifest that the model was trained on, as that stage wrote them; `None` for models of before.
    pub fn limits(&self) -> Option<&serde_json::Value> {
        self.models[0].0.limits.as_ref()
    }

    /// Probabilities of each clip, in the order of [`classes`](Self::classes); they add up to 1.
    ///
    /// A clip longer than [`max_frames`](Self::max_frames) is heard in windows of that length, spread evenly over it
    /// and overlapping by half at least.
    pub fn predict(&self, clips: &[ClipInput<'_>]) -> Result<Vec<Vec<f32>>, TrainError> {
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

    /// The same of each network by itself, fold by fold and seed by seed.
    pub fn parts(&self, clips: &[ClipInput<'_>]) -> Result<Vec<PartAnswers>, TrainError> {
        self.check(clips)?;
        let classes = self.classes().len();
        let rows = WindowRows::new(clips.iter().map(|clip| clip.frame_count), self.max_frames());
        let of_network = |(config, network): &(ModelConfig, Network)| {
            let scalers: Vec<Scaler> = clips.iter().map(|clip| scaler(config, clip)).collect();
            let item = |at: usize, window: &Range<usize>| Ok(item(config, &scalers[at], &clips[at], window));
            let probabilities = predict(&self.engine, network, config.network, &rows, item)?;
            let probabilities: Vec<Vec<f32>> = probabilities.chunks_exact(classes).map(<[f32]>::to_vec).collect();
            match probabilities.iter().position(|clip| !clip.iter().all(|probability| probability.is_finite())) {
                Some(index) => Err(TrainError::NoAnswer { index }),
                None => Ok(PartAnswers { fold: config.fold, probabilities }),
            }
        };
        self.models.iter().map(of_network).collect()
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
            let Some(speaker) = clip.speaker else { continue };
            let wide = speaker.frames().width();
            if wide > 0 && wide != width {
                return wrong("values per frame of the speaker", width, wide);
            }
            let wide = speaker.functionals().width();
            if wide > 0 && wide < functionals {
                return wrong("functionals of the speaker", functionals, wide);
            }
        }
        Ok(())
    }
}

/// A window of a clip as the model of `config` reads it.
fn item(config: &ModelConfig, scaler: &Scaler, clip: &ClipInput<'_>, window: &Range<usize>) -> Item {
    let width = config.features.names.len();
    let frames = clip.frames[window.start * width..window.end * width].chunks_exact(width);
    let frames = frames.flat_map(|frame| config.columns.iter().map(|column| frame[*column])).collect();
    let functionals = clip.functionals[..config.network.functionals].to_vec();
    Item::new(frames, functionals, "", scaler)
}

/// Knows how a clip is scaled: by its speaker or corpus where the model wants that and enough is known of them.
fn scaler(config: &ModelConfig, clip: &ClipInput<'_>) -> Scaler {
    let (mode, prior) = (config.params.standardise, config.params.speaker_prior());
    let training = &config.standardisation;
    let suffices = |recordings| mode == Standardise::Speaker && recordings >= prior.least_recordings();
    let scalings = match clip.speaker.filter(|speaker| suffices(speaker.recordings())) {
        None => clip.corpus.and_then(|corpus| config.corpora.get(corpus)).unwrap_or(training).clone(),
        Some(speaker) => {
            let own = Scalings {
                frames: Scaling::of(speaker.frames(), config.columns.iter().copied()),
                functionals: Scaling::of(speaker.functionals(), 0..config.network.functionals),
            };
            own.blended(training, speaker.recordings(), prior)
        }
    };
    // What there is to scale by is the same for every speaker and corpus.
    Scaler::new(mode, config.params.model.architecture().hears(), scalings, BTreeMap::new())
}
