//! Log-mel spectrogram. Its bands are also what other sets are computed from, see [`FromLogMel`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{FeaturesError, FeaturesResult};
use crate::feature_set::{Block, Column, Compute, FeatureSet, FromLogMel};
use crate::framing::Framing;
use crate::mel::{MelBank, floor_db, narrowest_hz, raise};
use crate::params::{Params, Problems};
use crate::vector::Row;
use crate::warp::Warp;

/// Log-mel spectrogram: mel bands of the power spectrum (Slaney's scale and normalisation), in decibels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogMel {
    /// Whether the bands are frame features. MFCC use them either way.
    pub on: bool,
    /// Number of mel bands.
    #[schemars(range(min = 2, max = 256))]
    pub n_mels: u32,
    /// Lower edge of the lowest band in hertz.
    #[schemars(range(min = 0.0, max = 96000.0))]
    pub fmin_hz: f64,
    /// Upper edge of the highest band in hertz, at most half the sample rate, which it is when left out.
    #[schemars(range(min = 1.0, max = 96000.0))]
    pub fmax_hz: Option<f64>,
    /// Values further than this below the clip's loudest are raised to that floor, in decibels; 0 leaves all as they are.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub top_db: f64,
}

impl Default for LogMel {
    fn default() -> Self {
        Self { on: true, n_mels: 64, fmin_hz: 0.0, fmax_hz: None, top_db: 0.0 }
    }
}

impl LogMel {
    /// Adds what is wrong with the bands at this sample rate, once any set is computed from them.
    pub(crate) fn check_bands(&self, sample_rate_hz: u32, problems: &mut Problems) {
        let nyquist_hz = f64::from(sample_rate_hz) / 2.0;
        if let Some(fmax_hz) = self.fmax_hz.filter(|fmax_hz| *fmax_hz > nyquist_hz) {
            problems.add_too_high("log_mel.fmax_hz", fmax_hz, sample_rate_hz);
        }
        if self.fmin_hz >= nyquist_hz {
            problems.add_too_high("log_mel.fmin_hz", self.fmin_hz, sample_rate_hz);
        }
    }

    /// The declared bands; one without any frequency bin would be constant, and is refused.
    pub(crate) fn bank(&self, framing: &Framing) -> FeaturesResult<MelBank> {
        let bank = MelBank::new(framing, self.n_mels as usize, self.fmin_hz, self.upper_hz(framing));
        let Some(band) = bank.empty_band() else { return Ok(bank) };
        let mut problems = Problems::default();
        problems.add(
            "log_mel.n_mels",
            format!(
                "band {band} of {} is narrower than the {:.1} Hz between frequency bins, so it would always be empty",
                self.n_mels,
                framing.bin_hz()
            ),
            Some("use fewer bands or a longer `frame_s`"),
        );
        Err(FeaturesError::Params(problems.into_list()))
    }

    /// The declared bands moved by `warp`.
    pub(crate) fn warped_bank(&self, framing: &Framing, warp: &Warp) -> MelBank {
        MelBank::warped(framing, self.n_mels as usize, self.fmin_hz, self.upper_hz(framing), warp)
    }

    /// Width in hertz of the narrowest declared band.
    pub(crate) fn narrowest_hz(&self, framing: &Framing) -> f64 {
        narrowest_hz(self.n_mels as usize, self.fmin_hz, self.upper_hz(framing))
    }

    /// Upper edge of the highest band in hertz.
    fn upper_hz(&self, framing: &Framing) -> f64 {
        self.fmax_hz.unwrap_or(f64::from(framing.sample_rate_hz) / 2.0)
    }
}

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "log_mel"
    }

    fn about(&self) -> &'static str {
        "Power in mel bands (Slaney's scale and normalisation), as `librosa.feature.melspectrogram`."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if params.log_mel.on { Column::numbered("log_mel", params.log_mel.n_mels as usize, "dB") } else { Vec::new() }
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        let LogMel { fmin_hz, fmax_hz, .. } = params.log_mel;
        if let Some(fmax_hz) = fmax_hz.filter(|fmax_hz| *fmax_hz <= fmin_hz) {
            problems.add("log_mel.fmax_hz", format!("{fmax_hz} Hz is not above `fmin_hz`, {fmin_hz} Hz"), None);
        }
    }

    fn compute(&self, params: &Params, _: &Framing) -> Compute {
        Compute::log_mel(Bands { top_db: params.log_mel.top_db })
    }
}

struct Bands {
    top_db: f64,
}

impl FromLogMel for Bands {
    #[inline(always)]
    fn block(&mut self, bands: Block<'_>, loudest_db: f32, out: &mut [Row]) {
        raise(bands.rows, floor_db(loudest_db, self.top_db), out);
    }
}
