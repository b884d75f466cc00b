//! The computations of a run: those of the sets that are on, each with its columns.

use std::ops::Range;

use crate::feature_set::{
    Column, Compute, FeatureSet, FromClip, FromLogMel, FromPitch, FromSignal, FromSpectrum, Summary,
};
use crate::framing::Framing;
use crate::params::Params;
use crate::vector::{LANES, Row};

/// The computations of a run, in the order of their columns.
#[derive(Default)]
pub(crate) struct Computations {
    pub(crate) signal: Vec<Part<dyn FromSignal>>,
    pub(crate) pitch: Vec<Part<dyn FromPitch>>,
    pub(crate) spectrum: Vec<Part<dyn FromSpectrum>>,
    pub(crate) log_mel: Vec<Part<dyn FromLogMel>>,
    pub(crate) clip: Vec<Part<dyn FromClip>>,
}

/// One computation.
pub(crate) struct Part<T: ?Sized> {
    /// Its columns in a frame, or among the values of a clip.
    pub(crate) columns: Range<usize>,
    /// One row per column, for blocks of frames.
    pub(crate) out: Vec<Row>,
    pub(crate) set: Box<T>,
}

impl Computations {
    /// Those of `sets` that are on, and their columns: of frames, and of clips.
    pub(crate) fn new(sets: &[&dyn FeatureSet], params: &Params, framing: &Framing) -> (Self, Vec<Column>) {
        let mut computations = Self::default();
        let mut columns: Vec<Column> = Vec::new();
        for set in sets {
            let own = set.columns(params, framing);
            if own.is_empty() {
                continue;
            }
            let is_value = |column: &&Column| column.summary == Summary::Value;
            let of_clips = own.iter().all(|column| is_value(&column));
            let before = columns.iter().filter(|column| is_value(column) == of_clips).count();
            let range = before..before + own.len();
            match set.compute(params, framing) {
                Compute::Signal(set) => computations.signal.push(Part::new(range, set)),
                Compute::Pitch(set) => computations.pitch.push(Part::new(range, set)),
                Compute::Spectrum(set) => computations.spectrum.push(Part::new(range, set)),
                Compute::LogMel(set) => computations.log_mel.push(Part::new(range, set)),
                Compute::Clip(set) => computations.clip.push(Part::new(range, set)),
            }
            columns.extend(own);
        }
        (computations, columns)
    }
}

impl<T: ?Sized> Part<T> {
    fn new(columns: Range<usize>, set: Box<T>) -> Self {
        Self { out: vec![[0.0; LANES]; columns.len()], columns, set }
    }
}
