//! Parameters of the baseline.

use schemars::JsonSchema;
use ser_models::SpeakerPrior;
use serde::{Deserialize, Serialize};

/// Which baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Always the most frequent emotion of the training clips; its probabilities are the shares of the emotions there.
    Majority,
    /// Multinomial logistic regression with an L2 penalty on the standardised functionals of a clip.
    #[default]
    Linear,
}

/// Whose clips decide what the mean and the standard deviation of a functional are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standardise {
    /// The training clips of the fold.
    #[default]
    Train,
    /// The training clips of the clip's corpus; of a corpus without any, all its clips. That needs unlabelled clips of a test
    /// corpus, which is another setting: the report says so.
    Corpus,
    /// Each speaker's own clips, blended with the training clips as `speaker_prior_clips` says. Needs the unlabelled clips of a test speaker, which is another setting: the report says so.
    Speaker,
}

/// Parameters of a baseline stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Which baseline.
    pub model: Model,
    /// Corpora whose clips are trained and validated on; empty: all. Test clips stay those of the split.
    pub train_corpora: Vec<String>,
    /// How `linear` brings functionals to mean 0 and standard deviation 1.
    pub standardise: Standardise,
    /// How many further clips of a speaker the training clips count as where `standardise = "speaker"`, 0 to 1000: of `n` clips,
    /// mean and variance are `n / (n + speaker_prior_clips)` the speaker's own, and the rest is that of all training clips. So a
    /// few clips of a speaker are of use already. 0: the speaker's own alone.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub speaker_prior_clips: f64,
    /// How many times few clips of a test speaker, and clips mostly of one emotion, are drawn to show where `standardise =
    /// "speaker"` stops to hold, 0 to 100; 0 tries nothing. No model depends on it.
    #[schemars(range(min = 0, max = 100))]
    pub standardisation_trials: u32,
    /// Strengths of the L2 penalty that `linear` tries, each above 0: half of it times the sum of squared weights is
    /// added to the summed cross-entropy of the training clips (1 / C of scikit-learn). The one with the highest
    /// unweighted average recall on the validation clips is kept, the stronger of equals; without validation clips the one in
    /// the middle is.
    #[schemars(length(min = 1, max = 20), extend("items" = positive()))]
    pub l2: Vec<f64>,
    /// Most steps of the optimiser for each strength, 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_iterations: u32,
}

fn positive() -> serde_json::Value {
    serde_json::json!({ "type": "number", "format": "double", "exclusiveMinimum": 0 })
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: Model::default(),
            train_corpora: Vec::new(),
            standardise: Standardise::default(),
            speaker_prior_clips: 2.0,
            standardisation_trials: 3,
            l2: vec![300.0, 100.0, 30.0],
            max_iterations: 200,
        }
    }
}

impl Params {
    /// How far statistics of a speaker are blended with those of the training clips: not at all where speakers have none of
    /// their own.
    pub(crate) fn speaker_prior(&self) -> SpeakerPrior {
        SpeakerPrior::new(if self.standardise == Standardise::Speaker { self.speaker_prior_clips } else { 0.0 })
    }
}
