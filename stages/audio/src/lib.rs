//! Decoding and resampling, shared by ingest and features: one way from a file's bytes to samples, and one way from any
//! sample rate to another.
//!
//! A corpus is a folder of files that other people wrote. The format of each is decided by its content, never by its
//! name; every file is decoded to the end, because a header proves nothing; and whatever the bytes are, the answer is
//! samples or an [`AudioError`], never a panic and never more memory than [`Limits`] allows.
//!
//! | module | what it knows |
//! |---|---|
//! | `format`, `id3` | sample rates and channels that are read; tags in front of a file |
//! | `sniff` | which container the first bytes belong to, and how to name what is not audio |
//! | `chunks`, `wav`, `aiff` | where samples lie in RIFF, RIFX, RF64 and FORM files, well formed or not |
//! | `flac`, `mpeg`, `ogg` | what the compressed streams promise about their length, and whether they keep it |
//! | `engine` | symphonia's decoders: packets in, interleaved samples out |
//! | `decoded` | the result: samples, duration, offsets, mix-down, hash |
//! | `measure` | all that is measured of a recording, in one call |
//! | `levels` | peak, RMS and silence of a channel |
//! | `clipping` | samples that were cut off, at full scale or below |
//! | `bandwidth` | how far up a recording reaches |
//! | `fingerprint` | what copies of one take have in common |
//! | `phase`, `correlation` | what they have in common down to the waveform |
//! | `spectrum`, `decimate` | what these three are computed with |
//! | `resample` | band-limited conversion of the sample rate |
//! | `wide` | loops compiled for the processor at hand |

mod aiff;
mod bandwidth;
mod chunks;
mod clipping;
mod correlation;
mod decimate;
mod decode;
mod decoded;
mod engine;
mod error;
mod fingerprint;
mod flac;
mod format;
mod id3;
mod levels;
mod measure;
mod mpeg;
mod ogg;
mod phase;
mod resample;
mod sniff;
mod spectrum;
#[doc(hidden)]
pub mod testing;
mod wav;
mod wide;

pub use crate::bandwidth::bandwidth_hz;
pub use crate::correlation::correlation;
pub use crate::decode::{LARGEST_SAMPLE, Limits, decode, decode_file, read_file};
pub use crate::decoded::{Container, Decoded};
pub use crate::error::{AudioError, Unit};
pub use crate::fingerprint::fingerprint;
pub use crate::format::SAMPLE_RATES_HZ;
pub use crate::levels::{Levels, levels, sounding_frames};
pub use crate::measure::{Measures, channel_rms_dbfs, measure};
pub use crate::phase::phase;
pub use crate::resample::{ResampleError, Resampler};
pub use crate::wide::wide;
