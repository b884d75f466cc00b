//! Graphs in ONNX: what writes them, and the layers of this project's models as nodes.
//!
//! [`Model`] is a file while it is being built, a [`Graph`] a place in it, after which nodes and initialisers are named. A file
//! of functions per layer adds the layer's nodes: [`conv_relu`], [`lstm`], [`attention`], [`dense`], [`standardise`].
//! What they hand on inside a clip is [`Frames`]: padded to the longest clip of the batch, with the clips' lengths; padding
//! changes nothing. Only operators that small programs know too are used, and a loop where nothing else will do.

mod arithmetic;
mod attention;
mod attention_lstm;
mod conv;
mod conv2d;
mod dense;
mod frames;
mod graph;
mod lstm;
mod proto;
pub mod standardise;
mod state_attention;

pub use attention::{Attention, attention};
pub use attention_lstm::{AttentionLstm, attention_lstm};
pub use conv::{Conv, conv_relu};
pub use conv2d::{Activation, Conv2d, conv2d};
pub use dense::{affine, dense};
pub use frames::Frames;
pub use graph::{Attribute, Dim, Element, File, Graph, Model, OPSET, Value};
pub use lstm::{Direction, lstm};
pub use state_attention::{feature_attention, time_attention};
