//! One recording in, its features out. The same code serves the stage and prediction.

use std::collections::HashMap;

use ser_audio::{Resampler, wide};
use ser_stage::Problem;

use crate::cepstrum::Cepstrum;
use crate::chroma::ChromaBank;
use crate::delta::Deltas;
use crate::enhance::Enhancer;
use crate::error::{FeaturesError, FeaturesResult};
use crate::framing::Framing;
use crate::functionals::Statistics;
use crate::layout::{Layout, VOICED};
use crate::level::{self, ZeroCrossings};
use crate::mel::{MelBank, power_to_db};
use crate::params::Params;
use crate::pitch::Pitch;
use crate::shape;
use crate::stft::Stft;
use crate::vector::{LANES, Row, TILE, transpose};

/// Samples are limited to this magnitude, full scale being 1: far beyond any recording, and every power stays finite.
const MAX_SAMPLE: f32 = 1e4;
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
    params: Params,
    framing: Framing,
    layout: Layout,
    columns: Columns,
    enhancer: Enhancer,
    stft: Stft,
    mel: Option<MelBank>,
    cepstrum: Cepstrum,
    chroma: ChromaBank,
    deltas: Deltas,
    crossings: ZeroCrossings,
    pitch: Pitch,
    statistics: Statistics,
    resamplers: HashMap<u32, Resampler>,
    /// Memory of the last clip, for the next.
    spare: Vec<f32>,
    power: Vec<f32>,
    magnitude: Vec<f32>,
    /// Powers of frames side by side, one row per frequency bin.
    block: Vec<Row>,
    /// Mel bands of frames side by side, one row per band, block after block.
    log_mel: Vec<Row>,
    floored: Vec<Row>,
    coefficients: Vec<Row>,
    series: Vec<f32>,
    derivative: Vec<f32>,
}

/// Where each feature set starts in a row; `None` when it is switched off.
struct Columns {
    log_mel: Option<usize>,
    mfcc: Option<usize>,
    chroma: Option<usize>,
    zcr: Option<usize>,
    rms: Option<usize>,
    centroid: Option<usize>,
    bandwidth: Option<usize>,
    rolloff: Option<usize>,
    flatness: Option<usize>,
    f0: Option<usize>,
    voiced: Option<usize>,
}

impl Columns {
    fn new(names: &[String]) -> Self {
        let of = |first: &str| names.iter().position(|name| name == first);
        Self {
            log_mel: of("log_mel_00"),
            mfcc: of("mfcc_00"),
            chroma: of("chroma_00"),
            zcr: of("zcr"),
            rms: of("rms"),
            centroid: of("spectral_centroid_hz"),
            bandwidth: of("spectral_bandwidth_hz"),
            rolloff: of("spectral_rolloff_hz"),
            flatness: of("spectral_flatness"),
            f0: of("f0_hz"),
            voiced: of(VOICED),
        }
    }
}

impl Extractor {
    /// Prepares to compute features of audio at `sample_rate_hz`; recordings of other rates are resampled to it.
    pub fn new(params: &Params, sample_rate_hz: u32) -> FeaturesResult<Self> {
        let mut problems = params.check();
        problems.extend(check_rate(params, sample_rate_hz));
        if !problems.is_empty() {
            return Err(FeaturesError::Params(problems));
        }
        let framing = Framing::new(params, sample_rate_hz);
        let mel = params.needs_mel().then(|| mel_bank(params, &framing)).transpose()?;
        let layout = Layout::new(params, &framing);
        Ok(Self {
            columns: Columns::new(&layout.frames.names),
            layout,
            enhancer: Enhancer::new(&params.enhance, sample_rate_hz),
            stft: Stft::new(framing),
            mel,
            cepstrum: Cepstrum::new(params.mfcc.n_mfcc as usize, params.log_mel.n_mels as usize),
            chroma: ChromaBank::new(&framing),
            deltas: Deltas::new(),
            crossings: ZeroCrossings::default(),
            pitch: Pitch::new(&params.f0, sample_rate_hz),
            statistics: Statistics::new(&params.functionals, framing.hop_s()),
            resamplers: HashMap::new(),
            spare: Vec::new(),
            power: vec![0.0; framing.bins()],
            magnitude: vec![0.0; framing.bins()],
            block: vec![[0.0; LANES]; framing.bins()],
            log_mel: Vec::new(),
            floored: Vec::new(),
            coefficients: Vec::new(),
            series: Vec::new(),
            derivative: Vec::new(),
            framing,
            params: params.clone(),
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
        let frames = self.frames(clip);
        let functionals = self.functionals(&frames);
        let frame_count = frames.len() / self.layout.frames.names.len();
        Ok(ClipFeatures { frames, frame_count, functionals })
    }

    /// A mono recording with a sample rate of `from_hz` at the sample rate of the features, every sample finite.
    pub fn load(&mut self, mut samples: Vec<f32>, from_hz: u32) -> FeaturesResult<Vec<f32>> {
        wide(
            #[inline(always)]
            || {
                for sample in &mut samples {
                    *sample = if sample.is_finite() { sample.clamp(-MAX_SAMPLE, MAX_SAMPLE) } else { 0.0 };
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

    /// Frame features of a clip at the sample rate of the features, enhanced first as declared.
    pub(crate) fn frames(&mut self, mut clip: Vec<f32>) -> Vec<f32> {
        self.enhancer.apply(&mut clip);
        let width = self.layout.frames.names.len();
        let count = self.framing.frame_count(clip.len());
        let mut frames = vec![0.0; count * width];
        wide(
            #[inline(always)]
            || {
                self.spectral(&clip, width, &mut frames);
                self.mel_features(width, &mut frames);
                self.waveform(&clip, width, &mut frames);
            },
        );
        self.spare = clip;
        frames
    }

    /// Statistics of `frames` over the clip.
    pub(crate) fn functionals(&mut self, frames: &[f32]) -> Vec<f32> {
        let width = self.layout.frames.names.len();
        let mut out = Vec::with_capacity(self.layout.functionals.len());
        if self.layout.functionals.is_empty() {
            return out;
        }
        // Pitch and voicing come last, and are summarised in their own way.
        self.statistics.append(frames, width, 0..self.columns.f0.unwrap_or(width), None, &mut out);
        if let (Some(f0), Some(voiced)) = (self.columns.f0, self.columns.voiced) {
            self.statistics.append(frames, width, f0..f0 + 1, Some(voiced), &mut out);
            let count = (frames.len() / width).max(1);
            let share: f32 = frames.iter().skip(voiced).step_by(width).sum();
            out.push(share / count as f32);
        }
        out
    }

    /// Whatever is computed from the spectra; log-mel bands are kept for the next step.
    ///
    /// Frames are worked on side by side, [`LANES`] at a time: filter banks then are sums of whole rows.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn spectral(&mut self, clip: &[f32], width: usize, frames: &mut [f32]) {
        let columns = &self.columns;
        let needs_magnitude = self.params.needs_magnitude();
        let needs_power = needs_magnitude || columns.flatness.is_some();
        if !needs_power && self.mel.is_none() && columns.chroma.is_none() {
            return;
        }
        let bin_hz = self.framing.bin_hz() as f32;
        let bands = self.params.log_mel.n_mels as usize;
        self.log_mel.clear();
        for (block, rows) in frames.chunks_mut(LANES * width).enumerate() {
            // What is not a frame is silent, and so never the loudest.
            self.stft.power(clip, block * LANES, rows.len() / width, &mut self.block);
            for (lane, row) in rows.chunks_exact_mut(width).enumerate().filter(|_| needs_power) {
                for (power, bin) in self.power.iter_mut().zip(&self.block) {
                    *power = bin[lane];
                }
                if let Some(column) = columns.flatness {
                    row[column] = shape::flatness(&self.power);
                }
                if needs_magnitude {
                    for (magnitude, power) in self.magnitude.iter_mut().zip(&self.power) {
                        *magnitude = power.sqrt();
                    }
                    let centroid = shape::centroid(&self.magnitude, bin_hz);
                    if let Some(column) = columns.centroid {
                        row[column] = centroid;
                    }
                    if let Some(column) = columns.bandwidth {
                        row[column] = shape::bandwidth(&self.magnitude, centroid, bin_hz);
                    }
                    if let Some(column) = columns.rolloff {
                        row[column] = shape::rolloff(&self.magnitude, bin_hz);
                    }
                }
            }
            if let Some(mel) = &self.mel {
                let start = self.log_mel.len();
                self.log_mel.resize(start + bands, [0.0; LANES]);
                let log_mel = &mut self.log_mel[start..];
                mel.apply_rows(&self.block, log_mel);
                for value in log_mel.as_flattened_mut() {
                    *value = power_to_db(*value);
                }
            }
            if let Some(column) = columns.chroma {
                spread(&self.chroma.apply_rows(&self.block), &mut rows[column..], width);
            }
        }
    }

    /// Log-mel bands and MFCC, which need the clip's loudest band for their floors.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn mel_features(&mut self, width: usize, frames: &mut [f32]) {
        if self.mel.is_none() {
            return;
        }
        let bands = self.params.log_mel.n_mels as usize;
        let loudest = largest(&self.log_mel);
        let floor = |top_db: f64| if top_db > 0.0 { loudest - top_db as f32 } else { f32::NEG_INFINITY };
        let (mel_floor, mfcc_floor) = (floor(self.params.log_mel.top_db), floor(self.params.mfcc.top_db));
        let coefficients = self.params.mfcc.n_mfcc as usize;
        self.floored.resize(bands, [0.0; LANES]);
        self.coefficients.resize(coefficients, [0.0; LANES]);
        for (rows, log_mel) in frames.chunks_mut(LANES * width).zip(self.log_mel.chunks_exact(bands)) {
            if let Some(column) = self.columns.log_mel {
                raise(log_mel, mel_floor, &mut self.floored);
                spread(&self.floored, &mut rows[column..], width);
            }
            if let Some(column) = self.columns.mfcc {
                raise(log_mel, mfcc_floor, &mut self.floored);
                self.cepstrum.apply_rows(&self.floored, &mut self.coefficients);
                spread(&self.coefficients, &mut rows[column..], width);
            }
        }
        if let Some(column) = self.columns.mfcc {
            for order in 1..=self.params.mfcc.deltas as usize {
                for index in column..column + coefficients {
                    self.derive(width, index, order, index + order * coefficients, frames);
                }
            }
        }
    }

    /// Fills column `to` with the derivative of `order` of column `from`.
    fn derive(&mut self, width: usize, from: usize, order: usize, to: usize, frames: &mut [f32]) {
        self.series.clear();
        self.series.extend(frames.iter().skip(from).step_by(width));
        self.derivative.resize(self.series.len(), 0.0);
        self.deltas.apply(&self.series, order, &mut self.derivative);
        for (out, value) in frames.iter_mut().skip(to).step_by(width).zip(&self.derivative) {
            *out = *value;
        }
    }

    /// What is computed from the samples themselves: zero crossings, level, pitch.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn waveform(&mut self, clip: &[f32], width: usize, frames: &mut [f32]) {
        let count = frames.len() / width;
        if let Some(column) = self.columns.zcr {
            self.crossings.find(clip);
            for index in 0..count {
                frames[index * width + column] = self.crossings.rate(&self.framing, index);
            }
        }
        if let Some(column) = self.columns.rms {
            for index in 0..count {
                frames[index * width + column] = level::rms(clip, &self.framing, index);
            }
        }
        if let (Some(f0), Some(voiced)) = (self.columns.f0, self.columns.voiced) {
            self.pitch.track(clip, self.framing.hop, count, &mut self.series);
            for (row, value) in frames.chunks_exact_mut(width).zip(&self.series) {
                row[f0] = *value;
                row[voiced] = if *value > 0.0 { 1.0 } else { 0.0 };
            }
        }
    }
}

/// Writes frames side by side, one row per feature, to rows of `width` values, as many as `frames` begins.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn spread(features: &[Row], frames: &mut [f32], width: usize) {
    let (tiles, rest) = features.as_chunks::<TILE>();
    for (part, frames) in frames.chunks_mut(TILE * width).enumerate() {
        for (tile, rows) in tiles.iter().enumerate() {
            let columns = rows.each_ref().map(|row| row.as_chunks::<TILE>().0[part]);
            for (frame, values) in frames.chunks_mut(width).zip(transpose(columns)) {
                frame[tile * TILE..][..TILE].copy_from_slice(&values);
            }
        }
        for (lane, frame) in frames.chunks_mut(width).enumerate() {
            for (value, row) in frame[tiles.len() * TILE..].iter_mut().zip(rest) {
                *value = row[part * TILE + lane];
            }
        }
    }
}

/// Copies `rows`, raising what lies below `floor` to it.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn raise(rows: &[Row], floor: f32, out: &mut [Row]) {
    for (out, value) in out.as_flattened_mut().iter_mut().zip(rows.as_flattened()) {
        *out = if *value > floor { *value } else { floor };
    }
}

/// The largest of all values.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn largest(rows: &[Row]) -> f32 {
    let mut largest = [f32::NEG_INFINITY; LANES];
    for row in rows {
        for lane in 0..LANES {
            largest[lane] = if row[lane] > largest[lane] { row[lane] } else { largest[lane] };
        }
    }
    largest.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// What is wrong with `params` at this sample rate.
fn check_rate(params: &Params, sample_rate_hz: u32) -> Vec<Problem> {
    let nyquist_hz = f64::from(sample_rate_hz) / 2.0;
    let problem = |key: &str, hz: f64| Problem {
        key: key.to_owned(),
        message: format!("{hz} Hz does not lie below half the sample rate of {sample_rate_hz} Hz"),
        hint: Some("lower it, or raise `sample_rate_hz` of the manifest stage".to_owned()),
    };
    let mut problems = Vec::new();
    if params.needs_mel() {
        if let Some(fmax_hz) = params.log_mel.fmax_hz.filter(|fmax_hz| *fmax_hz > nyquist_hz) {
            problems.push(problem("log_mel.fmax_hz", fmax_hz));
        }
        if params.log_mel.fmin_hz >= nyquist_hz {
            problems.push(problem("log_mel.fmin_hz", params.log_mel.fmin_hz));
        }
    }
    if params.f0.on && params.f0.fmax_hz >= nyquist_hz {
        problems.push(problem("f0.fmax_hz", params.f0.fmax_hz));
    }
    problems
}

/// The declared mel bands; one without any frequency bin would be constant, and is refused.
fn mel_bank(params: &Params, framing: &Framing) -> FeaturesResult<MelBank> {
    let nyquist_hz = f64::from(framing.sample_rate_hz) / 2.0;
    let fmax_hz = params.log_mel.fmax_hz.unwrap_or(nyquist_hz);
    let bank = MelBank::new(framing, params.log_mel.n_mels as usize, params.log_mel.fmin_hz, fmax_hz);
    let Some(band) = bank.empty_band() else { return Ok(bank) };
    Err(FeaturesError::Params(vec![Problem {
        key: "log_mel.n_mels".to_owned(),
        message: format!(
            "band {band} of {} is narrower than the {:.1} Hz between frequency bins, so it would always be empty",
            params.log_mel.n_mels,
            framing.bin_hz()
        ),
        hint: Some("use fewer bands or a longer `frame_s`".to_owned()),
    }]))
}
