//! Attention over each clip's frames, from frames to one vector.

use burn::tensor::Tensor;
use burn::tensor::activation::{softmax, tanh};
use ser_kernels::buffer::Buffer;
use ser_kernels::pooling;

use crate::Kernels;
use crate::lens::{Lens, each, pieces};
use crate::operation::{Operation, Output, apply, sum};
use crate::padded::{mask, pad};

/// Subtracted from the scores of frames that do not exist.
pub(crate) const FAR_BELOW: f32 = 1e9;

/// Weights of additive attention.
#[derive(Debug, Clone)]
pub struct Attention {
    /// (inputs, size).
    pub weight: Tensor<2>,
    /// (size).
    pub bias: Tensor<1>,
    /// (size): the score of a frame is the inner product with its hidden layer.
    pub query: Tensor<1>,
}

/// The mean of `x` (frames, width) over each clip, weighted by the softmax of `query . tanh(x weight + bias)`: (clips,
/// width); with `statistics` the weighted standard deviation behind it (attentive statistics pooling, Okabe et al. 2018).
pub fn attention(kernels: Kernels, x: Tensor<2>, weights: Attention, lens: &Lens, statistics: bool) -> Tensor<2> {
    let Attention { weight, bias, query } = weights;
    if kernels == Kernels::Burn {
        return portable(x, Attention { weight, bias, query }, lens, statistics);
    }
    let own = Own { lens: lens.clone(), width: weight.dims()[0], statistics };
    let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), query.into_dispatch()];
    apply(own, inputs).0
}

#[derive(Debug, Clone)]
struct Own {
    lens: Lens,
    width: usize,
    statistics: bool,
}

impl Operation<4> for Own {
    type Tape = Vec<pooling::Tape>;
    type Aside = ();

    fn forward(&self, [x, weight, bias, query]: [&[f32]; 4]) -> Output<Vec<pooling::Tape>, ()> {
        let columns = self.width * if self.statistics { 2 } else { 1 };
        let weights = pooling::Attention { weight, bias, query };
        let mut values = Buffer::any(self.lens.len() * columns);
        let parts = self.lens.parts();
        let outs = pieces(&mut values, columns, parts.iter().map(|part| part.clips.len()));
        let tape = each(parts.into_iter().zip(outs).collect(), |(part, out)| {
            let x = &x[part.rows.start * self.width..part.rows.end * self.width];
            let tape = pooling::attention(x, &self.lens[part.clips], weights, self.statistics);
            out.copy_from_slice(&tape.out);
            tape
        });
        Output { values, columns, tape, aside: () }
    }

    fn backward(
        &self,
        [x, weight, bias, query]: [&[f32]; 4],
        tape: Vec<pooling::Tape>,
        gradient: &[f32],
        _: [bool; 4],
    ) -> [Option<Buffer>; 4] {
        let columns = self.width * if self.statistics { 2 } else { 1 };
        let weights = pooling::Attention { weight, bias, query };
        let mut d_x = Buffer::any(x.len());
        let parts = self.lens.parts();
        let outs = pieces(&mut d_x, self.width, parts.iter().map(|part| part.rows.len()));
        let shares = each(parts.into_iter().zip(tape).zip(outs).collect(), |((part, tape), out)| {
            let x = &x[part.rows.start * self.width..part.rows.end * self.width];
            let gradient = &gradient[part.clips.start * columns..part.clips.end * columns];
            pooling::attention_backward(x, &self.lens[part.clips], weights, self.statistics, tape, gradient, out)
        });
        let (mut d_weight, mut d_bias, mut d_query) = (Vec::new(), Vec::new(), Vec::new());
        for pooling::Gradients { weight, bias, query } in shares {
            d_weight.push(weight);
            d_bias.push(bias);
            d_query.push(query);
        }
        [Some(d_x), sum(d_weight), sum(d_bias), sum(d_query)]
    }
}

fn portable(x: Tensor<2>, weights: Attention, lens: &Lens, statistics: bool) -> Tensor<2> {
    let x = pad(x, lens);
    let [clips, frames, width] = x.dims();
    let [_, size] = weights.weight.dims();
    let flat = |tensor: Tensor<3>| tensor.reshape([clips, width]);
    let hidden = x.clone().reshape([clips * frames, width]).matmul(weights.weight) + weights.bias.unsqueeze::<2>();
    let scores = tanh(hidden).matmul(weights.query.reshape([size, 1])).reshape([clips, frames, 1]);
    let scores = scores + (mask(lens, &x.device()) - 1.0) * FAR_BELOW;
    let shares = softmax(scores, 1);
    let mean = (x.clone() * shares.clone()).sum_dim(1);
    if !statistics {
        return flat(mean);
    }
    let deviation = x - mean.clone();
    let variance = (deviation.clone() * deviation * shares).sum_dim(1);
    Tensor::cat(vec![flat(mean), flat((variance + pooling::EPSILON).sqrt())], 1)
}
