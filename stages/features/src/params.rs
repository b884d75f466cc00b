//! The parameters of the stage, as a pipeline file declares them.

use schemars::JsonSchema;
use ser_audio::SAMPLE_RATES_HZ;
use ser_stage::Problem;
use serde::{Deserialize, Serialize};

use crate::augment::Augmentation;
use crate::enhance::Enhancement;
use crate::feature_set::{Column, FeatureSet, Summary};
use crate::framing::Framing;
use crate::sets::{F0, Formants, LogMel, Mfcc, SETS};

/// Which features are computed, and how.
///
/// Frames are centred: frame `t` covers the samples around `t * hop_s`, with silence assumed outside the clip. Values
/// follow librosa 0.11 with `center=True, pad_mode="constant"` and a periodic Hann window, unless a field says otherwise.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a pipeline file sets by name")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Length of a frame in seconds. The FFT has the next power of two of samples.
    #[schemars(range(min = 0.005, max = 0.2))]
    pub frame_s: f64,
    /// Time between frames in seconds, at most `frame_s`.
    #[schemars(range(min = 0.001, max = 0.2))]
    pub hop_s: f64,
    /// Log-mel spectrogram, in decibels; its bands are also what MFCC are computed from.
    pub log_mel: LogMel,
    /// Mel-frequency cepstral coefficients.
    pub mfcc: Mfcc,
    /// Zero-crossing rate: share of neighbouring samples of a frame with different signs, 0 to 1.
    pub zcr: bool,
    /// Chroma STFT: energy in each of twelve pitch classes (`chroma_00` is C), the largest of a frame being 1.
    pub chroma: bool,
    /// Root mean square of a frame's samples, relative to full scale.
    pub rms: bool,
    /// Spectral centroid in hertz: mean frequency, weighted by magnitude.
    pub spectral_centroid: bool,
    /// Spectral bandwidth in hertz: standard deviation of frequency, weighted by magnitude.
    pub spectral_bandwidth: bool,
    /// Spectral roll-off in hertz: frequency below which 85 % of the magnitude lies.
    pub spectral_rolloff: bool,
    /// Spectral flatness: geometric over arithmetic mean of power, 0 (tone) to 1 (noise).
    pub spectral_flatness: bool,
    /// Fundamental frequency and a voicing flag.
    pub f0: F0,
    /// Quality of the voice in voiced frames: fundamental frequency in semitones above 27.5 Hz, local jitter, local shimmer in
    /// decibels, and harmonics-to-noise ratio in decibels; 0 in unvoiced frames. Needs `f0`.
    pub voice: bool,
    /// Frequencies and bandwidths of the lowest three formants in voiced frames. Needs `f0`.
    pub formants: Formants,
    /// Tilt of the spectrum: alpha ratio and Hammarberg index in decibels, and slopes of its lowest 500 Hz and of 500 to 1500
    /// Hz. Functionals are over voiced frames, so it needs `f0`.
    pub spectral_tilt: bool,
    /// Rhythm of the clip from its first to its last voiced frame: voiced stretches per second, lengths of voiced stretches
    /// and of those between them, and the share of pauses; functionals only. Needs `f0`.
    pub rhythm: bool,
    /// The samples from each frame's middle to the next's, `hop_s` of them, as columns: what a network over waveforms hears.
    /// No other network takes them, and they have no functionals.
    pub samples: bool,
    /// Statistics of each frame feature over a clip.
    pub functionals: Functionals,
    /// Steps applied to the waveform before features are computed, in this order.
    pub enhance: Vec<Enhancement>,
    /// Altered copies of each clip, for training only: written beside the clips, used where a split says "train".
    pub augment: Vec<Augmentation>,
}

/// Statistics over a clip: mean, standard deviation, minimum, maximum, quartiles (`q25`, `q50`, `q75`) and slope per
/// second (least squares) of every frame feature, and what is declared here. Those of `f0_hz` and of
/// the voice are over voiced frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Functionals {
    /// Whether there are any. The linear baseline needs them, and so does a network with `use_functionals`.
    pub on: bool,
    /// Further percentiles, for example `[10, 90]`.
    #[schemars(inner(range(min = 1, max = 99)))]
    pub percentiles: Vec<u32>,
    /// Mean and standard deviation of the derivative over time, too (`delta_mean`, `delta_sd`).
    pub deltas: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            frame_s: 0.025,
            hop_s: 0.010,
            log_mel: LogMel::default(),
            mfcc: Mfcc::default(),
            zcr: true,
            chroma: true,
            rms: true,
            spectral_centroid: false,
            spectral_bandwidth: false,
            spectral_rolloff: false,
            spectral_flatness: false,
            f0: F0::default(),
            voice: false,
            formants: Formants::default(),
            spectral_tilt: false,
            rhythm: false,
            samples: false,
            functionals: Functionals::default(),
            enhance: Vec::new(),
            augment: Vec::new(),
        }
    }
}

impl Default for Functionals {
    fn default() -> Self {
        Self { on: true, percentiles: vec![10, 90], deltas: true }
    }
}

impl Params {
    /// Rules that involve more than one value, for parameters that are as their schema says.
    pub fn check(&self) -> Vec<Problem> {
        self.check_with(SETS)
    }

    /// The same where `sets` are computed.
    pub(crate) fn check_with(&self, sets: &[&dyn FeatureSet]) -> Vec<Problem> {
        let mut problems = Problems::default();
        if self.hop_s > self.frame_s {
            problems.add(
                "hop_s",
                format!(
                    "{} s is longer than a frame of {} s, so samples between frames are lost",
                    self.hop_s, self.frame_s
                ),
                Some("make `hop_s` at most `frame_s`"),
            );
        }
        for set in sets {
            set.check(self, &mut problems);
        }
        let is_of_frames = |column: Column| column.summary != Summary::Value;
        // What is on does not depend on the sample rate.
        let framing = Framing::new(self, *SAMPLE_RATES_HZ.start());
        let any = || sets.iter().any(|set| set.columns(self, &framing).into_iter().any(is_of_frames));
        if !any() {
            problems.add("log_mel.on", "no feature is switched on".to_owned(), Some("switch at least one set on"));
        }
        for (index, percentile) in self.functionals.percentiles.iter().enumerate() {
            if self.functionals.percentiles[..index].contains(percentile) || [25, 50, 75].contains(percentile) {
                problems.add(
                    "functionals.percentiles",
                    format!("{percentile} is computed twice"),
                    Some("the quartiles 25, 50 and 75 are always there; list each further percentile once"),
                );
            }
        }
        for (index, step) in self.augment.iter().enumerate() {
            step.check(&format!("augment[{index}]"), &mut problems);
        }
        problems.into_list()
    }
}

/// Problems found so far.
#[derive(Debug, Default)]
pub struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// Adds a problem with the parameter `key`, a path like `log_mel.n_mels`, and advice where there is some.
    pub fn add(&mut self, key: &str, message: String, hint: Option<&str>) {
        self.0.push(Problem { key: key.to_owned(), message, hint: hint.map(str::to_owned) });
    }

    /// Adds that a frequency of `hz` is too high for the sample rate.
    pub(crate) fn add_too_high(&mut self, key: &str, hz: f64, sample_rate_hz: u32) {
        let message = format!("{hz} Hz does not lie below half the sample rate of {sample_rate_hz} Hz");
        self.add(key, message, Some("lower it, or raise `sample_rate_hz` of the manifest stage"));
    }

    /// Adds that the set which `key` switches on is about voiced frames, and `f0`, which finds them, is off.
    pub(crate) fn add_needs_f0(&mut self, key: &str) {
        self.add(key, "voiced frames are not known".to_owned(), Some("set `f0.on = true`"));
    }

    pub(crate) fn into_list(self) -> Vec<Problem> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_acceptable() {
        assert_eq!(Params::default().check(), []);
    }

    #[test]
    fn every_mistake_is_reported() {
        let mut params = Params { hop_s: 0.05, ..Params::default() };
        params.mfcc.n_mfcc = 65;
        params.log_mel.fmin_hz = 500.0;
        params.log_mel.fmax_hz = Some(300.0);
        params.f0.frame_s = 0.02;
        params.functionals.percentiles = vec![50];
        let keys: Vec<String> = params.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["hop_s", "log_mel.fmax_hz", "mfcc.n_mfcc", "f0.frame_s", "functionals.percentiles"]);
    }

    #[test]
    fn no_feature_at_all_is_a_mistake() {
        let mut params = Params { zcr: false, chroma: false, rms: false, ..Params::default() };
        params.log_mel.on = false;
        params.mfcc.on = false;
        params.f0.on = false;
        assert_eq!(params.check().len(), 1);
    }

    #[test]
    fn unknown_keys_are_refused_and_missing_ones_have_defaults() {
        let parsed: Params = serde_json::from_str(r#"{"mfcc": {"n_mfcc": 13}}"#).expect("valid");
        assert_eq!(parsed.mfcc, Mfcc { n_mfcc: 13, ..Mfcc::default() });
        assert!(serde_json::from_str::<Params>(r#"{"mfcc": {"n_mfc": 13}}"#).is_err());
        assert!(serde_json::from_str::<Params>(r#"{"enhance": [{"kind": "pre-emphasis", "coeff": 0.9}]}"#).is_err());
    }

    #[test]
    fn every_field_of_the_json_schema_is_documented() {
        fn walk(value: &serde_json::Value, path: &str) {
            if let Some(properties) = value.get("properties").and_then(|properties| properties.as_object()) {
                for (name, property) in properties {
                    let documented = property.get("description").is_some() || property.get("const").is_some();
                    assert!(documented, "{path}.{name} has no description");
                    walk(property, &format!("{path}.{name}"));
                }
            }
            for (key, inner) in value.as_object().into_iter().flatten() {
                if key == "$defs" {
                    for (name, definition) in inner.as_object().into_iter().flatten() {
                        walk(definition, name);
                    }
                }
                for variant in inner.as_array().into_iter().flatten() {
                    walk(variant, path);
                }
            }
        }
        walk(schemars::schema_for!(Params).as_value(), "features");
    }
}
