//! What decides the values of rows beside the audio.
//!
//! A row follows from a file's bytes and from the recipe: the version of the code, the parameters, the sample rate, and
//! for altered copies the seed and the clip's id, from which they are drawn. Neither the clip's labels nor its name or place
//! are part of that.

use serde_json::json;

use crate::VERSION;
use crate::params::Params;

/// Facts that decide the values of rows beside the audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipes {
    /// Of frames and functionals.
    pub(crate) features: String,
    /// Of those of altered copies.
    pub(crate) copies: String,
}

impl Recipes {
    pub(crate) fn new(params: &Params, sample_rate_hz: u32, seed: u64) -> Self {
        let features = of_features(params);
        Self {
            features: json!({ "version": VERSION, "sample_rate_hz": sample_rate_hz, "params": features }).to_string(),
            copies: json!({ "version": VERSION, "sample_rate_hz": sample_rate_hz, "params": params, "seed": seed })
                .to_string(),
        }
    }
}

/// The parameters that frames and functionals depend on; others as they are by default.
pub(crate) fn of_features(params: &Params) -> Params {
    Params { augment: Vec::new(), ..params.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_hold_what_decides_the_values_and_nothing_else() {
        let of = |json: &str, seed| Recipes::new(&serde_json::from_str(json).expect("parameters"), 16_000, seed);
        let plain = of("{}", 1);
        assert_eq!(plain.features, of(r#"{"augment": [{"kind": "noise"}]}"#, 2).features);
        assert_ne!(plain.copies, of("{}", 2).copies);
        assert_ne!(plain.copies, of(r#"{"functionals": {"deltas": false}}"#, 1).copies);
        assert_ne!(plain.features, of(r#"{"functionals": {"deltas": false}}"#, 1).features);
        assert_ne!(plain.features, Recipes::new(&Params::default(), 8_000, 1).features);
    }
}
