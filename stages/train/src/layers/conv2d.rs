//! A convolution over time and frequency with what follows it.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph, Value, conv2d};
use ser_ops::{Activation, Conv2dBlock, Conv2dSize, Shift, conv2d_block};

use super::builder::{Builder, Start};
use super::norm::Norm;
use super::pass::{Pass, Ragged};
use super::values::values;

/// Bands and channels of an image; a frame holds the channels of one band after those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageSize {
    /// Bands.
    pub(crate) bands: usize,
    /// Channels of each.
    pub(crate) channels: usize,
}

impl ImageSize {
    /// Values per frame.
    pub(crate) fn width(self) -> usize {
        self.bands * self.channels
    }
}

/// What a convolution is made from. Around an image there are as many zeros as keep its size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conv2dPlan {
    /// Channels out.
    pub(crate) channels: usize,
    /// Frames and bands under the kernel, odd.
    pub(crate) kernel: [usize; 2],
    /// Frames and bands from one value under the kernel to the next.
    pub(crate) dilation: [usize; 2],
    /// Whether channels are normalised over the batch; otherwise a bias is added to them.
    pub(crate) normalised: bool,
    /// Frames and bands of which the highest value is kept.
    pub(crate) pool: [usize; 2],
    /// What is computed of it.
    pub(crate) activation: Activation,
}

/// The layer. Its normalisation's running statistics follow the batches of training.
#[derive(Module, Debug)]
pub(crate) struct Conv2d {
    /// (kernel frames, kernel bands, inputs, outputs).
    weight: Param<Tensor<4>>,
    /// (outputs).
    bias: Option<Param<Tensor<1>>>,
    norm: Option<Norm>,
    #[module(skip)]
    size: Conv2dSize,
    #[module(skip)]
    plan: Conv2dPlan,
}

impl Conv2d {
    /// Of an image of `size`, which becomes that of what comes out.
    pub(crate) fn new(plan: Conv2dPlan, image: &mut ImageSize, builder: &mut Builder<'_>) -> Self {
        let ImageSize { bands, channels: inputs } = *image;
        let Conv2dPlan { channels: outputs, kernel, dilation, normalised, pool, .. } = plan;
        let [frames_under, bands_under] = kernel;
        let start = Start::Relu { inputs: frames_under * bands_under * inputs };
        *image = ImageSize { bands: bands.div_ceil(pool[1]), channels: outputs };
        Self {
            weight: builder.param([frames_under, bands_under, inputs, outputs], start),
            bias: (!normalised).then(|| builder.param([outputs], Start::Zeros)),
            norm: normalised.then(|| Norm::new(outputs, builder)),
            size: Conv2dSize { bands, inputs, outputs, kernel, dilation },
            plan,
        }
    }

    /// A fully connected layer with batch normalisation and leaky ReLU: a convolution of single values, the image being
    /// of one band.
    pub(crate) fn dense(inputs: usize, outputs: usize, builder: &mut Builder<'_>) -> Self {
        let plan = Conv2dPlan {
            channels: outputs,
            kernel: [1, 1],
            dilation: [1, 1],
            normalised: true,
            pool: [1, 1],
            activation: Activation::LeakyRelu,
        };
        Self::new(plan, &mut ImageSize { bands: 1, channels: inputs }, builder)
    }

    /// (frames, bands * inputs) -> (fewer frames, fewer bands * outputs).
    pub(crate) fn forward(&self, x: Ragged, pass: &mut Pass) -> Ragged {
        let Conv2dPlan { pool, activation, .. } = self.plan;
        let block = Conv2dBlock { size: self.size, pool, activation, lens: x.lens };
        let (convolved, lens) = (block.lens.frames() * self.size.bands, block.out_lens());
        let shift = match (&self.norm, &self.bias) {
            (Some(norm), _) => {
                Shift::Norm { affine: norm.affine(), moments: (!pass.is_training()).then(|| norm.running()) }
            }
            (None, Some(bias)) => Shift::Bias(bias.val()),
            (None, None) => unreachable!("a layer is made with one of both"),
        };
        let (values, moments) = conv2d_block(pass.kernels, x.values, self.weight.val(), shift, block);
        if let (Some(norm), Some(moments), true) = (&self.norm, moments, pass.is_training()) {
            norm.follow(moments, convolved, pass);
        }
        Ragged { values, lens }
    }

    /// [`forward`](Self::forward) in a graph, the normalisation within the convolution's weights.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Frames {
        let Conv2dSize { bands, inputs, kernel, dilation, .. } = self.size;
        let (weight, bias) = self.folded();
        let (pool, activation) = (self.plan.pool, in_graph(self.plan.activation));
        let conv = ser_onnx::Conv2d { weight: &weight, bias: &bias, bands, inputs, kernel, dilation, pool, activation };
        conv2d(x, conv, graph)
    }

    /// What [`dense`](Self::dense) makes in a graph: (.., inputs) -> (.., outputs).
    pub(crate) fn dense_graph(&self, x: &Value, graph: &mut Graph<'_>) -> Value {
        let (weight, bias) = self.folded();
        let values = ser_onnx::dense(x, &weight, &bias, graph);
        in_graph(self.plan.activation).of(values, graph)
    }

    /// Weight and bias without training.
    fn folded(&self) -> (Vec<f32>, Vec<f32>) {
        let none = || vec![0.0; self.size.outputs];
        match &self.norm {
            Some(norm) => norm.folded(values(&self.weight), &none()),
            None => (values(&self.weight), self.bias.as_ref().map_or_else(none, values)),
        }
    }
}

fn in_graph(activation: Activation) -> ser_onnx::Activation {
    match activation {
        Activation::Identity => ser_onnx::Activation::Identity,
        Activation::Relu => ser_onnx::Activation::Relu,
        Activation::LeakyRelu => ser_onnx::Activation::LeakyRelu(ser_kernels::pool2d::LEAK),
        Activation::Elu => ser_onnx::Activation::Elu,
    }
}
