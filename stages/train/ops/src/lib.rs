//! Operations of the networks on burn's tensors, each with two bodies: own kernels for the CPU, and burn's tensor
//! operations, which run on every device and are what the kernels are tested against.
//!
//! A body of own kernels is an [extension of burn's flex backend](operation): forward and backward over slices, entered
//! into burn's graph of gradients as one step. Frames of a batch stand clip after clip, without padding ([`Lens`]).
//!
//! No `unsafe`: the kernels are `ser-kernels`.

mod attention;
mod attention_lstm;
mod causal_conv;
mod conv2d_block;
mod conv_block;
mod conv_sizes;
mod dense;
mod dropout;
mod gate;
mod lens;
mod lstm;
mod moments;
mod norm;
mod operation;
mod padded;
mod pooled_conv;
mod pooling;
mod rows;
mod state_attention;
mod tensor;
mod update;

pub use attention::{Attention, attention};
pub use attention_lstm::{AttentionLstm, attention_lstm};
pub use causal_conv::causal_conv;
pub use conv_block::conv_block;
pub use conv_sizes::ConvBlock;
pub use conv2d_block::{Conv2dBlock, Shift, conv2d_block};
pub use dense::dense;
pub use dropout::{column_dropout, dropout};
pub use gate::gate;
pub use lens::Lens;
pub use lstm::{Direction, lstm};
pub use moments::Moments;
pub use norm::{norm, norm_relu};
pub use pooling::{last, mean};
pub use rows::{held, reversed};
pub use ser_kernels::conv::ConvSize;
pub use ser_kernels::conv2d::Conv2dSize;
pub use ser_kernels::pool2d::Activation;
pub use ser_kernels::vector::Dropout;
pub use state_attention::{FeatureAttention, feature_attention, time_attention};
pub use update::{Rates, Rule, follow, square_sum, update};

/// Which body of an operation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// This project's kernels. Tensors have to be on burn's flex device, with or without gradients.
    Own,
    /// burn's tensor operations, on any device.
    Burn,
}
