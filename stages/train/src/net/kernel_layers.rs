//! The network on the layers of `ser-kernels`.

use rayon::prelude::*;

use super::parts::{Part, each, parts};
use super::plan::Plan;
use super::weights::Weights;
use super::{Batch, Step, dropout_layer};
use crate::params::Pooling;
use ser_kernels::buffer::Buffer;
use ser_kernels::conv::ConvInput;
use ser_kernels::dense;
use ser_kernels::lstm::{self, Cell, PackedCell, Packing};
use ser_kernels::matmul::Packed;
use ser_kernels::norm::{self, Affine, Chosen, Correction, Moments, PartialGradients, PartialMoments};
use ser_kernels::pooling::{self, Attention};
use ser_kernels::simd::wide;
use ser_kernels::vector::Dropout;

/// A plan with its weights, ready to compute. Uses the threads of the current rayon pool that have nothing else to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KernelNet<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) weights: &'a Weights,
}

struct ConvTape {
    input: ConvInput,
    /// Output of the convolution itself.
    x: Buffer,
    chosen: Option<Chosen>,
}

struct LstmTape {
    x: Buffer,
    directions: Vec<lstm::Tape>,
}

/// One part of a batch on its way through the network and back.
struct Pass<'a> {
    part: Part<'a>,
    /// Frames of each clip after the layers done so far.
    lens: Vec<usize>,
    /// Frames after the layers done so far; on the way back, their gradient.
    values: Buffer,
    conv: Vec<ConvTape>,
    moments: PartialMoments,
    packing: Packing,
    lstm: Vec<LstmTape>,
    /// Frames before pooling over time, clips one after another.
    sequence: Buffer,
    attention: Option<pooling::Tape>,
    pooled: Vec<f32>,
    pending: Option<PartialGradients>,
    /// This part's share of each tensor's gradient; empty where it has none.
    gradients: Vec<Buffer>,
}

/// What follows pooling over time, for the whole batch.
struct Head {
    functionals_in: Buffer,
    functionals_out: Buffer,
    /// Input of each dense layer, after dropout.
    dense: Vec<Buffer>,
    logits: Buffer,
}

struct Forward<'a> {
    passes: Vec<Pass<'a>>,
    /// Of each convolution over the batch.
    moments: Vec<Moments>,
    /// Weights of each LSTM layer and direction.
    cells: Vec<Vec<PackedCell<'a>>>,
    head: Head,
}

impl<'a> KernelNet<'a> {
    /// Probabilities of each clip.
    pub(crate) fn infer(self, batch: &'a Batch) -> Vec<f32> {
        if batch.lens.is_empty() {
            return Vec::new();
        }
        let mut probabilities = self.forward(batch, None).head.logits.to_vec();
        for clip in probabilities.chunks_exact_mut(self.plan.classes) {
            pooling::softmax(clip);
        }
        probabilities
    }

    /// Loss, probabilities and all gradients of a training batch; dropout masks follow from `seed`.
    pub(crate) fn step(self, batch: &'a Batch, seed: u64) -> Step {
        let forward = self.forward(batch, Some(seed));
        let classes = self.plan.classes;
        let mut probabilities = forward.head.logits.to_vec();
        let mut d_logits = Buffer::any(probabilities.len());
        let mut loss = 0.0_f64;
        let rows = probabilities.chunks_exact_mut(classes).zip(batch.targets.chunks_exact(classes));
        for ((clip, target), d_logits) in rows.zip(d_logits.chunks_exact_mut(classes)) {
            let highest = clip.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let log_sum = highest + clip.iter().map(|logit| (logit - highest).exp()).sum::<f32>().ln();
            loss -= clip.iter().zip(target).map(|(logit, t)| f64::from(t * (logit - log_sum))).sum::<f64>();
            pooling::softmax(clip);
            let weight: f32 = target.iter().sum();
            for ((d, probability), t) in d_logits.iter_mut().zip(&*clip).zip(target) {
                *d = probability * weight - t;
            }
        }
        let moments = forward.moments.iter().map(|moments| (moments.mean.clone(), moments.variance.clone())).collect();
        let gradients = self.backward(forward, d_logits, seed);
        Step { loss, probabilities, gradients, moments }
    }

    fn dropout(seed: Option<u64>, layer: u32, probability: f64) -> Option<Dropout> {
        seed.map(|seed| Dropout::new(seed, layer, probability)).filter(|dropout| !dropout.is_identity())
    }

    fn tensor(self, at: usize) -> &'a [f32] {
        &self.weights.values[at]
    }

    fn cell(self, layer: usize, direction: usize) -> Cell<'a> {
        let at = self.plan.lstm_at(layer, direction);
        Cell {
            input: self.tensor(at),
            state: self.tensor(at + 1),
            bias: self.tensor(at + 2),
            hidden: self.plan.lstm.hidden,
            reverse: direction == 1,
        }
    }

    fn affine(self, layer: usize) -> Affine<'a> {
        let at = self.plan.conv_at(layer);
        Affine { gamma: self.tensor(at + 1), beta: self.tensor(at + 2) }
    }

    fn attention(self) -> Attention<'a> {
        let at = self.plan.attention_at();
        Attention { weight: self.tensor(at), bias: self.tensor(at + 1), query: self.tensor(at + 2) }
    }

    fn forward(self, batch: &'a Batch, seed: Option<u64>) -> Forward<'a> {
        let plan = self.plan;
        let mut passes: Vec<Pass<'_>> =
            parts(plan, batch).into_iter().map(|part| Pass::new(part, self.weights.values.len())).collect();
        let mut moments: Vec<Moments> = Vec::with_capacity(plan.conv.len());
        for layer in 0..plan.conv.len() {
            let at = plan.conv_at(layer);
            let weight = Packed::new(plan.conv_size(layer).matrix(self.tensor(at)));
            let before = moments.last();
            each(&mut passes, |pass| {
                if let Some(before) = before {
                    pass.normalise(self, layer - 1, before, seed);
                }
                pass.convolve(self, layer, &weight, seed.is_some());
            });
            moments.push(match seed {
                Some(_) => Moments::of(passes.iter().map(|pass| &pass.moments)),
                None => Moments { mean: self.tensor(at + 3).to_vec(), variance: self.tensor(at + 4).to_vec() },
            });
        }
        let cells: Vec<Vec<PackedCell<'_>>> = (0..plan.lstm.layers)
            .map(|layer| {
                let directions = (0..plan.directions()).map(|direction| self.cell(layer, direction));
                directions.map(|cell| PackedCell::new(cell, seed.is_some())).collect()
            })
            .collect();
        let last = moments.last();
        each(&mut passes, |pass| {
            match last {
                Some(last) => pass.normalise(self, plan.conv.len() - 1, last, seed),
                None => pass.values = Buffer::copy_of(pass.part.frames),
            }
            pass.recur(self, &cells, seed);
            pass.pool(self);
        });
        let pooled: Vec<f32> = passes.iter().flat_map(|pass| pass.pooled.iter().copied()).collect();
        let head = self.head(batch, &pooled, seed);
        Forward { passes, moments, cells, head }
    }

    fn head(self, batch: &Batch, pooled: &[f32], seed: Option<u64>) -> Head {
        let plan = self.plan;
        let clips = batch.lens.len();
        let mut functionals_in = Buffer::copy_of(&batch.functionals);
        if let Some(dropout) = Self::dropout(seed, dropout_layer::FUNCTIONALS, plan.functionals_dropout) {
            dropout.apply(&mut functionals_in, plan.functionals, 0);
        }
        let functionals_out = if plan.has_functionals_layer() {
            let at = plan.functionals_at();
            let mut out = dense::forward(&functionals_in, clips, self.tensor(at), self.tensor(at + 1));
            dense::relu(&mut out);
            out
        } else {
            functionals_in.clone()
        };
        let mut values = join(pooled, plan.pooled_width(), &functionals_out, plan.joined_width());
        let mut inputs = Vec::with_capacity(plan.dense.len() + 1);
        let mut width = plan.pooled_width() + plan.joined_width();
        for (index, size) in plan.dense_sizes().into_iter().enumerate() {
            if index > 0 {
                dense::relu(&mut values);
            }
            if let Some(dropout) = Self::dropout(seed, dropout_layer::dense(index), plan.dropout) {
                dropout.apply(&mut values, width, 0);
            }
            let at = plan.dense_at(index);
            let out = dense::forward(&values, clips, self.tensor(at), self.tensor(at + 1));
            inputs.push(std::mem::replace(&mut values, out));
            width = size;
        }
        Head { functionals_in, functionals_out, dense: inputs, logits: values }
    }

    fn backward(self, forward: Forward<'_>, d_logits: Buffer, seed: u64) -> Vec<Vec<f32>> {
        let plan = self.plan;
        let Forward { mut passes, moments, cells, head } = forward;
        let mut gradients: Vec<Vec<f32>> = vec![Vec::new(); self.weights.values.len()];
        let d_pooled = self.head_backward(&head, d_logits, seed, &mut gradients);
        let last = moments.last();
        each(&mut passes, |pass| {
            pass.pool_backward(self, &d_pooled);
            pass.recur_backward(self, &cells, seed);
            if let Some(last) = last {
                pass.pass_back(self, plan.conv.len() - 1, last, seed);
            }
        });
        for layer in (0..plan.conv.len()).rev() {
            let at = plan.conv_at(layer);
            let pending = || passes.iter().filter_map(|pass| pass.pending.as_ref());
            gradients[at + 1] = sum(pending().map(|part| &part.gamma));
            gradients[at + 2] = sum(pending().map(|part| &part.beta));
            let frames = passes.iter().map(Pass::frames_after_conv).sum();
            let correction =
                Correction::new(&gradients[at + 1], &gradients[at + 2], frames, &moments[layer], self.affine(layer));
            // The frames themselves need no gradient.
            let turned = (layer > 0).then(|| plan.conv_size(layer).turned(self.tensor(at)));
            let turned = turned.as_deref().map(|turned| Packed::new(plan.conv_size(layer).turned_matrix(turned)));
            each(&mut passes, |pass| {
                pass.convolve_backward(self, layer, &correction, turned.as_ref());
                if layer > 0 {
                    pass.pass_back(self, layer - 1, &moments[layer - 1], seed);
                }
            });
        }
        for (at, gradient) in gradients.iter_mut().enumerate() {
            if gradient.is_empty() {
                *gradient = sum(passes.iter().map(|pass| &pass.gradients[at]).filter(|part| !part.is_empty()));
            }
        }
        gradients
    }

    /// Fills in the gradients of the dense layers; returns that of the pooled frames.
    fn head_backward(self, head: &Head, d_logits: Buffer, seed: u64, gradients: &mut [Vec<f32>]) -> Vec<f32> {
        let plan = self.plan;
        let mut d = d_logits;
        let sizes = plan.dense_sizes();
        let clips = d.len() / plan.classes;
        for (index, x) in head.dense.iter().enumerate().rev() {
            let at = plan.dense_at(index);
            let (weight, bias) = dense::weight_gradients(x, &d, clips, sizes[index]);
            gradients[at] = weight.to_vec();
            gradients[at + 1] = bias.to_vec();
            d = dense::input_gradient(&d, clips, self.tensor(at), sizes[index]);
            let width = if index == 0 { plan.pooled_width() + plan.joined_width() } else { sizes[index - 1] };
            if let Some(dropout) = Self::dropout(Some(seed), dropout_layer::dense(index), plan.dropout) {
                dropout.apply(&mut d, width, 0);
            }
            if index > 0 {
                // The input is zero where ReLU or dropout made it so; the gradient stops there either way.
                dense::relu_backward(&mut d, x);
            }
        }
        let (d_pooled, mut d_functionals) = split(&d, plan.pooled_width(), plan.joined_width());
        if plan.has_functionals_layer() {
            dense::relu_backward(&mut d_functionals, &head.functionals_out);
            let at = plan.functionals_at();
            let size = plan.functionals_size;
            let (weight, bias) = dense::weight_gradients(&head.functionals_in, &d_functionals, clips, size);
            gradients[at] = weight.to_vec();
            gradients[at + 1] = bias.to_vec();
        }
        d_pooled
    }

    /// Columns of the sequence that come from the forward direction.
    fn forward_width(self) -> usize {
        if self.plan.lstm.layers == 0 { self.plan.sequence_width() } else { self.plan.lstm.hidden }
    }
}

impl<'a> Pass<'a> {
    fn new(part: Part<'a>, tensors: usize) -> Self {
        Self {
            lens: part.lens.to_vec(),
            part,
            values: Buffer::default(),
            conv: Vec::new(),
            moments: PartialMoments::default(),
            packing: Packing::new(&[]),
            lstm: Vec::new(),
            sequence: Buffer::default(),
            attention: None,
            pooled: Vec::new(),
            pending: None,
            gradients: (0..tensors).map(|_| Buffer::default()).collect(),
        }
    }

    /// Convolution `layer` itself, and in training its moments.
    fn convolve(&mut self, net: KernelNet<'_>, layer: usize, weight: &Packed<'_>, training: bool) {
        let values = if layer == 0 { self.part.frames } else { &self.values };
        let input = ConvInput::new(net.plan.conv_size(layer), values, &self.lens);
        let x = input.forward(weight);
        if training {
            self.moments = PartialMoments::of(&x, net.plan.conv[layer].channels);
        }
        self.conv.push(ConvTape { input, x, chosen: None });
    }

    /// Normalisation, ReLU, pooling and dropout after convolution `layer`.
    fn normalise(&mut self, net: KernelNet<'_>, layer: usize, moments: &Moments, seed: Option<u64>) {
        let size = &net.plan.conv[layer];
        let tape = &mut self.conv[layer];
        let pooled = norm::forward(&tape.x, tape.input.out_lens(), moments, net.affine(layer), size.pool);
        self.values = pooled.values;
        self.lens = pooled.lens;
        tape.chosen = Some(pooled.chosen);
        if let Some(dropout) = KernelNet::dropout(seed, dropout_layer::conv(layer), net.plan.dropout) {
            dropout.apply(&mut self.values, size.channels, self.part.rows_before[layer]);
        }
    }

    /// The LSTM layers.
    fn recur(&mut self, net: KernelNet<'_>, cells: &[Vec<PackedCell<'_>>], seed: Option<u64>) {
        let plan = net.plan;
        if plan.lstm.layers == 0 {
            self.sequence = std::mem::take(&mut self.values);
            return;
        }
        self.packing = Packing::new(&self.lens);
        let mut x = self.packing.pack(&self.values, &self.lens, plan.conv_out());
        self.values = Buffer::default();
        for (layer, cells) in cells.iter().enumerate() {
            self.drop_between(net, layer, &mut x, seed);
            let directions: Vec<lstm::Tape> = cells
                .par_iter()
                .enumerate()
                .map(|(direction, packed)| lstm::forward(net.cell(layer, direction), packed, &x, &self.packing))
                .collect();
            let out = match directions.as_slice() {
                [forward, backward] => join(&forward.out, plan.lstm.hidden, &backward.out, plan.lstm.hidden),
                _ => directions[0].out.clone(),
            };
            let x = std::mem::replace(&mut x, out);
            self.lstm.push(LstmTape { x, directions });
        }
        self.sequence = self.packing.unpack(&x, &self.lens, plan.sequence_width());
    }

    /// Dropout before LSTM layer `layer`, from the second on.
    fn drop_between(&self, net: KernelNet<'_>, layer: usize, x: &mut [f32], seed: Option<u64>) {
        let seed = seed.filter(|_| layer > 0);
        if let Some(dropout) = KernelNet::dropout(seed, dropout_layer::lstm(layer), net.plan.dropout) {
            let mut start = self.part.rows_before.last().copied().unwrap_or(0);
            let starts: Vec<usize> = self
                .lens
                .iter()
                .map(|len| {
                    start += len;
                    start - len
                })
                .collect();
            let rows: Vec<u32> = self.packing.places().map(|(clip, frame)| (starts[clip] + frame) as u32).collect();
            dropout.apply_to(x, net.plan.sequence_width(), |row| rows[row]);
        }
    }

    /// Pooling over time.
    fn pool(&mut self, net: KernelNet<'_>) {
        let width = net.plan.sequence_width();
        self.pooled = match net.plan.pooling {
            Pooling::Mean => pooling::mean(&self.sequence, &self.lens, width),
            Pooling::Last => pooling::last(&self.sequence, &self.lens, width, net.forward_width()),
            Pooling::Attention | Pooling::AttentiveStatistics => {
                let statistics = net.plan.pooling == Pooling::AttentiveStatistics;
                let tape = pooling::attention(&self.sequence, &self.lens, net.attention(), statistics);
                let out = tape.out.clone();
                self.attention = Some(tape);
                out
            }
        };
    }

    /// From the gradient of the whole batch's pooled frames to that of this part's sequence, in `values`.
    fn pool_backward(&mut self, net: KernelNet<'_>, d_pooled: &[f32]) {
        let plan = net.plan;
        let (width, pooled) = (plan.sequence_width(), plan.pooled_width());
        let d = &d_pooled[self.part.first_clip * pooled..][..self.lens.len() * pooled];
        self.values = match (plan.pooling, self.attention.take()) {
            (Pooling::Mean, _) => pooling::mean_backward(d, &self.lens, width),
            (Pooling::Attention | Pooling::AttentiveStatistics, Some(tape)) => {
                let statistics = plan.pooling == Pooling::AttentiveStatistics;
                let out = pooling::attention_backward(&self.sequence, &self.lens, net.attention(), statistics, tape, d);
                let at = plan.attention_at();
                self.gradients[at] = out.weight;
                self.gradients[at + 1] = out.bias;
                self.gradients[at + 2] = Buffer::copy_of(&out.query);
                out.x
            }
            _ => pooling::last_backward(d, &self.lens, width, net.forward_width()),
        };
    }

    /// The LSTM layers; `values` goes from the gradient of their output to that of their input.
    fn recur_backward(&mut self, net: KernelNet<'_>, cells: &[Vec<PackedCell<'_>>], seed: u64) {
        let plan = net.plan;
        if plan.lstm.layers == 0 {
            return;
        }
        let hidden = plan.lstm.hidden;
        let mut d = self.packing.pack(&self.values, &self.lens, plan.sequence_width());
        for (layer, tape) in std::mem::take(&mut self.lstm).into_iter().enumerate().rev() {
            let parts = if plan.lstm.bidirectional {
                let (forward, backward) = split(&d, hidden, hidden);
                vec![Buffer::copy_of(&forward), Buffer::copy_of(&backward)]
            } else {
                vec![d]
            };
            let directions: Vec<lstm::Gradients> = tape
                .directions
                .into_par_iter()
                .zip(parts)
                .enumerate()
                .map(|(direction, (direction_tape, part))| {
                    let (cell, packed) = (net.cell(layer, direction), &cells[layer][direction]);
                    lstm::backward(cell, packed, &tape.x, &self.packing, direction_tape, &part)
                })
                .collect();
            d = Buffer::default();
            for (direction, out) in directions.into_iter().enumerate() {
                let at = plan.lstm_at(layer, direction);
                self.gradients[at] = out.input;
                self.gradients[at + 1] = out.state;
                self.gradients[at + 2] = out.bias;
                if d.is_empty() {
                    d = out.x;
                } else {
                    d.iter_mut().zip(out.x.iter()).for_each(|(d, more)| *d += more);
                }
            }
            self.drop_between(net, layer, &mut d, Some(seed));
        }
        self.values = self.packing.unpack(&d, &self.lens, plan.conv_out());
    }

    /// From the gradient in `values` back through dropout, pooling and ReLU after convolution `layer`, up to where the
    /// whole batch is needed.
    fn pass_back(&mut self, net: KernelNet<'_>, layer: usize, moments: &Moments, seed: u64) {
        let size = &net.plan.conv[layer];
        if let Some(dropout) = KernelNet::dropout(Some(seed), dropout_layer::conv(layer), net.plan.dropout) {
            dropout.apply(&mut self.values, size.channels, self.part.rows_before[layer]);
        }
        let tape = &self.conv[layer];
        if let Some(chosen) = &tape.chosen {
            self.pending = Some(norm::backward(&self.values, chosen, &tape.x, &tape.input, moments, size.pool));
        }
        self.values = Buffer::default();
    }

    /// Frames after the last convolution that is still to be gone back through, before pooling.
    fn frames_after_conv(&self) -> usize {
        self.conv.last().map_or(0, |tape| tape.input.out_lens().iter().sum())
    }

    /// The rest of the way back through convolution `layer`, to the gradient of its input where `turned` is given.
    fn convolve_backward(
        &mut self,
        net: KernelNet<'_>,
        layer: usize,
        correction: &Correction,
        turned: Option<&Packed<'_>>,
    ) {
        let (Some(tape), Some(pending)) = (self.conv.pop(), self.pending.take()) else { return };
        let d = correction.apply(pending, &tape.x, &tape.input);
        let at = net.plan.conv_at(layer);
        self.gradients[at] = tape.input.weight_gradient(&d);
        if let Some(turned) = turned {
            self.values = tape.input.input_gradient(&d, net.tensor(at), turned);
        }
    }
}

/// The sum of all parts' shares, in their order; empty where there are none.
fn sum<'b>(mut shares: impl Iterator<Item = &'b Buffer>) -> Vec<f32> {
    let Some(first) = shares.next() else { return Vec::new() };
    let mut total = first.to_vec();
    for share in shares {
        wide(
            #[inline(always)]
            || {
                for (total, share) in total.iter_mut().zip(share.iter()) {
                    *total += share;
                }
            },
        );
    }
    total
}

/// Rows of `a` and `b` side by side.
fn join(a: &[f32], a_width: usize, b: &[f32], b_width: usize) -> Buffer {
    if b_width == 0 {
        return Buffer::copy_of(a);
    }
    let mut out = Buffer::any(a.len() + b.len());
    let rows = a.chunks_exact(a_width).zip(b.chunks_exact(b_width));
    for (out, (a, b)) in out.chunks_exact_mut(a_width + b_width).zip(rows) {
        out[..a_width].copy_from_slice(a);
        out[a_width..].copy_from_slice(b);
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
