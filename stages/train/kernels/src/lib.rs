//! Layers of the network as coarse operations on slices, forward and backward, written out by hand.
//!
//! Clips of a batch stand one after another without padding ("ragged"): a clip's result cannot depend on its
//! neighbours, and nothing is computed for frames that do not exist. Values are 32-bit floats, channels last.
//!
//! No stage, and nothing of the network: a crate of its own because all `unsafe` of the workspace is here (`simd`, and one
//! call in `matmul`), so that it can be tested under a sanitizer within a minute: `just sanitize`.

pub mod attention_lstm;
pub mod buffer;
pub mod conv;
pub mod conv2d;
pub mod dense;
pub mod lstm;
pub mod matmul;
pub mod norm;
pub mod pool2d;
pub mod pooled_conv;
pub mod pooling;
pub mod simd;
pub mod state_attention;
pub mod vector;
