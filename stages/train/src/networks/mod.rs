//! The networks: what a pipeline file says of each, and the burn module that comes of it.
//!
//! A file per architecture, with a `Config` (parameters and their JSON schema) that makes a `Network` (a burn module), and a
//! line in the list below.

mod acrnn;
mod adrnn;
mod architecture;
mod attention_lstm;
mod blstm_fcn;
mod cnn2d_lstm;
mod cnn_lstm;
mod parameters;
mod residual_lstm;
#[cfg(test)]
mod tests;
mod tim_net;
mod waveform;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use ser_onnx::{Graph, Value};
use serde::{Deserialize, Serialize};

pub use acrnn::Config as AcrnnConfig;
pub use adrnn::Config as AdrnnConfig;
pub use architecture::Hears;
pub(crate) use architecture::{Architecture, GraphInput, Input, Sizes, is_of};
pub use attention_lstm::Config as AttentionLstmConfig;
pub use blstm_fcn::Config as BlstmFcnConfig;
pub use cnn_lstm::{Config as CnnLstmConfig, ConvLayer, Lstm, Pooling};
pub use cnn2d_lstm::Config as Cnn2dLstmConfig;
pub use residual_lstm::Config as ResidualLstmConfig;
pub use tim_net::Config as TimNetConfig;
pub use waveform::Config as WaveformConfig;

use crate::layers::{Builder, Pass, Source};

/// From one list, the enums of parameters and of modules, and the way from one to the other.
macro_rules! networks {
    ($($(#[doc = $about:literal])+ $file:ident => $name:ident,)+) => {
        /// The architecture of a network, with its parameters.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub enum NetworkConfig {
            $($(#[doc = $about])+ $name($file::Config),)+
        }

        /// A network of any architecture.
        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a training has one")]
        pub(crate) enum Network {
            $($(#[doc = $about])+ $name($file::Network),)+
        }

        impl NetworkConfig {
            /// The network of these sizes on `device`, with values from `source`.
            pub(crate) fn init(&self, sizes: Sizes, device: &Device, source: Source<'_>) -> Network {
                let builder = &mut Builder { device, source };
                match self {
                    $(Self::$name(config) => Network::$name(config.init(sizes, builder)),)+
                }
            }

            /// Every architecture with its default parameters.
            pub(crate) fn defaults() -> Vec<Self> {
                vec![$(Self::$name($file::Config::default()),)+]
            }

            /// Its kind in pipeline files.
            pub(crate) fn kind(&self) -> String {
                let name = match self {
                    $(Self::$name(_) => stringify!($file),)+
                };
                name.replace('_', "-")
            }

            /// What its parameters tell.
            pub(crate) fn architecture(&self) -> &dyn Architecture {
                match self {
                    $(Self::$name(config) => config,)+
                }
            }
        }

        impl Network {
            /// Logits (clips, classes).
            pub(crate) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
                match self {
                    $(Self::$name(network) => network.forward(input, pass),)+
                }
            }

            /// Logits (batch, classes) in an ONNX graph, as [`forward`](Self::forward) gives them without training.
            pub(crate) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
                match self {
                    $(Self::$name(network) => network.graph(input, graph),)+
                }
            }
        }
    };
}

networks! {
    /// Convolutions over time, an LSTM, pooling over time, the functionals beside it, dense layers.
    cnn_lstm => CnnLstm,
    /// A bidirectional LSTM with attention beside convolutions over time with attention (Zhao et al. 2019).
    blstm_fcn => BlstmFcn,
    /// An LSTM whose states are added to its input, batch normalisation, another LSTM.
    residual_lstm => ResidualLstm,
    /// Dilated causal convolutions in both directions of time (Ye et al. 2023).
    tim_net => TimNet,
    /// Convolutions over time and frequency, an LSTM (Zhao, Mao and Chen 2019).
    cnn2d_lstm => Cnn2dLstm,
    /// Convolutions over time and frequency with deltas as channels, a bidirectional LSTM with attention (Chen et al. 2018).
    acrnn => Acrnn,
    /// The same with dilated residual convolutions and a centre loss (Meng et al. 2019).
    adrnn => Adrnn,
    /// Two LSTM layers with attention on their memory, attention over time and over features (Xie et al. 2019).
    attention_lstm => AttentionLstm,
    /// Convolutions over samples, two LSTM layers, the mean over time (Tzirakis et al. 2018).
    waveform => Waveform,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self::CnnLstm(CnnLstmConfig::default())
    }
}
