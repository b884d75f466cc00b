//! Layers of networks: burn modules over the operations of `ser-ops`.
//!
//! What leaves a layer inside a clip is [`Ragged`]; [`Pass`] is what layers of one forward pass share. Beside its
//! `forward`, a layer has a `graph` that adds it to an ONNX graph as it is without training.

mod attention;
mod attention_lstm;
mod builder;
mod centres;
mod conv2d;
mod conv_block;
mod dense;
mod head;
mod image;
mod lstm;
mod norm;
mod pass;
mod state_attention;
mod values;

pub(crate) use attention::Attention;
pub(crate) use attention_lstm::AttentionLstm;
pub(crate) use builder::{Builder, Source, Start};
pub(crate) use centres::Centres;
pub(crate) use conv_block::ConvBlock;
pub(crate) use conv2d::{Conv2d, Conv2dPlan, ImageSize};
pub(crate) use dense::Dense;
pub(crate) use head::{Head, HeadSizes};
pub(crate) use image::{with_deltas, with_deltas_graph};
pub(crate) use lstm::Lstm;
pub(crate) use norm::Norm;
pub(crate) use pass::{Pass, Ragged};
pub(crate) use state_attention::{FeatureAttention, TimeAttention};
