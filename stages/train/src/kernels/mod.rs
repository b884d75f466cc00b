//! Layers of the network as coarse operations on slices, forward and backward, written out by hand.
//!
//! Clips of a batch stand one after another without padding ("ragged"): a clip's result cannot depend on its
//! neighbours, and nothing is computed for frames that do not exist. Values are 32-bit floats, channels last.

pub(crate) mod buffer;
pub(crate) mod conv;
pub(crate) mod dense;
pub(crate) mod lstm;
pub(crate) mod matmul;
pub(crate) mod norm;
pub(crate) mod pooling;
pub(crate) mod simd;
pub(crate) mod vector;
