//! The network in words, for whoever reads about it.

use ser_schemas::Imported;

use crate::params::{Balance, Params};
use crate::words::{listed, word};

/// The network in one sentence; `imported` is the file that its features came in, where they were computed elsewhere.
pub(crate) fn described(params: &Params, imported: Option<&Imported>) -> String {
    let mut parts = params.model.architecture().described();
    if params.use_functionals {
        parts.push("the clip’s functionals".to_owned());
    }
    let features = imported
        .map_or_else(String::new, |imported| format!(", on features that were computed elsewhere ({})", imported.file));
    format!("A neural network: {}{features}.", listed(&parts))
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
            described(&params, None),
            "A neural network: convolutions over time with 64 and 96 channels, a bidirectional LSTM of 64 units, attentive statistics pooling and the clip’s functionals."
        );
        assert_eq!(
            settings(&params),
            "features all, epochs 40, clips per step 64, optimiser adamw, learning rate 0.002, class weights balanced, dropout 0.25, label smoothing 0.05"
        );
        let lstm = crate::Lstm { layers: 0, ..crate::Lstm::default() };
        let bare = crate::CnnLstmConfig { conv: Vec::new(), lstm, ..crate::CnnLstmConfig::default() };
        let bare = Params { model: crate::NetworkConfig::CnnLstm(bare), use_functionals: false, ..params };
        assert_eq!(described(&bare, None), "A neural network: attentive statistics pooling.");
        let imported = Imported { file: "wav2vec2.parquet".into(), blake3: String::new() };
        assert_eq!(
            described(&bare, Some(&imported)),
            "A neural network: attentive statistics pooling, on features that were computed elsewhere (wav2vec2.parquet)."
        );
    }
}
