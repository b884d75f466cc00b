//! One recording in, its features out. The same code serves the stage and prediction.

use std::collections::HashMap;

use ser_audio::{LARGEST_SAMPLE, Resampler, wide};
use ser_stage::Problem;

use crate::computations::Computations;
use crate::enhance::Enhancer;
use crate::error::{FeaturesError, FeaturesResult};
use crate::feature_set::{Block, Columns, FeatureSet, WholeClip};
use crate::framing::Framing;
use crate::functionals::{self, Run, Statistics};
use crate::layout::Layout;
use crate::mel::{MelBank, largest, power_to_db};
use crate::params::{Params, Problems};
use crate::sets::{F0_HZ, LogMel, SETS};
use crate::stft::Stft;
use crate::vector::{LANES, Row, spread};
use crate::warp::Warp;

/// Conversions kept ready; corpora have one to three sample rates.
const MAX_RESAMPLERS: usize = 16;

/// The features of one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFeatures {
    /// Frame after frame, one value per name of the layout; always finite.
    pub frames: Vec<f32>,
    /// Number of frames, at least 1.
    pub frame_count: usize,
    /// One value per functional of the layout; always finite. Empty where they are switched off.
    pub functionals: Vec<f32>,
}

/// Computes features. Holds plans, filter banks and buffers: make one per thread and use it for many clips.
pub struct Extractor {
    framing: Framing,
    layout: Layout,
    enhancer: Enhancer,
    computations: Computations,
    stft: Stft,
    mel: Option<Mel>,
    runs: Vec<Run>,
    statistics: Statistics,
    resamplers: HashMap<u32, Resampler>,
    /// Memory of the last clip, for the next.
    spare: Vec<f32>,
    /// Powers of frames side by side, one row per frequency bin.
    power: Vec<Row>,
    /// Fundamental frequency of each frame of the clip, for the sets that are computed from it.
    pitch_hz: Vec<f32>,
}

/// The log-mel bands of a clip.
struct Mel {
    declared: LogMel,
    bank: MelBank,
    bands: usize,
    /// One row per band, block after block of frames.
    rows: Vec<Row>,
}

impl Extractor {
    /// Prepares to compute features of audio at `sample_rate_hz`; recordings of other rates are resampled to it.
    pub fn new(params: &Params, sample_rate_hz: u32) -> FeaturesResult<Self> {
        Self::with_sets(params, sample_rate_hz, SETS)
    }

    /// The same with other feature sets than [`SETS`]; their columns are in the order of `sets`.
    pub fn with_sets(params: &Params, sample_rate_hz: u32, sets: &[&dyn FeatureSet]) -> FeaturesResult<Self> {
        accept(ser_stage::schema::problems(params))?;
        accept(params.check_with(sets))?;
        let framing = Framing::new(params, sample_rate_hz);
        let (computations, columns) = Computations::new(sets, params, &framing);
        let needs_mel = !computations.log_mel.is_empty();
        let mut problems = Problems::default();
        if needs_mel {
            params.log_mel.check_bands(sample_rate_hz, &mut problems);
        }
        for set in sets.iter().filter(|set| !set.columns(params, &framing).is_empty()) {
            set.check_rate(params, sample_rate_hz, &mut problems);
        }
        for (index, step) in params.augment.iter().enumerate() {
            let log_mel = needs_mel.then_some(&params.log_mel);
            step.check_bands(&format!("augment[{index}]"), log_mel, &framing, &mut problems);
        }
        accept(problems.into_list())?;
        let mel = needs_mel.then(|| params.log_mel.bank(&framing)).transpose()?;
        Ok(Self {
            layout: Layout::new(params, &framing, &columns),
            enhancer: Enhancer::new(&params.enhance, sample_rate_hz),
            computations,
            stft: Stft::new(framing),
            mel: mel.map(|bank| Mel {
                declared: params.log_mel.clone(),
                bank,
                bands: params.log_mel.n_mels as usize,
                rows: Vec::new(),
            }),
            runs: functionals::runs(&columns),
            statistics: Statistics::new(&params.functionals, framing.hop_s()),
            resamplers: HashMap::new(),
            spare: Vec::new(),
            power: vec![[0.0; LANES]; framing.bins()],
            pitch_hz: Vec::new(),
            framing,
        })
    }

    /// Names and order of what [`extract`](Self::extract) returns.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Most samples at the sample rate of the features that have no more than `frames` frames.
    pub fn samples_of(&self, frames: usize) -> usize {
        frames.saturating_mul(self.framing.hop).saturating_sub(1)
    }

    /// Features of a mono recording with a sample rate of `from_hz`.
    ///
    /// Samples that are not finite count as silence. A recording without samples has one frame, of silence.
    pub fn extract(&mut self, samples: &[f32], from_hz: u32) -> FeaturesResult<ClipFeatures> {
        let clip = self.load(samples.to_vec(), from_hz)?;
        Ok(self.features(clip, None))
    }

    /// A mono recording with a sample rate of `from_hz` at the sample rate of the features, every sample finite.
    ///
    /// Samples are limited to [`LARGEST_SAMPLE`], beyond which no decoder delivers any, because powers of larger ones
    /// overflow. Recordings at the scale of integers lie below, and are only louder than others.
    pub fn load(&mut self, mut samples: Vec<f32>, from_hz: u32) -> FeaturesResult<Vec<f32>> {
        wide(
            #[inline(always)]
            || {
                for sample in &mut samples {
                    *sample = if sample.is_finite() { sample.clamp(-LARGEST_SAMPLE, LARGEST_SAMPLE) } else { 0.0 };
                }
            },
        );
        self.resample(samples, from_hz)
    }

    /// `samples`, recorded at `from_hz`, at the sample rate of the features.
    pub(crate) fn resample(&mut self, samples: Vec<f32>, from_hz: u32) -> FeaturesResult<Vec<f32>> {
        let to_hz = self.framing.sample_rate_hz;
        if from_hz == to_hz {
            return Ok(samples);
        }
        if self.resamplers.len() >= MAX_RESAMPLERS && !self.resamplers.contains_key(&from_hz) {
            self.resamplers.clear();
        }
        let resampler = match self.resamplers.entry(from_hz) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Resampler::new(from_hz, to_hz).map_err(|source| FeaturesError::Resample {
                    from_hz,
                    to_hz,
                    source,
                })?)
            }
        };
        let mut converted = std::mem::take(&mut self.spare);
        resampler.resample_into(&samples, &mut converted);
        Ok(converted)
    }

    /// Features of a clip at the sample rate of the features, enhanced first as declared; mel bands hear it through `warp`,
    /// where there is one.
    pub(crate) fn features(&mut self, mut clip: Vec<f32>, warp: Option<&Warp>) -> ClipFeatures {
        self.enhancer.apply(&mut clip);
        let unwarped = warp.and_then(|warp| {
            let mel = self.mel.as_mut()?;
            let bank = mel.declared.warped_bank(&self.framing, warp);
            Some(std::mem::replace(&mut mel.bank, bank))
        });
        let frames = self.frames_of(&clip);
        if let (Some(bank), Some(mel)) = (unwarped, &mut self.mel) {
            mel.bank = bank;
        }
        let functionals = self.functionals(&clip, &frames);
        self.spare = clip;
        ClipFeatures { frame_count: frames.len() / self.layout.frames.names.len(), frames, functionals }
    }

    fn frames_of(&mut self, clip: &[f32]) -> Vec<f32> {
        let width = self.layout.frames.names.len();
        let mut frames = vec![0.0; self.framing.frame_count(clip.len()) * width];
        self.spectral_features(clip, width, &mut frames);
        self.mel_features(width, &mut frames);
        for part in &mut self.computations.signal {
            let mut columns = Columns::new(&mut frames, width, part.columns.start);
            part.set.clip(clip, &self.framing, &mut columns);
        }
        self.pitch_features(clip, width, &mut frames);
        frames
    }

    /// Features of samples and their pitch, which by now stands among the columns.
    fn pitch_features(&mut self, clip: &[f32], width: usize, frames: &mut [f32]) {
        if self.computations.pitch.is_empty() {
            return;
        }
        self.pitch_hz.clear();
        match self.layout.frames.names.iter().position(|name| name == F0_HZ) {
            Some(column) => self.pitch_hz.extend(frames.iter().skip(column).step_by(width)),
            None => self.pitch_hz.resize(frames.len() / width, 0.0),
        }
        for part in &mut self.computations.pitch {
            let mut columns = Columns::new(frames, width, part.columns.start);
            part.set.clip(clip, &self.pitch_hz, &self.framing, &mut columns);
        }
    }

    /// Features of spectra; log-mel bands are kept for the next step.
    ///
    /// Frames are worked on side by side, [`LANES`] at a time: filter banks then are sums of whole rows.
    fn spectral_features(&mut self, clip: &[f32], width: usize, frames: &mut [f32]) {
        let Self { stft, power, mel, computations, .. } = self;
        if mel.is_none() && computations.spectrum.is_empty() {
            return;
        }
        if let Some(mel) = mel {
            mel.rows.clear();
        }
        for (block, rows) in frames.chunks_mut(LANES * width).enumerate() {
            let (first, count) = (block * LANES, rows.len() / width);
            wide(
                #[inline(always)]
                || {
                    // Lanes behind the last frame are silent, and so never the loudest.
                    stft.power(clip, first, count, power);
                    if let Some(mel) = mel {
                        mel.append(power);
                    }
                },
            );
            for part in &mut computations.spectrum {
                part.set.block(Block { rows: power, first, count }, &mut part.out);
                spread_wide(&part.out, &mut rows[part.columns.start..], width);
            }
        }
    }

    /// Features of mel bands, which may need the clip's loudest band.
    fn mel_features(&mut self, width: usize, frames: &mut [f32]) {
        let Some(mel) = &self.mel else { return };
        let loudest_db = wide(
            #[inline(always)]
            || largest(&mel.rows),
        );
        for (block, (rows, bands)) in frames.chunks_mut(LANES * width).zip(mel.rows.chunks_exact(mel.bands)).enumerate()
        {
            let block = Block { rows: bands, first: block * LANES, count: rows.len() / width };
            for part in &mut self.computations.log_mel {
                part.set.block(block, loudest_db, &mut part.out);
                spread_wide(&part.out, &mut rows[part.columns.start..], width);
            }
        }
        for part in &mut self.computations.log_mel {
            part.set.finish(&mut Columns::new(frames, width, part.columns.start));
        }
    }

    /// Statistics of `frames` over the clip, then its values as a whole.
    fn functionals(&mut self, clip: &[f32], frames: &[f32]) -> Vec<f32> {
        let names = &self.layout.frames.names;
        let mut out = Vec::with_capacity(self.layout.functionals.len());
        if self.layout.functionals.is_empty() {
            return out;
        }
        self.statistics.summarise(frames, names.len(), &self.runs, &mut out);
        let clip = WholeClip { samples: clip, framing: &self.framing, frames, names };
        for part in &mut self.computations.clip {
            let before = out.len();
            out.resize(before + part.columns.len(), 0.0);
            part.set.clip(&clip, &mut out[before..]);
        }
        out
    }
}

impl Mel {
    /// Adds the bands of frames side by side.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn append(&mut self, power: &[Row]) {
        let start = self.rows.len();
        self.rows.resize(start + self.bands, [0.0; LANES]);
        let rows = &mut self.rows[start..];
        self.bank.apply_rows(power, rows);
        for value in rows.as_flattened_mut() {
            *value = power_to_db(*value);
        }
    }
}

fn accept(problems: Vec<Problem>) -> FeaturesResult<()> {
    if problems.is_empty() { Ok(()) } else { Err(FeaturesError::Params(problems)) }
}

/// [`spread`], compiled for the widest instructions.
fn spread_wide(features: &[Row], frames: &mut [f32], width: usize) {
    wide(
        #[inline(always)]
        || spread(features, frames, width),
    );
}
