//! From the states of a layer to one vector per clip, by attention: to frames that are like the last one, and to some features
//! of each frame more than to others (Xie et al. 2019, TASLP 27:1675).

use burn::tensor::Tensor;
use burn::tensor::activation::{softmax, tanh};
use ser_kernels::buffer::Buffer;
use ser_kernels::state_attention as states;

use crate::Kernels;
use crate::attention::FAR_BELOW;
use crate::lens::{Lens, each, pieces};
use crate::operation::{Operation, Output, apply, sum};
use crate::padded::{mask, pad};

/// The mean of `x` (frames, width) over each clip, weighted by the softmax over time of the frames' inner products with the
/// clip's row of `queries` (clips, width): (clips, width).
pub fn time_attention(kernels: Kernels, x: Tensor<2>, queries: Tensor<2>, lens: &Lens) -> Tensor<2> {
    let [_, width] = x.dims();
    if kernels == Kernels::Own {
        let own = Time { lens: lens.clone(), width };
        return apply(own, [x.into_dispatch(), queries.into_dispatch()]).0;
    }
    let x = pad(x, lens);
    let [clips, ..] = x.dims();
    let scores = (x.clone() * queries.unsqueeze_dim::<3>(1)).sum_dim(2);
    let scores = scores + (mask(lens, &x.device()) - 1.0) * FAR_BELOW;
    (x * softmax(scores, 1)).sum_dim(1).reshape([clips, width])
}

/// Weights of the attention over features.
#[derive(Debug, Clone)]
pub struct FeatureAttention {
    /// (width, size).
    pub weight: Tensor<2>,
    /// (size).
    pub bias: Tensor<1>,
    /// (size, width): the scores of a frame's features are the product with its hidden layer.
    pub scores: Tensor<2>,
}

/// The sum of `x` (frames, width) over each clip, each frame multiplied by the softmax over its features of
/// `tanh(x weight + bias) scores`: (clips, width).
pub fn feature_attention(kernels: Kernels, x: Tensor<2>, weights: FeatureAttention, lens: &Lens) -> Tensor<2> {
    let FeatureAttention { weight, bias, scores } = weights;
    if kernels == Kernels::Own {
        let own = Features { lens: lens.clone(), width: weight.dims()[0] };
        let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), scores.into_dispatch()];
        return apply(own, inputs).0;
    }
    let [_, width] = x.dims();
    let hidden = tanh(x.clone().matmul(weight) + bias.unsqueeze::<2>());
    let heard = x * softmax(hidden.matmul(scores), 1);
    pad(heard, lens).sum_dim(1).reshape([lens.len(), width])
}

#[derive(Debug, Clone)]
struct Time {
    lens: Lens,
    width: usize,
}

impl Operation<2> for Time {
    /// Weights of the frames, part by part.
    type Tape = Vec<Buffer>;
    type Aside = ();

    fn forward(&self, [x, queries]: [&[f32]; 2]) -> Output<Vec<Buffer>, ()> {
        let Self { lens, width } = self;
        let mut values = Buffer::any(queries.len());
        let parts = lens.parts();
        let outs = pieces(&mut values, *width, parts.iter().map(|part| part.clips.len()));
        let tape = each(parts.into_iter().zip(outs).collect(), |(part, out)| {
            let x = &x[part.rows.start * width..part.rows.end * width];
            let queries = &queries[part.clips.start * width..part.clips.end * width];
            let (found, weights) = states::over_time(x, queries, &lens[part.clips], *width);
            out.copy_from_slice(&found);
            weights
        });
        Output { values, columns: *width, tape, aside: () }
    }

    fn backward(
        &self,
        [x, queries]: [&[f32]; 2],
        tape: Vec<Buffer>,
        gradient: &[f32],
        _: [bool; 2],
    ) -> [Option<Buffer>; 2] {
        let Self { lens, width } = self;
        let (mut d_x, mut d_queries) = (Buffer::any(x.len()), Buffer::any(queries.len()));
        let parts = lens.parts();
        let outs = pieces(&mut d_x, *width, parts.iter().map(|part| part.rows.len()));
        let query_outs = pieces(&mut d_queries, *width, parts.iter().map(|part| part.clips.len()));
        let work = parts.into_iter().zip(tape).zip(outs.into_iter().zip(query_outs)).collect();
        each(work, |((part, weights), (out, query_out))| {
            let x = &x[part.rows.start * width..part.rows.end * width];
            let clips = part.clips.start * width..part.clips.end * width;
            let (queries, gradient) = (&queries[clips.clone()], &gradient[clips]);
            let found = states::over_time_backward(x, queries, &lens[part.clips], *width, &weights, gradient, out);
            query_out.copy_from_slice(&found);
        });
        [Some(d_x), Some(d_queries)]
    }
}

#[derive(Debug, Clone)]
struct Features {
    lens: Lens,
    width: usize,
}

impl Operation<4> for Features {
    type Tape = Vec<states::Tape>;
    type Aside = ();

    fn forward(&self, [x, weight, bias, scores]: [&[f32]; 4]) -> Output<Vec<states::Tape>, ()> {
        let Self { lens, width } = self;
        let features = states::Features { weight, bias, scores };
        let mut values = Buffer::any(lens.len() * width);
        let parts = lens.parts();
        let outs = pieces(&mut values, *width, parts.iter().map(|part| part.clips.len()));
        let tape = each(parts.into_iter().zip(outs).collect(), |(part, out)| {
            let x = &x[part.rows.start * width..part.rows.end * width];
            let (found, tape) = states::over_features(x, &lens[part.clips], features);
            out.copy_from_slice(&found);
            tape
        });
        Output { values, columns: *width, tape, aside: () }
    }

    fn backward(
        &self,
        [x, weight, bias, scores]: [&[f32]; 4],
        tape: Vec<states::Tape>,
        gradient: &[f32],
        _: [bool; 4],
    ) -> [Option<Buffer>; 4] {
        let Self { lens, width } = self;
        let features = states::Features { weight, bias, scores };
        let mut d_x = Buffer::any(x.len());
        let parts = lens.parts();
        let outs = pieces(&mut d_x, *width, parts.iter().map(|part| part.rows.len()));
        let shares = each(parts.into_iter().zip(tape).zip(outs).collect(), |((part, tape), out)| {
            let x = &x[part.rows.start * width..part.rows.end * width];
            let gradient = &gradient[part.clips.start * width..part.clips.end * width];
            states::over_features_backward(x, &lens[part.clips], features, tape, gradient, out)
        });
        let (mut d_weight, mut d_bias, mut d_scores) = (Vec::new(), Vec::new(), Vec::new());
        for states::Gradients { weight, bias, scores } in shares {
            d_weight.push(weight);
            d_bias.push(bias);
            d_scores.push(scores);
        }
        [Some(d_x), sum(d_weight), sum(d_bias), sum(d_scores)]
    }
}
