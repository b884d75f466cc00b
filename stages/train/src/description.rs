//! The network in words, for whoever reads about it.

use crate::params::{Balance, Params, Standardise};
use crate::words::{listed, word};

/// The network in one sentence.
pub(crate) fn described(params: &Params) -> String {
    let mut parts = params.model.architecture().described();
    if params.use_functionals {
        parts.push("the clip’s functionals".to_owned());
    }
    format!("A neural network: {}.", listed(&parts))
}

/// What a reader needs in order to judge the training.
pub(crate) fn settings(params: &Params) -> String {
    let mut settings = format!(
        "features {}, epochs {}, clips per step {}, optimiser {}, learning rate {}, class weights {}, dropout {}, label smoothing {}",
        params.features.join(" + "),
        params.epochs,
        params.batch_size,
        word(params.optimizer),
        params.learning_rate,
        word(params.class_weights),
        params.model.architecture().dropout(),
        params.label_smoothing
    );
    if !params.train_corpora.is_empty() {
        settings.push_str(", trained on ");
        settings.push_str(&params.train_corpora.join(" + "));
    }
    if params.balance == Balance::Corpora {
        settings += ", corpora drawn equally often";
    }
    if params.standardise == Standardise::Speaker {
        settings.extend(params.speaker_prior().told());
    }
    if params.augment.copy_paste > 0.0 {
        settings.push_str(", joined with neutral clips ");
        settings.push_str(&params.augment.copy_paste.to_string());
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_told_in_words() {
        let params = Params::default();
        assert_eq!(
            described(&params),
            "A neural network: convolutions over time with 64 and 96 channels, a bidirectional LSTM of 64 units, attentive statistics pooling and the clip’s functionals."
        );
        assert_eq!(
            settings(&params),
            "features all, epochs 40, clips per step 64, optimiser adamw, learning rate 0.002, class weights balanced, dropout 0.25, label smoothing 0.05"
        );
        let per_speaker = Params { standardise: Standardise::Speaker, ..params.clone() };
        assert!(
            settings(&per_speaker)
                .ends_with(", statistics of a speaker blended with those of the training clips as of 2 clips more")
        );
        let own = Params { speaker_prior_clips: 0.0, ..per_speaker };
        assert_eq!(settings(&own), settings(&params));
        let lstm = crate::Lstm { layers: 0, ..crate::Lstm::default() };
        let bare = crate::CnnLstmConfig { conv: Vec::new(), lstm, ..crate::CnnLstmConfig::default() };
        let bare = Params { model: crate::NetworkConfig::CnnLstm(bare), use_functionals: false, ..params };
        assert_eq!(described(&bare), "A neural network: attentive statistics pooling.");
    }
}
