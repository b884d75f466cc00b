//! The door for features: the trait of a feature set, and the five ways to compute one.
//!
//! A set says which columns it has for the parameters of a run, and what it computes them from: by [`Compute`] it gets
//! samples, pitch, spectra, mel bands or the whole clip, and nothing has to be said twice. Sets are listed in
//! [`SETS`](crate::SETS); names, their order, checks, functionals and the reference page follow from that list.
//!
//! Calls through these traits are made once per clip or once per [`LANES`](crate::LANES) frames, never per frame. Each
//! runs compiled for the widest instructions of the processor, as far as the code of the set is inlined into it: mark
//! `block` and `clip` `#[inline(always)]`.

use ser_audio::wide;

use crate::framing::Framing;
use crate::params::{Params, Problems};
use crate::vector::Row;

/// Features that belong together: they are computed together, and their columns are neighbours.
pub trait FeatureSet: Sync {
    /// Name in the reference page, and of the parameter: `log_mel`.
    fn name(&self) -> &'static str;

    /// Measure, method and source in one sentence, for the reference page.
    fn about(&self) -> &'static str;

    /// The columns that `params` ask for, in their order; none where the set is switched off, whatever the `framing`.
    ///
    /// Those of a set that is computed by [`Compute::clip`] are values of clips ([`Summary::Value`]), all others
    /// columns of frames.
    fn columns(&self, params: &Params, framing: &Framing) -> Vec<Column>;

    /// Adds what is wrong with the set's parameters, whether it is on or not.
    fn check(&self, _params: &Params, _problems: &mut Problems) {}

    /// Adds what is wrong with the parameters of a set that is on, at this sample rate in hertz.
    fn check_rate(&self, _params: &Params, _sample_rate_hz: u32, _problems: &mut Problems) {}

    /// The computation, with its tables and buffers: made once per thread, used for many clips.
    fn compute(&self, params: &Params, framing: &Framing) -> Compute;
}

/// One column: its name, its unit, and what becomes of it in the functionals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, with the unit where it has one of its own: `spectral_centroid_hz`.
    pub name: String,
    /// Unit of the values: `Hz`, `dB`, or `1` for shares and ratios.
    pub unit: &'static str,
    /// Functionals of the column.
    pub summary: Summary,
}

/// The columns of frames among `columns`.
pub(crate) fn of_frames(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns.iter().filter(|column| column.summary != Summary::Value)
}

/// Functionals of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// All statistics over all frames.
    Statistics,
    /// All statistics over the frames in which the frame column of this name is not 0; without any, all are 0.
    StatisticsWhere(&'static str),
    /// The mean alone: for flags, whose distribution it says whole.
    Mean,
    /// None.
    Nothing,
    /// The value itself, of the whole clip: the column is a functional, and none of the frames'.
    Value,
}

impl Column {
    /// A column of frames with all statistics.
    pub fn new(name: impl Into<String>, unit: &'static str) -> Self {
        Self { name: name.into(), unit, summary: Summary::Statistics }
    }

    /// `count` columns of frames: `<stem>_00`, `<stem>_01`, and so on.
    pub fn numbered(stem: &str, count: usize, unit: &'static str) -> Vec<Self> {
        (0..count).map(|index| Self::new(format!("{stem}_{index:02}"), unit)).collect()
    }

    /// The same column with other functionals.
    #[must_use]
    pub fn summary(self, summary: Summary) -> Self {
        Self { summary, ..self }
    }
}

/// The computation of a set, by what it is computed from.
pub enum Compute {
    /// From the samples of a clip; made by [`Compute::signal`].
    Signal(Box<dyn FromSignal>),
    /// From the samples of a clip and its fundamental frequency; made by [`Compute::pitch`].
    Pitch(Box<dyn FromPitch>),
    /// From power spectra; made by [`Compute::spectrum`].
    Spectrum(Box<dyn FromSpectrum>),
    /// From log-mel bands; made by [`Compute::log_mel`].
    LogMel(Box<dyn FromLogMel>),
    /// From the clip as a whole; made by [`Compute::clip`].
    Clip(Box<dyn FromClip>),
}

impl Compute {
    /// Frame features from the samples of a clip.
    pub fn signal(set: impl FromSignal + 'static) -> Self {
        Self::Signal(Box::new(Wide(set)))
    }

    /// Frame features from the samples of a clip and its fundamental frequency, which `f0` of the parameters describes.
    pub fn pitch(set: impl FromPitch + 'static) -> Self {
        Self::Pitch(Box::new(Wide(set)))
    }

    /// Frame features from the power spectra of frames.
    pub fn spectrum(set: impl FromSpectrum + 'static) -> Self {
        Self::Spectrum(Box::new(Wide(set)))
    }

    /// Frame features from the log-mel bands of frames, which `log_mel` of the parameters describes.
    pub fn log_mel(set: impl FromLogMel + 'static) -> Self {
        Self::LogMel(Box::new(Wide(set)))
    }

    /// Values of clips as wholes.
    pub fn clip(set: impl FromClip + 'static) -> Self {
        Self::Clip(Box::new(Wide(set)))
    }
}

/// Frame features from samples.
pub trait FromSignal: Send {
    /// Fills `columns` from `samples`, a clip at the sample rate of `framing`.
    fn clip(&mut self, samples: &[f32], framing: &Framing, columns: &mut Columns<'_>);
}

/// Frame features from samples and their pitch, of sets that are on with `f0` alone.
pub trait FromPitch: Send {
    /// Fills `columns` from `samples`, a clip at the sample rate of `framing`. `pitch_hz` has the fundamental frequency
    /// of each frame, 0 where it is unvoiced; all are 0 where the set `f0` is off.
    fn clip(&mut self, samples: &[f32], pitch_hz: &[f32], framing: &Framing, columns: &mut Columns<'_>);
}

/// Frame features from spectra.
pub trait FromSpectrum: Send {
    /// Fills `out`, one row per column, from powers, one row per frequency bin from 0 Hz to half the sample rate.
    ///
    /// A sine of amplitude `a` on a bin has the power `(a * sum of the window / 2)^2`, the window being Hann's.
    fn block(&mut self, power: Block<'_>, out: &mut [Row]);
}

/// Frame features from mel bands.
pub trait FromLogMel: Send {
    /// Fills `out`, one row per column, from `bands`, one row per mel band in decibels, -100 or more. `loudest_db` is
    /// the largest value in the clip.
    fn block(&mut self, bands: Block<'_>, loudest_db: f32, out: &mut [Row]);

    /// Completes the columns after the last block: what needs more than one frame goes here.
    fn finish(&mut self, _columns: &mut Columns<'_>) {}
}

/// Values of clips.
pub trait FromClip: Send {
    /// Fills `out`, one finite value per column, from a clip.
    fn clip(&mut self, clip: &WholeClip<'_>, out: &mut [f32]);
}

/// Frames side by side, one per lane.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// One row per frequency bin or mel band. Lanes behind the last frame are silent.
    pub rows: &'a [Row],
    /// Number of the first frame in the clip; 0 begins a clip.
    pub first: usize,
    /// Number of frames, 1 to [`LANES`](crate::LANES).
    pub count: usize,
}

/// The columns of one set in the frames of a clip.
#[derive(Debug)]
pub struct Columns<'a> {
    frames: &'a mut [f32],
    width: usize,
    first: usize,
}

impl<'a> Columns<'a> {
    /// The columns from `first` on in `frames`, frame after frame of `width` values.
    pub(crate) fn new(frames: &'a mut [f32], width: usize, first: usize) -> Self {
        Self { frames, width, first }
    }

    /// Number of frames.
    pub fn frame_count(&self) -> usize {
        self.frames.len() / self.width
    }

    /// The values of a column of the set, the first being 0, frame after frame.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub fn values(&self, column: usize) -> impl Iterator<Item = f32> {
        self.frames.iter().skip(self.first + column).step_by(self.width).copied()
    }

    /// Writes a column of the set, from the first frame on.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub fn fill(&mut self, column: usize, values: impl IntoIterator<Item = f32>) {
        for (frame, value) in self.frames.chunks_exact_mut(self.width).zip(values) {
            frame[self.first + column] = value;
        }
    }

    /// Writes neighbouring columns of the set from its first on, a row for each frame from the first on.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub fn write_rows<'b>(&mut self, rows: impl IntoIterator<Item = &'b [f32]>) {
        for (frame, row) in self.frames.chunks_exact_mut(self.width).zip(rows) {
            frame[self.first..self.first + row.len()].copy_from_slice(row);
        }
    }
}

/// A clip with its frame features.
#[derive(Debug)]
pub struct WholeClip<'a> {
    /// Samples at the sample rate of `framing`, enhanced as declared; may be empty.
    pub samples: &'a [f32],
    /// Division into frames.
    pub framing: &'a Framing,
    pub(crate) frames: &'a [f32],
    pub(crate) names: &'a [String],
}

impl WholeClip<'_> {
    /// The frame column of this name, frame after frame; `None` where it is not computed.
    pub fn column(&self, name: &str) -> Option<impl Iterator<Item = f32>> {
        let at = self.names.iter().position(|found| found == name)?;
        Some(self.frames.iter().skip(at).step_by(self.names.len()).copied())
    }
}

/// A computation compiled for the widest instructions.
struct Wide<T>(T);

impl<T: FromSignal> FromSignal for Wide<T> {
    fn clip(&mut self, samples: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        wide(
            #[inline(always)]
            || self.0.clip(samples, framing, columns),
        );
    }
}

impl<T: FromPitch> FromPitch for Wide<T> {
    fn clip(&mut self, samples: &[f32], pitch_hz: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        wide(
            #[inline(always)]
            || self.0.clip(samples, pitch_hz, framing, columns),
        );
    }
}

impl<T: FromSpectrum> FromSpectrum for Wide<T> {
    fn block(&mut self, power: Block<'_>, out: &mut [Row]) {
        wide(
            #[inline(always)]
            || self.0.block(power, out),
        );
    }
}

impl<T: FromLogMel> FromLogMel for Wide<T> {
    fn block(&mut self, bands: Block<'_>, loudest_db: f32, out: &mut [Row]) {
        wide(
            #[inline(always)]
            || self.0.block(bands, loudest_db, out),
        );
    }

    fn finish(&mut self, columns: &mut Columns<'_>) {
        wide(
            #[inline(always)]
            || self.0.finish(columns),
        );
    }
}

impl<T: FromClip> FromClip for Wide<T> {
    fn clip(&mut self, clip: &WholeClip<'_>, out: &mut [f32]) {
        wide(
            #[inline(always)]
            || self.0.clip(clip, out),
        );
    }
}
