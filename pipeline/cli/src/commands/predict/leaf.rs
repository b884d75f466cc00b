//! One model that answers by itself: networks, linear models, or what a baseline always says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use ser_baseline::LinearModels;
use ser_models::{ClipInput, PartAnswers, SpeakerPrior};
use ser_schemas::{Emotion, Family, Imported, Model, Prediction, Table as _};
use ser_train::{Device, Predictor};

/// A model of one stage, of all its folds and seeds or some of them.
pub(super) enum Leaf {
    Network(Box<Predictor>),
    Linear(LinearModels),
    /// The most frequent emotion of the training clips.
    Constant(Constant),
}

/// Probabilities of each fold, whatever the recording.
pub(super) struct Constant {
    classes: Vec<Emotion>,
    folds: BTreeMap<u32, Vec<f32>>,
}

/// What a model has to be given of a recording.
pub(super) struct Wants<'a> {
    /// Parameters of the features stage, and their sample rate in hertz.
    pub(super) params: &'a serde_json::Value,
    pub(super) sample_rate_hz: u32,
    /// Limits of the manifest; `None` for models of before.
    pub(super) limits: Option<&'a serde_json::Value>,
    /// Names of the frame columns; `None` for a model that reads none.
    pub(super) frames: Option<&'a [String]>,
    /// Names of the functionals; none for a model that reads none.
    pub(super) functionals: &'a [String],
    /// Most frames that it hears at once; 0: no limit.
    pub(super) max_frames: usize,
}

impl Leaf {
    /// The model in `folder`.
    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        if LinearModels::are_in(folder) {
            return Ok(Self::Linear(LinearModels::read(folder)?));
        }
        let about = if Model::file_in(folder).exists() { Model::read_in(folder)? } else { Vec::new() };
        if about.first().is_some_and(|about| about.family == Family::Constant) {
            return Ok(Self::Constant(Constant::read(folder)?));
        }
        Ok(Self::Network(Box::new(Predictor::load(folder, Device::Cpu)?)))
    }

    /// The file that its features came in, where they were computed elsewhere.
    pub(super) fn imported(&self) -> Option<Imported> {
        match self {
            Self::Network(predictor) => predictor.imported(),
            Self::Linear(models) => models.imported(),
            Self::Constant(_) => None,
        }
    }

    /// What tells it from any other model.
    pub(super) fn digest(&self) -> String {
        match self {
            Self::Network(predictor) => predictor.digest().to_owned(),
            Self::Linear(models) => models.digest(),
            Self::Constant(constant) => {
                let bits =
                    constant.folds.iter().map(|(fold, shares)| (fold, shares.iter().map(|share| share.to_bits())));
                let said: Vec<(&u32, Vec<u32>)> = bits.map(|(fold, bits)| (fold, bits.collect())).collect();
                blake3::hash(format!("{:?} {said:?}", constant.classes).as_bytes()).to_hex().to_string()
            }
        }
    }

    /// The classes, in the order of the probabilities.
    pub(super) fn classes(&self) -> &[Emotion] {
        match self {
            Self::Network(predictor) => predictor.classes(),
            Self::Linear(models) => models.classes(),
            Self::Constant(constant) => &constant.classes,
        }
    }

    /// What it has to be given; `None` where it needs nothing.
    pub(super) fn wants(&self) -> anyhow::Result<Option<Wants<'_>>> {
        match self {
            Self::Network(predictor) => {
                let (params, sample_rate_hz) = predictor.feature_params();
                Ok(Some(Wants {
                    params,
                    sample_rate_hz,
                    limits: predictor.limits(),
                    frames: Some(predictor.frame_names()),
                    functionals: predictor.functional_names(),
                    max_frames: predictor.max_frames(),
                }))
            }
            Self::Linear(models) => {
                let (params, sample_rate_hz) = models.feature_params().context(
                    "it does not say how its functionals are made: the features stage wrote no frames, which tell it",
                )?;
                let (limits, functionals) = (models.limits(), models.functional_names());
                Ok(Some(Wants { params, sample_rate_hz, limits, frames: None, functionals, max_frames: 0 }))
            }
            Self::Constant(_) => Ok(None),
        }
    }

    /// How far it blends a speaker's statistics with those of its training clips; `None` of a model that does not standardise
    /// per speaker.
    pub(super) fn speaker_prior(&self) -> Option<SpeakerPrior> {
        match self {
            Self::Network(predictor) => predictor.is_per_speaker().then(|| predictor.speaker_prior()),
            Self::Linear(models) => models.is_per_speaker().then(|| models.speaker_prior()),
            Self::Constant(_) => None,
        }
    }

    /// The corpora that it knows; `None` of a model that does not standardise per corpus.
    pub(super) fn corpora(&self) -> Option<BTreeSet<&str>> {
        match self {
            Self::Network(predictor) => predictor.is_per_corpus().then(|| predictor.corpora()),
            Self::Linear(models) => models.is_per_corpus().then(|| models.corpora()),
            Self::Constant(_) => None,
        }
    }

    /// In how many windows a recording of `frame_count` frames is heard.
    pub(super) fn window_count(&self, frame_count: usize) -> usize {
        match self {
            Self::Network(predictor) => predictor.window_count(frame_count),
            Self::Linear(_) | Self::Constant(_) => 1,
        }
    }

    /// Which of its networks or folds answer, where they are several.
    pub(super) fn told(&self) -> Option<String> {
        match self {
            Self::Network(predictor) => mean_of(predictor),
            Self::Linear(_) | Self::Constant(_) => {
                let folds = self.folds().len();
                (folds > 1).then(|| format!("the mean of {folds} folds"))
            }
        }
    }

    /// Folds that answer.
    pub(super) fn folds(&self) -> BTreeSet<u32> {
        match self {
            Self::Network(predictor) => predictor.folds(),
            Self::Linear(models) => models.folds(),
            Self::Constant(constant) => constant.folds.keys().copied().collect(),
        }
    }

    /// Probabilities of each clip: the mean of all folds and seeds.
    pub(super) fn predict(&self, clips: &[ClipInput<'_>]) -> anyhow::Result<Vec<Vec<f32>>> {
        Ok(match self {
            Self::Network(predictor) => predictor.predict(clips)?,
            Self::Linear(models) => models.predict(clips)?,
            Self::Constant(constant) => {
                let folds = constant.folds.len().max(1) as f32;
                let mean = |class: usize| constant.folds.values().map(|fold| fold[class] / folds).sum::<f32>();
                vec![(0..constant.classes.len()).map(mean).collect(); clips.len()]
            }
        })
    }

    /// The same of each fold and seed by itself.
    pub(super) fn parts(&self, clips: &[ClipInput<'_>]) -> anyhow::Result<Vec<PartAnswers>> {
        Ok(match self {
            Self::Network(predictor) => predictor.parts(clips)?,
            Self::Linear(models) => models.parts(clips)?,
            Self::Constant(constant) => {
                let part = |(fold, shares): (&u32, &Vec<f32>)| PartAnswers {
                    fold: *fold,
                    probabilities: vec![shares.clone(); clips.len()],
                };
                constant.folds.iter().map(part).collect()
            }
        })
    }
}

/// Which networks answer, where they are several: `the mean of 5 folds`.
pub(crate) fn mean_of(predictor: &Predictor) -> Option<String> {
    let (networks, folds) = (predictor.network_count(), predictor.folds().len());
    match (networks, folds) {
        (1, _) => None,
        (_, 1) => Some(format!("the mean of {networks} seeds")),
        _ if networks == folds => Some(format!("the mean of {folds} folds")),
        _ => Some(format!("the mean of {networks} networks: all seeds of {folds} folds")),
    }
}

impl Constant {
    /// It left no model; what it says of one test clip of a fold it says of all.
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut folds: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
        let mut classes: Option<String> = None;
        for row in Prediction::read_in(folder)? {
            let known = classes.get_or_insert_with(|| row.classes.clone());
            if let Some(problem) = row.probability_problem() {
                anyhow::bail!("`{}`, clip `{}`: {problem}", Prediction::file_in(folder).display(), row.clip_id);
            }
            let is_alike = folds.get(&row.fold).is_none_or(|said| *said == row.probabilities) && *known == row.classes;
            anyhow::ensure!(is_alike, "`{}` says different things of clips", folder.display());
            folds.insert(row.fold, row.probabilities);
        }
        let classes = classes.with_context(|| format!("`{}` predicted nothing", folder.display()))?;
        let classes = classes.split(',').map(str::parse).collect::<Result<_, ser_schemas::UnknownEmotion>>()?;
        Ok(Self { classes, folds })
    }
}
