//! The network in words, for whoever reads about it.

use std::fmt::Write as _;

use ser_schemas::Imported;

use crate::params::{Balance, KeptEpoch, Params, Standardise};
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

/// What a reader needs in order to judge the training; `has_copies` where the features have altered copies of clips.
pub(crate) fn settings(params: &Params, has_copies: bool) -> String {
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
    if params.keep_epoch == KeptEpoch::Best {
        settings += ", best epoch kept";
    }
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
    let augment = &params.augment;
    let copies = if has_copies { augment.copies } else { 0.0 };
    for (what, strength) in [
        ("replaced by altered copies", copies),
        ("given another voice", augment.voice),
        ("joined with neutral clips", augment.copy_paste),
        ("mixup", augment.mixup),
    ] {
        if strength > 0.0 {
            let _ = write!(settings, ", {what} {strength}");
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Augment;

    #[test]
    fn the_network_is_told_in_words() {
        let params = Params::default();
        assert_eq!(
            described(&params, None),
            "A neural network: convolutions over time with 64 and 96 channels, a bidirectional LSTM of 64 units, attentive statistics pooling and the clip’s functionals."
        );
        assert_eq!(
            settings(&params, false),
            "features all, epochs 40, clips per step 64, optimiser adamw, learning rate 0.002, class weights balanced, dropout 0.25, label smoothing 0.05, given another voice 0.2, mixup 0.2"
        );
        let per_speaker = Params { standardise: Standardise::Speaker, ..params.clone() };
        assert!(
            settings(&per_speaker, false)
                .contains(", statistics of a speaker blended with those of the training clips as of 2 clips more")
        );
        let own = Params { speaker_prior_clips: 0.0, ..per_speaker };
        assert_eq!(settings(&own, false), settings(&params, false));
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

    #[test]
    fn alterations_are_told_where_they_are_on() {
        let augment = Augment { copies: 0.5, voice: 0.0, copy_paste: 0.3, mixup: 0.0, ..Augment::default() };
        let params = Params { augment, train_corpora: vec!["one".into(), "two".into()], ..Params::default() };
        let ends = |has_copies, end: &str| {
            let told = settings(&params, has_copies);
            assert!(told.ends_with(end), "{told}");
        };
        ends(true, ", trained on one + two, replaced by altered copies 0.5, joined with neutral clips 0.3");
        ends(false, ", trained on one + two, joined with neutral clips 0.3");
        let none = Augment { copy_paste: 0.0, ..params.augment.clone() };
        let told = settings(&Params { augment: none, ..params.clone() }, false);
        assert!(told.ends_with(", trained on one + two"), "{told}");
    }
}
