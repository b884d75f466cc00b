//! What a train stage can be told.

use schemars::JsonSchema;
use ser_models::SpeakerPrior;
use ser_stage::Problem;
use serde::{Deserialize, Serialize};

use crate::networks::NetworkConfig;

/// Parameters of a train stage: the features used, the network, and how it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-was" = {
    "conv": "`model.conv`", "lstm": "`model.lstm`", "pooling": "`model.pooling`", "attention_size": "`model.attention_size`",
    "functionals_size": "`model.functionals_size`", "dense": "`model.dense`", "dropout": "`model.dropout`",
    "functionals_dropout": "`model.functionals_dropout`",
}))]
pub struct Params {
    /// Frame features to use, by the beginning of their names: `log-mel` takes `log_mel_00`, `log_mel_01`, ...; `all`
    /// takes every column that the network can take: bands of the log-mel spectrogram for a network over images, samples for
    /// one over waveforms, everything but samples for all others. Names are matched as whole words, `-` and `_` alike.
    #[schemars(length(min = 1))]
    pub features: Vec<String>,
    /// Whether each clip's functionals are joined to the network's summary of its frames, before the classifier.
    pub use_functionals: bool,
    /// Which values are brought to mean 0 and standard deviation 1, column by column. A waveform is one column, and always
    /// standardised clip by clip unless this is `none`.
    pub standardise: Standardise,
    /// How many further clips of a speaker the training clips count as where `standardise = "speaker"`, 0 to 1000: of `n` clips,
    /// mean and variance are `n / (n + speaker_prior_clips)` the speaker's own, and the rest is that of all training clips. So a
    /// few clips of a speaker are of use already. 0: the speaker's own alone.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub speaker_prior_clips: f64,
    /// How many times few clips of a test speaker, and clips mostly of one emotion, are drawn after training to show where
    /// `standardise = "speaker"` stops to hold, 0 to 100; 0 tries nothing. Neither weights nor predictions depend on it.
    #[schemars(range(min = 0, max = 100))]
    pub standardisation_trials: u32,
    /// Most frames that the network hears at once. Of longer clips training hears a random stretch of this length in each
    /// epoch; validation, test and prediction take the mean over windows of this length, spread over the whole clip. 0: no limit.
    #[schemars(range(min = 0, max = 100_000))]
    pub max_frames: usize,
    /// The network.
    pub model: NetworkConfig,
    /// Clips per step.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: usize,
    /// Passes over the training clips.
    #[schemars(range(min = 1, max = 100_000))]
    pub epochs: usize,
    /// Corpora whose clips are trained and validated on; empty: all. Test clips stay those of the split, so that what further
    /// corpora add is two stages and their comparison.
    pub train_corpora: Vec<String>,
    /// How often each training clip is drawn in an epoch.
    pub balance: Balance,
    /// Rule by which gradients become steps.
    pub optimizer: Optimizer,
    /// Highest learning rate, reached at the end of warm-up.
    #[schemars(range(min = 1e-9, max = 10.0))]
    pub learning_rate: f64,
    /// Weight decay of matrices (never of biases and normalisation): decoupled for `adamw`, added to the gradient for others.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight_decay: f64,
    /// Epochs over which the learning rate rises from zero, at most half of all epochs; afterwards it falls to zero along
    /// half a cosine.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub warm_up_epochs: f64,
    /// Highest Euclidean norm of a step's whole gradient; larger ones are scaled down. 0: no limit.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub clip_norm: f64,
    /// Share of the old value in a running average of the weights over steps, which is what validation, test and the stored
    /// model use: steadier than the weights of any one step. 0: no averaging.
    #[schemars(range(min = 0.0, max = 0.9999))]
    pub average: f64,
    /// How classes weigh in the loss.
    pub class_weights: ClassWeights,
    /// Share of the target that is spread over all classes.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub label_smoothing: f64,
    /// Which epoch's weights are the model.
    pub keep_epoch: KeptEpoch,
    /// Epochs without a better validation UAR, of equals a lower loss, after which a fold stops; 0 never stops early, which suits a learning rate
    /// that falls to zero over the declared epochs: much is learnt at its end. Needs `keep_epoch = "best"`.
    #[schemars(range(min = 0, max = 100_000))]
    pub early_stopping: usize,
    /// Alterations of training clips.
    pub augment: Augment,
    /// Where the network is computed.
    pub device: Device,
    /// What computes it on the device `cpu`; on all others it is burn.
    pub kernels: Kernels,
    /// Added to the pipeline's seed: other initial weights and other batches, same everything else.
    #[schemars(range(min = 0, max = 4_294_967_295_u32))]
    pub seed_offset: u32,
    /// Networks that are trained in each fold, alike but for initial weights, batches and dropout: the first with
    /// `seed_offset`, each further one with one more. What one training comes to is partly luck: figures are means over the
    /// networks, and tell how far these lie apart. As many times the work.
    // Of one seed, fingerprints and models are those of before this parameter.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 32), extend("default" = 1))]
    pub seeds: u32,
}

/// Alterations of training clips; validation and test clips are never touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Probability that a clip is replaced by one of its altered copies, which the features stage makes where its `augment` says so.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub copies: f64,
    /// Probability that a clip is given another training speaker's voice: its frames and functionals are brought from the
    /// mean and standard deviation of its speaker's training clips to those of another, column by column. Teaches what
    /// emotion is apart from whose voice it is; of no use with `standardise = "speaker"`, which removes the same. Waveforms stay
    /// as they are.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub voice: f64,
    /// Probability that a clip is joined, before or after, with a neutral training clip of its corpus, and keeps its class
    /// (CopyPaste, Pappagari et al. 2020, scheme N-CP): speech with an emotion and without one is heard as emotional. Neutral
    /// clips are joined, too, or else a joint would tell the class. The other clip is of the same speaker where they have one
    /// (what is heard is one person), standardised as itself. Where both together are longer than `max_frames`, stretches
    /// are taken, at least half of it from the clip itself. Its functionals stay its own: most are no function of those of
    /// the parts.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub copy_paste: f64,
    /// Mixup (Zhang et al. 2018): clips are blended in pairs, with a share from Beta(alpha, alpha). 0: off.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub mixup: f64,
    /// SpecAugment (Park et al. 2019): stretches of frames set to the mean.
    #[schemars(range(min = 0, max = 100))]
    pub time_masks: usize,
    /// Longest such stretch, as a share of the clip.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub time_mask_share: f64,
    /// SpecAugment: ranges of feature columns set to the mean; not of waveforms, which have no such columns.
    #[schemars(range(min = 0, max = 100))]
    pub feature_masks: usize,
    /// Widest such range, in columns.
    #[schemars(range(min = 0, max = 8192))]
    pub feature_mask_width: usize,
    /// Standard deviation of Gaussian noise added to standardised frames and functionals. 0: off.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub noise: f64,
}

/// What is brought to mean 0 and standard deviation 1, and over which clips these are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standardise {
    /// Values as they are.
    None,
    /// Each clip's frames by themselves; functionals, one value per clip, over the training clips of the fold.
    Clip,
    /// Over the training clips of each corpus, for all clips of that corpus. Of a corpus without training clips, over all its
    /// clips: labels are not used, but other recordings of a test corpus are, and the result holds where several are at hand
    /// (transductive).
    Corpus,
    /// Over all clips of each speaker, test speakers included, blended with the training clips as `speaker_prior_clips` says.
    /// Labels are not used, but a test speaker's other recordings are: the result holds where several recordings of a speaker
    /// are at hand (transductive).
    Speaker,
    /// Over the training clips of the fold, and nothing else.
    Train,
}

/// How often each training clip is drawn in an epoch, which has as many draws as there are training clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// Once.
    Clips,
    /// So that corpora are drawn equally often, in each batch and each epoch, up to one clip: of a small corpus some clips come
    /// several times, of a large one some not at all, others each time. Within a corpus, clips differ by one draw at most.
    Corpora,
}

/// Rule by which gradients become steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (betas 0.9 and 0.999).
    Adamw,
    /// Adam, weight decay as part of the gradient.
    Adam,
    /// Stochastic gradient descent with momentum 0.9.
    Sgd,
}

/// How classes weigh in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every clip weighs the same.
    None,
    /// Every class weighs the same: clips by the inverse frequency of their class among the training clips, each counted as
    /// often as `balance` draws it.
    Balanced,
}

/// Which epoch's weights are the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeptEpoch {
    /// The last one's, whatever the validation clips say: these judge a model that was not chosen by them. What few validation
    /// speakers prefer among epochs is mostly chance, and early epochs, which it takes now and then, have learnt less.
    Last,
    /// Those of the highest validation UAR, of equals the one of the lowest loss; without validation clips, the last one's.
    Best,
}

/// Where the network is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-was" = { "flex": "`\"cpu\"`", "flex-layers": "`\"cpu\"` with `kernels = \"burn\"`" }))]
pub enum Device {
    /// The processor.
    Cpu,
    /// burn's ndarray backend (cargo feature `ndarray`): an independent reference, slower.
    Ndarray,
    /// A graphics processor through wgpu (cargo feature `wgpu`).
    Wgpu,
    /// An NVIDIA graphics processor (cargo feature `cuda`).
    Cuda,
}

/// What computes the network on the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kernels {
    /// This project's own kernels, on the widest instructions that the processor has.
    Own,
    /// burn's tensor operations: the reference for the kernels, several times slower.
    Burn,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            features: vec!["all".to_owned()],
            use_functionals: true,
            standardise: Standardise::Train,
            speaker_prior_clips: 2.0,
            standardisation_trials: 3,
            max_frames: 600,
            model: NetworkConfig::default(),
            batch_size: 64,
            epochs: 40,
            train_corpora: Vec::new(),
            balance: Balance::Clips,
            optimizer: Optimizer::Adamw,
            learning_rate: 2e-3,
            weight_decay: 0.02,
            warm_up_epochs: 2.0,
            clip_norm: 5.0,
            average: 0.98,
            class_weights: ClassWeights::Balanced,
            label_smoothing: 0.05,
            keep_epoch: KeptEpoch::Last,
            early_stopping: 0,
            augment: Augment::default(),
            device: Device::Cpu,
            kernels: Kernels::Own,
            seed_offset: 0,
            seeds: 1,
        }
    }
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            copies: 0.5,
            voice: 0.2,
            copy_paste: 0.0,
            mixup: 0.2,
            time_masks: 2,
            time_mask_share: 0.1,
            feature_masks: 2,
            feature_mask_width: 8,
            noise: 0.0,
        }
    }
}

impl Device {
    /// The cargo feature that this device needs and that is not compiled in.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Cpu => None,
            Self::Ndarray => (!cfg!(feature = "ndarray")).then_some("ndarray"),
            Self::Wgpu => (!cfg!(feature = "wgpu")).then_some("wgpu"),
            Self::Cuda => (!cfg!(feature = "cuda")).then_some("cuda"),
        }
    }

    /// The name used in pipeline files.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_one(seeds: &u32) -> bool {
    *seeds == 1
}

impl Params {
    /// How far statistics of a speaker are blended with those of the training clips.
    pub(crate) fn speaker_prior(&self) -> SpeakerPrior {
        SpeakerPrior::new(self.speaker_prior_clips)
    }

    /// Those of the network with number `seed` of each fold, as if it were the only one.
    pub(crate) fn of_seed(&self, seed: u32) -> Self {
        Self { seed_offset: self.seed_offset.wrapping_add(seed), seeds: 1, ..self.clone() }
    }

    /// What is well-formed but cannot be trained.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, message: String, hint: &str| {
            problems.push(Problem { key: key.to_owned(), message, hint: Some(hint.to_owned()) });
        };
        let hears = self.model.architecture().hears();
        for (index, want) in self.features.iter().enumerate().filter(|(_, want)| *want != "all") {
            if !hears.may_take(&want.replace('-', "_")) {
                let message = format!("the network `{}` hears {}, found `{want}`", self.model.kind(), hears.columns());
                problem(&format!("features[{index}]"), message, "use `all`, or names of such columns");
            }
        }
        self.model.architecture().check(&mut |key, message, hint| problem(&format!("model.{key}"), message, hint));
        if self.seed_offset.checked_add(self.seeds.saturating_sub(1)).is_none() {
            let message = format!("`seed_offset` and `seeds` add up to more than {}", u32::MAX);
            problem("seeds", message, "lower `seed_offset`");
        }
        if self.early_stopping > 0 && self.keep_epoch == KeptEpoch::Last {
            let message = "the last epoch is kept, and a fold that stops early has none that is as good as it can be";
            problem(
                "early_stopping",
                message.to_owned(),
                "set `keep_epoch = \"best\"`, or leave `early_stopping` away",
            );
        }
        if let Some(feature) = self.device.missing_feature() {
            let message = format!("this program was built without the device `{}`", self.device.as_str());
            problem("device", message, &format!("build with `--features {feature}`, or use `cpu`"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::{CnnLstmConfig, ConvLayer};

    #[test]
    fn defaults_are_acceptable() {
        assert_eq!(Params::default().check(), []);
    }

    #[test]
    fn every_mistake_is_reported() {
        let model = CnnLstmConfig {
            conv: [3, 4, 6].map(|kernel| ConvLayer { channels: 8, kernel, stride: 1, pool: 1 }).into(),
            ..CnnLstmConfig::default()
        };
        let features = ["all", "samples", "rms"].map(str::to_owned).to_vec();
        let params = Params { features, model: NetworkConfig::CnnLstm(model), ..Params::default() };
        let keys: Vec<String> = params.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["features[1]", "model.conv[1].kernel", "model.conv[2].kernel"]);
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_device_that_is_not_compiled_in_names_its_feature() {
        let problems = Params { device: Device::Cuda, ..Params::default() }.check();
        assert_eq!(problems[0].hint.as_deref(), Some("build with `--features cuda`, or use `cpu`"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<Params>(r#"{"epoch": 3}"#).is_err());
        assert!(serde_json::from_str::<Params>(r#"{"model": {"kind": "cnn-lstm", "convs": []}}"#).is_err());
        let text = r#"{"model": {"kind": "cnn-lstm", "conv": [{"channels": 8, "kernel": 3}]}}"#;
        let params: Params = serde_json::from_str(text).expect("valid");
        let conv = vec![ConvLayer { channels: 8, kernel: 3, stride: 1, pool: 1 }];
        assert_eq!(params.model, NetworkConfig::CnnLstm(CnnLstmConfig { conv, ..CnnLstmConfig::default() }));
    }
}
