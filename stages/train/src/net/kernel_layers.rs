//! The network on this crate's own kernels.

use super::plan::Plan;
use super::weights::Weights;
use super::{Batch, Step, dropout_layer};
use crate::kernels::conv::ConvInput;
use crate::kernels::dense;
use crate::kernels::lstm::{self, Cell, Packing};
use crate::kernels::norm::{self, Affine, Moments, Pooled};
use crate::kernels::pooling::{self, Attention};
use crate::kernels::vector::Dropout;
use crate::params::Pooling;

/// A plan with its weights, ready to compute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KernelNet<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) weights: &'a Weights,
    /// Threads inside an operation.
    pub(crate) threads: usize,
}

struct ConvTape {
    input: ConvInput,
    in_lens: Vec<usize>,
    x: Vec<f32>,
    moments: Moments,
    pooled: Pooled,
}

struct LstmTape {
    x: Vec<f32>,
    directions: Vec<lstm::Tape>,
}

struct Forward {
    conv: Vec<ConvTape>,
    lens: Vec<usize>,
    packing: Packing,
    lstm: Vec<LstmTape>,
    /// Frames before pooling over time, clips one after another.
    sequence: Vec<f32>,
    attention: Option<pooling::Tape>,
    functionals_in: Vec<f32>,
    functionals_out: Vec<f32>,
    /// Input of each dense layer, after dropout.
    dense: Vec<Vec<f32>>,
    logits: Vec<f32>,
}

impl KernelNet<'_> {
    /// Probabilities of each clip.
    pub(crate) fn infer(self, batch: &Batch) -> Vec<f32> {
        let mut probabilities = self.forward(batch, None).logits;
        for clip in probabilities.chunks_exact_mut(self.plan.classes) {
            pooling::softmax(clip);
        }
        probabilities
    }

    /// Loss, probabilities and all gradients of a training batch; dropout masks follow from `seed`.
    pub(crate) fn step(self, batch: &Batch, seed: u64) -> Step {
        let forward = self.forward(batch, Some(seed));
        let classes = self.plan.classes;
        let mut probabilities = forward.logits.clone();
        let mut d_logits = Vec::with_capacity(probabilities.len());
        let mut loss = 0.0_f64;
        for (clip, target) in probabilities.chunks_exact_mut(classes).zip(batch.targets.chunks_exact(classes)) {
            let logits = clip.to_vec();
            pooling::softmax(clip);
            let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let log_sum = highest + logits.iter().map(|logit| (logit - highest).exp()).sum::<f32>().ln();
            loss -= logits.iter().zip(target).map(|(logit, t)| f64::from(t * (logit - log_sum))).sum::<f64>();
            let weight: f32 = target.iter().sum();
            d_logits.extend(clip.iter().zip(target).map(|(probability, t)| probability * weight - t));
        }
        let moments =
            forward.conv.iter().map(|tape| (tape.moments.mean.clone(), tape.moments.variance.clone())).collect();
        let gradients = self.backward(forward, d_logits, seed);
        Step { loss, probabilities, gradients, moments }
    }

    fn dropout(seed: Option<u64>, layer: u32, probability: f64) -> Option<Dropout> {
        seed.map(|seed| Dropout::new(seed, layer, probability)).filter(|dropout| !dropout.is_identity())
    }

    fn tensor(&self, at: usize) -> &[f32] {
        &self.weights.values[at]
    }

    fn cell(&self, layer: usize, direction: usize) -> Cell<'_> {
        let at = self.plan.lstm_at(layer, direction);
        Cell {
            input: self.tensor(at),
            state: self.tensor(at + 1),
            bias: self.tensor(at + 2),
            hidden: self.plan.lstm.hidden,
            reverse: direction == 1,
        }
    }

    fn attention(&self) -> Attention<'_> {
        let at = self.plan.attention_at();
        Attention { weight: self.tensor(at), bias: self.tensor(at + 1), query: self.tensor(at + 2) }
    }

    fn forward(self, batch: &Batch, seed: Option<u64>) -> Forward {
        let plan = self.plan;
        let (mut values, mut lens) = (batch.frames.clone(), batch.lens.clone());
        let mut conv = Vec::with_capacity(plan.conv.len());
        for (index, layer) in plan.conv.iter().enumerate() {
            let at = plan.conv_at(index);
            let input = ConvInput::new(plan.conv_size(index), &values, &lens);
            let x = input.forward(self.tensor(at), self.threads);
            let moments = match seed {
                Some(_) => Moments::of(&x, &input, layer.channels),
                None => Moments { mean: self.tensor(at + 3).to_vec(), variance: self.tensor(at + 4).to_vec() },
            };
            let affine = Affine { gamma: self.tensor(at + 1), beta: self.tensor(at + 2) };
            let pooled = norm::forward(&x, &input, &moments, affine, layer.pool);
            values.clone_from(&pooled.values);
            if let Some(dropout) = Self::dropout(seed, dropout_layer::conv(index), plan.dropout) {
                dropout.apply(&mut values, layer.channels);
            }
            let in_lens = std::mem::replace(&mut lens, pooled.lens.clone());
            if seed.is_some() {
                conv.push(ConvTape { input, in_lens, x, moments, pooled });
            }
        }
        let packing = Packing::new(&lens);
        let (lstm, sequence) = self.lstm_forward(values, &lens, &packing, seed);
        let width = plan.sequence_width();
        let mut attention = None;
        let pooled = match plan.pooling {
            Pooling::Mean => pooling::mean(&sequence, &lens, width),
            Pooling::Last => pooling::last(&sequence, &lens, width, self.forward_width()),
            Pooling::Attention | Pooling::AttentiveStatistics => {
                let statistics = plan.pooling == Pooling::AttentiveStatistics;
                let tape = pooling::attention(&sequence, &lens, self.attention(), statistics, self.threads);
                let out = tape.out.clone();
                attention = Some(tape);
                out
            }
        };
        let mut functionals_in = batch.functionals.clone();
        if let Some(dropout) = Self::dropout(seed, dropout_layer::FUNCTIONALS, plan.functionals_dropout) {
            dropout.apply(&mut functionals_in, plan.functionals);
        }
        let functionals_out = if plan.has_functionals_layer() {
            let at = plan.functionals_at();
            let (weight, bias) = (self.tensor(at), self.tensor(at + 1));
            let mut out = dense::forward(&functionals_in, lens.len(), weight, bias, self.threads);
            dense::relu(&mut out);
            out
        } else {
            functionals_in.clone()
        };
        let mut values = join(&pooled, plan.pooled_width(), &functionals_out, plan.joined_width());
        let mut inputs = Vec::with_capacity(plan.dense.len() + 1);
        let mut width = plan.pooled_width() + plan.joined_width();
        for (index, size) in plan.dense_sizes().into_iter().enumerate() {
            if index > 0 {
                dense::relu(&mut values);
            }
            if let Some(dropout) = Self::dropout(seed, dropout_layer::dense(index), plan.dropout) {
                dropout.apply(&mut values, width);
            }
            let at = plan.dense_at(index);
            let out = dense::forward(&values, lens.len(), self.tensor(at), self.tensor(at + 1), self.threads);
            inputs.push(std::mem::replace(&mut values, out));
            width = size;
        }
        Forward {
            conv,
            lens,
            packing,
            lstm,
            sequence,
            attention,
            functionals_in,
            functionals_out,
            dense: inputs,
            logits: values,
        }
    }

    fn lstm_forward(
        self,
        values: Vec<f32>,
        lens: &[usize],
        packing: &Packing,
        seed: Option<u64>,
    ) -> (Vec<LstmTape>, Vec<f32>) {
        let plan = self.plan;
        if plan.lstm.layers == 0 {
            return (Vec::new(), values);
        }
        let mut x = packing.pack(&values, lens, plan.conv_out());
        let mut tapes = Vec::with_capacity(plan.lstm.layers);
        for layer in 0..plan.lstm.layers {
            if let Some(dropout) = Self::dropout(seed.filter(|_| layer > 0), dropout_layer::lstm(layer), plan.dropout) {
                dropout.apply(&mut x, plan.sequence_width());
            }
            let directions: Vec<lstm::Tape> = (0..plan.directions())
                .map(|direction| lstm::forward(self.cell(layer, direction), &x, packing, self.threads))
                .collect();
            let out = match directions.as_slice() {
                [forward, backward] => join(&forward.out, plan.lstm.hidden, &backward.out, plan.lstm.hidden),
                _ => directions[0].out.clone(),
            };
            let x = std::mem::replace(&mut x, out);
            tapes.push(LstmTape { x, directions });
        }
        let sequence = packing.unpack(&x, lens, plan.sequence_width());
        (tapes, sequence)
    }

    /// Columns of the sequence that come from the forward direction.
    fn forward_width(self) -> usize {
        if self.plan.lstm.layers == 0 { self.plan.sequence_width() } else { self.plan.lstm.hidden }
    }

    fn backward(self, forward: Forward, d_logits: Vec<f32>, seed: u64) -> Vec<Vec<f32>> {
        let plan = self.plan;
        let Forward {
            conv,
            lens,
            packing,
            lstm,
            sequence,
            attention,
            functionals_in,
            functionals_out,
            dense: inputs,
            ..
        } = forward;
        let rows = lens.len();
        let mut gradients: Vec<Vec<f32>> = vec![Vec::new(); self.weights.values.len()];
        let mut d = d_logits;
        let sizes = plan.dense_sizes();
        for (index, x) in inputs.iter().enumerate().rev() {
            let at = plan.dense_at(index);
            let (weight, bias) = dense::weight_gradients(x, &d, rows, sizes[index], self.threads);
            gradients[at] = weight;
            gradients[at + 1] = bias;
            d = dense::input_gradient(&d, rows, self.tensor(at), sizes[index], self.threads);
            let width = if index == 0 { plan.pooled_width() + plan.joined_width() } else { sizes[index - 1] };
            if let Some(dropout) = Self::dropout(Some(seed), dropout_layer::dense(index), plan.dropout) {
                dropout.apply(&mut d, width);
            }
            if index > 0 {
                // The input is zero where ReLU or dropout made it so; the gradient stops there either way.
                dense::relu_backward(&mut d, x);
            }
        }
        let (d_pooled, mut d_functionals) = split(&d, plan.pooled_width(), plan.joined_width());
        if plan.has_functionals_layer() {
            dense::relu_backward(&mut d_functionals, &functionals_out);
            let at = plan.functionals_at();
            let (weight, bias) =
                dense::weight_gradients(&functionals_in, &d_functionals, rows, plan.functionals_size, self.threads);
            gradients[at] = weight;
            gradients[at + 1] = bias;
        }
        let width = plan.sequence_width();
        let d_sequence = match (plan.pooling, attention) {
            (Pooling::Mean, _) => pooling::mean_backward(&d_pooled, &lens, width),
            (Pooling::Attention | Pooling::AttentiveStatistics, Some(tape)) => {
                let statistics = plan.pooling == Pooling::AttentiveStatistics;
                let out = pooling::attention_backward(
                    &sequence,
                    &lens,
                    self.attention(),
                    statistics,
                    tape,
                    &d_pooled,
                    self.threads,
                );
                let at = plan.attention_at();
                gradients[at] = out.weight;
                gradients[at + 1] = out.bias;
                gradients[at + 2] = out.query;
                out.x
            }
            _ => pooling::last_backward(&d_pooled, &lens, width, self.forward_width()),
        };
        let d = self.lstm_backward(lstm, d_sequence, &lens, &packing, seed, &mut gradients);
        self.conv_backward(conv, d, seed, &mut gradients);
        gradients
    }

    fn lstm_backward(
        self,
        tapes: Vec<LstmTape>,
        d_sequence: Vec<f32>,
        lens: &[usize],
        packing: &Packing,
        seed: u64,
        gradients: &mut [Vec<f32>],
    ) -> Vec<f32> {
        let plan = self.plan;
        if tapes.is_empty() {
            return d_sequence;
        }
        let hidden = plan.lstm.hidden;
        let mut d = packing.pack(&d_sequence, lens, plan.sequence_width());
        for (layer, tape) in tapes.into_iter().enumerate().rev() {
            let parts = if plan.lstm.bidirectional {
                let (forward, backward) = split(&d, hidden, hidden);
                vec![forward, backward]
            } else {
                vec![d]
            };
            d = Vec::new();
            for (direction, (direction_tape, part)) in tape.directions.into_iter().zip(parts).enumerate() {
                let cell = self.cell(layer, direction);
                let out = lstm::backward(cell, &tape.x, packing, direction_tape, &part, self.threads);
                let at = plan.lstm_at(layer, direction);
                gradients[at] = out.input;
                gradients[at + 1] = out.state;
                gradients[at + 2] = out.bias;
                if d.is_empty() {
                    d = out.x;
                } else {
                    d.iter_mut().zip(&out.x).for_each(|(d, more)| *d += more);
                }
            }
            if layer > 0
                && let Some(dropout) = Self::dropout(Some(seed), dropout_layer::lstm(layer), plan.dropout)
            {
                dropout.apply(&mut d, plan.sequence_width());
            }
        }
        packing.unpack(&d, lens, plan.conv_out())
    }

    fn conv_backward(self, tapes: Vec<ConvTape>, mut d: Vec<f32>, seed: u64, gradients: &mut [Vec<f32>]) {
        let plan = self.plan;
        for (index, tape) in tapes.into_iter().enumerate().rev() {
            let layer = &plan.conv[index];
            if let Some(dropout) = Self::dropout(Some(seed), dropout_layer::conv(index), plan.dropout) {
                dropout.apply(&mut d, layer.channels);
            }
            let at = plan.conv_at(index);
            let affine = Affine { gamma: self.tensor(at + 1), beta: self.tensor(at + 2) };
            let out = norm::backward(&d, &tape.pooled, &tape.x, &tape.input, &tape.moments, affine, layer.pool);
            gradients[at] = tape.input.weight_gradient(&out.x, self.threads);
            gradients[at + 1] = out.gamma;
            gradients[at + 2] = out.beta;
            // The frames themselves need no gradient.
            if index > 0 {
                d = tape.input.input_gradient(&out.x, self.tensor(at), &tape.in_lens, self.threads);
            }
        }
    }
}

/// Rows of `a` and `b` side by side.
fn join(a: &[f32], a_width: usize, b: &[f32], b_width: usize) -> Vec<f32> {
    if b_width == 0 {
        return a.to_vec();
    }
    let mut out = Vec::with_capacity(a.len() + b.len());
    for (a, b) in a.chunks_exact(a_width).zip(b.chunks_exact(b_width)) {
        out.extend_from_slice(a);
        out.extend_from_slice(b);
    }
    out
}

/// The reverse of [`join`].
fn split(rows: &[f32], a_width: usize, b_width: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for row in rows.chunks_exact(a_width + b_width) {
        a.extend_from_slice(&row[..a_width]);
        b.extend_from_slice(&row[a_width..]);
    }
    (a, b)
}
