//! The network in words, for whoever reads about it.

use serde::Serialize;

use crate::params::Params;

/// The network in one sentence.
pub(crate) fn described(params: &Params) -> String {
    let mut parts = Vec::new();
    if !params.conv.is_empty() {
        let channels: Vec<String> = params.conv.iter().map(|layer| layer.channels.to_string()).collect();
        parts.push(format!("convolutions over time with {} channels", listed(&channels)));
    }
    if params.lstm.layers > 0 {
        let both = if params.lstm.bidirectional { "bidirectional " } else { "" };
        parts.push(format!("a {both}LSTM of {} units", params.lstm.hidden));
    }
    parts.push(format!("{} pooling", word(params.pooling).replace('-', " ")));
    if params.use_functionals {
        parts.push("the clip’s functionals".to_owned());
    }
    format!("A neural network: {}.", listed(&parts))
}

/// What a reader needs in order to judge the training.
pub(crate) fn settings(params: &Params) -> String {
    format!(
        "features {}, epochs {}, clips per step {}, optimiser {}, learning rate {}, class weights {}, dropout {}, label smoothing {}",
        params.features.join(" + "),
        params.epochs,
        params.batch_size,
        word(params.optimizer),
        params.learning_rate,
        word(params.class_weights),
        params.dropout,
        params.label_smoothing
    )
}

/// The word of a pipeline file for one of a few choices.
fn word(choice: impl Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
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
        let lstm = crate::Lstm { layers: 0, ..params.lstm };
        let bare = Params { conv: Vec::new(), lstm, use_functionals: false, ..params };
        assert_eq!(described(&bare), "A neural network: attentive statistics pooling.");
    }
}
