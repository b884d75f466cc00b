//! What a linear model says of a recording that no table holds.

use ser_models::ClipInput;

use crate::model_file::LinearModel;
use crate::params::Standardise;
use crate::scaling::Scaling;

impl LinearModel {
    /// Probability of each class for `clip`, which has all functionals.
    pub(crate) fn probabilities(&self, clip: &ClipInput<'_>) -> Vec<f32> {
        let scaling = self.scaling(clip);
        let scaled: Vec<f64> = scaling.as_ref().unwrap_or(&self.standardisation).apply(clip.functionals).collect();
        let logit = |(weights, intercept): (&Vec<f64>, &Option<f64>)| {
            let sum: f64 = weights.iter().zip(&scaled).map(|(weight, value)| weight * value).sum();
            intercept.map_or(f64::NEG_INFINITY, |intercept| intercept + sum)
        };
        let logits: Vec<f64> = self.weights.iter().zip(&self.intercepts).map(logit).collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exponentials: Vec<f64> = logits.iter().map(|logit| (logit - highest).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        exponentials.iter().map(|value| (value / sum) as f32).collect()
    }

    /// Whose statistics scale `clip`; `None` for those of the training clips.
    fn scaling(&self, clip: &ClipInput<'_>) -> Option<Scaling> {
        match self.standardise {
            Standardise::Train => None,
            Standardise::Corpus => self.corpora.get(clip.corpus?).cloned(),
            Standardise::Speaker => {
                let (speaker, prior) = (clip.speaker?, self.speaker_prior());
                let own = Scaling::of(speaker.functionals(), self.functional_names.len());
                let suffices = speaker.recordings() >= prior.least_recordings();
                suffices.then(|| own.blended(&self.standardisation, speaker.recordings(), prior))
            }
        }
    }
}
