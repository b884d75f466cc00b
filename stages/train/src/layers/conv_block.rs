//! A convolution over time with batch normalisation, ReLU and max pooling.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Conv, Frames, Graph, conv_relu};
use ser_ops::{ConvSize, conv_block};

use super::builder::{Builder, Start};
use super::norm::Norm;
use super::pass::{Pass, Ragged};
use super::values::values;

/// The layer. Its normalisation's running statistics follow the batches of training.
#[derive(Module, Debug)]
pub(crate) struct ConvBlock {
    /// (kernel, inputs, outputs).
    weight: Param<Tensor<3>>,
    norm: Norm,
    #[module(skip)]
    size: ConvSize,
    pool: usize,
    recompute: bool,
}

impl ConvBlock {
    /// Of these sizes; the highest of every `pool` frames is kept.
    pub(crate) fn new(size: ConvSize, pool: usize, builder: &mut Builder<'_>) -> Self {
        let ConvSize { inputs, outputs, kernel, .. } = size;
        let weight = builder.param([kernel, inputs, outputs], Start::Relu { inputs: kernel * inputs });
        Self { weight, norm: Norm::new(outputs, builder), size, pool, recompute: false }
    }

    /// The same for inputs so long that the convolution is better computed twice than kept.
    pub(crate) fn recomputed(size: ConvSize, pool: usize, builder: &mut Builder<'_>) -> Self {
        Self { recompute: true, ..Self::new(size, pool, builder) }
    }

    /// (frames, inputs) -> (fewer frames, outputs).
    pub(crate) fn forward(&self, x: Ragged, pass: &mut Pass) -> Ragged {
        let block = ser_ops::ConvBlock { size: self.size, pool: self.pool, lens: x.lens, recompute: self.recompute };
        let (convolved, lens) = (block.lens.map(|len| self.size.out_len(len)).frames(), block.out_lens());
        let fixed = (!pass.is_training()).then(|| self.norm.running());
        let (values, moments) = conv_block(pass.kernels, x.values, self.weight.val(), self.norm.affine(), fixed, block);
        if pass.is_training() {
            self.norm.follow(moments, convolved, pass);
        }
        Ragged { values, lens }
    }

    /// [`forward`](Self::forward) in a graph, the normalisation within the convolution's weights.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Frames {
        let ConvSize { inputs, kernel, stride, .. } = self.size;
        let (weight, bias) = self.norm.folded(values(&self.weight), &vec![0.0; self.size.outputs]);
        let conv = Conv { weight: &weight, bias: &bias, inputs, kernel, stride, dilation: 1, causal: false };
        conv_relu(x, conv, self.pool, graph)
    }
}
