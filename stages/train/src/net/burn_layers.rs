//! The network in burn's tensor operations, with burn's automatic differentiation: for every device that has no kernels
//! here, and the reference that the kernels are checked against.
//!
//! Clips are padded to the longest of the batch and masked wherever a frame that does not exist could count.

use burn::tensor::activation::{log_softmax, relu, sigmoid, softmax, tanh};
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use super::engine::Step;
use super::plan::Plan;
use super::weights::Weights;
use super::{Batch, dropout_layer};
use crate::params::Pooling;
use ser_kernels::vector::Dropout;
use ser_kernels::{norm, pooling};

/// Subtracted from the scores of frames that do not exist.
const FAR_BELOW: f32 = 1e9;

/// A plan with its weights on a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BurnNet<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) weights: &'a Weights,
    pub(crate) device: &'a Device,
}

/// The weights as tensors: matrices, vectors and convolution kernels differ in rank.
enum Leaf {
    Vector(Tensor<1>),
    Matrix(Tensor<2>),
    Kernel(Tensor<3>),
}

/// One pass through the network.
struct Pass<'a> {
    plan: &'a Plan,
    device: Device,
    leaves: Vec<Leaf>,
    seed: Option<u64>,
    moments: Vec<(Tensor<1>, Tensor<1>)>,
}

impl BurnNet<'_> {
    /// Probabilities of each clip.
    pub(crate) fn infer(self, batch: &Batch) -> Vec<f32> {
        if batch.lens.is_empty() {
            return Vec::new();
        }
        let mut pass = self.pass(self.device.clone(), None);
        let logits = pass.forward(batch);
        read(softmax(logits, 1))
    }

    /// Loss, probabilities and all gradients of a training batch; dropout masks follow from `seed`.
    pub(crate) fn step(self, batch: &Batch, seed: u64) -> Step {
        let mut pass = self.pass(self.device.clone().autodiff(), Some(seed));
        let logits = pass.forward(batch);
        let target = matrix(&batch.targets, batch.lens.len(), self.plan.classes, &pass.device);
        let log_probabilities = log_softmax(logits, 1);
        let loss = (log_probabilities.clone() * target).sum().neg();
        let mut gradients = loss.backward();
        let values = pass
            .leaves
            .iter()
            .zip(&self.weights.specs)
            .map(|(leaf, spec)| {
                let gradient = match leaf {
                    Leaf::Vector(tensor) => tensor.grad_remove(&mut gradients).map(read),
                    Leaf::Matrix(tensor) => tensor.grad_remove(&mut gradients).map(read),
                    Leaf::Kernel(tensor) => tensor.grad_remove(&mut gradients).map(read),
                };
                if spec.is_trained() { gradient.unwrap_or_else(|| vec![0.0; spec.count()]) } else { Vec::new() }
            })
            .collect();
        let loss = read(loss).first().copied().map_or(f64::NAN, f64::from);
        let probabilities = read(log_probabilities.exp());
        let moments = pass.moments.into_iter().map(|(mean, variance)| (read(mean), read(variance))).collect();
        Step { loss, probabilities, gradients: values, moments }
    }

    fn pass(&self, device: Device, seed: Option<u64>) -> Pass<'_> {
        let leaves = self
            .weights
            .specs
            .iter()
            .zip(&self.weights.values)
            .map(|(spec, values)| {
                let data = TensorData::new(values.clone(), spec.shape.clone());
                let trained = seed.is_some() && spec.is_trained();
                match spec.shape.len() {
                    1 => Leaf::Vector(leaf(data, trained, &device)),
                    2 => Leaf::Matrix(leaf(data, trained, &device)),
                    _ => Leaf::Kernel(leaf(data, trained, &device)),
                }
            })
            .collect();
        Pass { plan: self.plan, device, leaves, seed, moments: Vec::new() }
    }
}

impl Pass<'_> {
    /// Logits (clips, classes).
    fn forward(&mut self, batch: &Batch) -> Tensor<2> {
        let plan = self.plan;
        let clips = batch.lens.len();
        let mut lens = batch.lens.clone();
        let mut x = self.padded(&batch.frames, &lens, plan.width);
        for index in 0..plan.conv.len() {
            (x, lens) = self.conv(x, &lens, index);
        }
        let starts = starts(&lens);
        for layer in 0..plan.lstm.layers {
            if layer > 0 {
                let row = |clip: usize, frame: usize| starts[clip] + frame;
                x = self.drop_frames(x, &lens, dropout_layer::lstm(layer), plan.dropout, row);
            }
            let directions = (0..plan.directions()).map(|direction| self.direction(&x, &lens, layer, direction));
            x = Tensor::cat(directions.collect(), 2);
        }
        let pooled = self.pool(x, &lens);
        let joined = if plan.functionals == 0 {
            pooled
        } else {
            let x = matrix(&batch.functionals, clips, plan.functionals, &self.device);
            let x = self.drop(x, dropout_layer::FUNCTIONALS, plan.functionals_dropout);
            let x = if plan.has_functionals_layer() { relu(self.dense(x, plan.functionals_at())) } else { x };
            Tensor::cat(vec![pooled, x], 1)
        };
        let mut x = joined;
        for index in 0..=plan.dense.len() {
            if index > 0 {
                x = relu(x);
            }
            x = self.drop(x, dropout_layer::dense(index), plan.dropout);
            x = self.dense(x, plan.dense_at(index));
        }
        x
    }

    /// Convolution `index` with all that follows it; `x` is (clips, frames, channels), zero beyond each clip's end.
    fn conv(&mut self, x: Tensor<3>, lens: &[usize], index: usize) -> (Tensor<3>, Vec<usize>) {
        let layer = &self.plan.conv[index];
        let at = self.plan.conv_at(index);
        let weight = self.kernel(at).swap_dims(0, 2);
        let options = ConvOptions::new([layer.stride], [layer.kernel / 2], [1], 1);
        let y = conv1d(x.swap_dims(1, 2), weight, None, options).swap_dims(1, 2);
        let out_lens: Vec<usize> = lens.iter().map(|len| len.div_ceil(layer.stride)).collect();
        let mask = self.mask(&out_lens);
        let (mean, variance) = if self.seed.is_some() {
            let count = out_lens.iter().sum::<usize>().max(1) as f32;
            let mean = (y.clone() * mask.clone()).sum_dim(0).sum_dim(1) / count;
            let deviation = (y.clone() - mean.clone()) * mask.clone();
            let variance = (deviation.clone() * deviation).sum_dim(0).sum_dim(1) / count;
            let flat = |tensor: &Tensor<3>| tensor.clone().reshape([layer.channels]);
            self.moments.push((flat(&mean), flat(&variance)));
            (mean, variance)
        } else {
            (self.row(at + 3), self.row(at + 4))
        };
        let y = (y - mean) / (variance + norm::EPSILON).sqrt();
        let y = relu(y * self.row(at + 1) + self.row(at + 2)) * mask;
        let [clips, frames, channels] = y.dims();
        let windows = frames.div_ceil(layer.pool);
        let missing = windows * layer.pool - frames;
        let y = if missing == 0 {
            y
        } else {
            Tensor::cat(vec![y, Tensor::zeros([clips, missing, channels], &self.device)], 1)
        };
        let y = y.reshape([clips, windows, layer.pool, channels]).max_dim(2).reshape([clips, windows, channels]);
        let lens: Vec<usize> = out_lens.iter().map(|len| len.div_ceil(layer.pool)).collect();
        let starts = starts(&lens);
        let row = |clip: usize, frame: usize| starts[clip] + frame;
        (self.drop_frames(y, &lens, dropout_layer::conv(index), self.plan.dropout, row), lens)
    }

    /// One direction of one LSTM layer: (clips, frames, hidden), zero beyond each clip's end.
    fn direction(&self, x: &Tensor<3>, lens: &[usize], layer: usize, direction: usize) -> Tensor<3> {
        let h = self.plan.lstm.hidden;
        let at = self.plan.lstm_at(layer, direction);
        let [clips, frames, width] = x.dims();
        let input = self.dense_like(x.clone().reshape([clips * frames, width]), at, at + 2);
        let input = input.reshape([clips, frames, 4 * h]);
        let mask = self.mask(lens);
        let mut state = Tensor::<2>::zeros([clips, h], &self.device);
        let mut memory = state.clone();
        let mut out = Vec::with_capacity(frames);
        for index in 0..frames {
            let frame = if direction == 1 { frames - 1 - index } else { index };
            let gates = input.clone().narrow(1, frame, 1).reshape([clips, 4 * h]);
            let gates = gates + state.clone().matmul(self.matrix(at + 1));
            let gate = |index: usize| gates.clone().narrow(1, index * h, h);
            let kept = sigmoid(gate(1)) * memory.clone() + sigmoid(gate(0)) * tanh(gate(2));
            let next = sigmoid(gate(3)) * tanh(kept.clone());
            let running = mask.clone().narrow(1, frame, 1).reshape([clips, 1]);
            memory = memory.clone() + (kept - memory) * running.clone();
            state = state.clone() + (next - state) * running.clone();
            out.push((state.clone() * running).unsqueeze_dim::<3>(1));
        }
        if direction == 1 {
            out.reverse();
        }
        Tensor::cat(out, 1)
    }

    fn pool(&self, x: Tensor<3>, lens: &[usize]) -> Tensor<2> {
        let [clips, frames, width] = x.dims();
        let flat = |tensor: Tensor<3>| tensor.reshape([clips, width]);
        match self.plan.pooling {
            Pooling::Mean => {
                let counts: Vec<f32> = lens.iter().map(|len| *len as f32).collect();
                flat((x * self.mask(lens)).sum_dim(1)) / matrix(&counts, clips, 1, &self.device)
            }
            Pooling::Last => {
                let forward = if self.plan.lstm.layers == 0 { width } else { self.plan.lstm.hidden };
                let ends = lens.iter().enumerate().map(|(clip, len)| {
                    x.clone().slice([clip..clip + 1, len - 1..*len, 0..forward]).reshape([1, forward])
                });
                let last = Tensor::cat(ends.collect(), 0);
                if forward == width {
                    return last;
                }
                let first = x.slice([0..clips, 0..1, forward..width]).reshape([clips, width - forward]);
                Tensor::cat(vec![last, first], 1)
            }
            Pooling::Attention | Pooling::AttentiveStatistics => {
                let at = self.plan.attention_at();
                let size = self.plan.attention_size;
                let hidden = tanh(self.dense(x.clone().reshape([clips * frames, width]), at));
                let scores = hidden.matmul(self.vector(at + 2).reshape([size, 1])).reshape([clips, frames, 1]);
                let scores = scores + (self.mask(lens) - 1.0) * FAR_BELOW;
                let weights = softmax(scores, 1);
                let mean = (x.clone() * weights.clone()).sum_dim(1);
                if self.plan.pooling == Pooling::Attention {
                    return flat(mean);
                }
                let deviation = x - mean.clone();
                let variance = (deviation.clone() * deviation * weights).sum_dim(1);
                Tensor::cat(vec![flat(mean), flat((variance + pooling::EPSILON).sqrt())], 1)
            }
        }
    }

    /// `x * weight + bias`, the bias right behind the weight.
    fn dense(&self, x: Tensor<2>, at: usize) -> Tensor<2> {
        self.dense_like(x, at, at + 1)
    }

    fn dense_like(&self, x: Tensor<2>, weight: usize, bias: usize) -> Tensor<2> {
        x.matmul(self.matrix(weight)) + self.vector(bias).unsqueeze::<2>()
    }

    /// (clips, frames, 1): 1 where a frame exists.
    fn mask(&self, lens: &[usize]) -> Tensor<3> {
        self.per_frame(lens, 1, |_, _, _| 1.0)
    }

    /// Clips that stand one after another, padded with zeros.
    fn padded(&self, values: &[f32], lens: &[usize], width: usize) -> Tensor<3> {
        let starts = starts(lens);
        self.per_frame(lens, width, |clip, frame, column| values[(starts[clip] + frame) * width + column])
    }

    fn drop(&self, x: Tensor<2>, layer: u32, probability: f64) -> Tensor<2> {
        let Some(seed) = self.seed.filter(|_| probability > 0.0) else { return x };
        let dropout = Dropout::new(seed, layer, probability);
        let [rows, width] = x.dims();
        let mut factors = vec![1.0; rows * width];
        dropout.apply(&mut factors, width, 0);
        x * matrix(&factors, rows, width, &self.device)
    }

    fn drop_frames(
        &self,
        x: Tensor<3>,
        lens: &[usize],
        layer: u32,
        probability: f64,
        row: impl Fn(usize, usize) -> usize,
    ) -> Tensor<3> {
        let Some(seed) = self.seed.filter(|_| probability > 0.0) else { return x };
        let dropout = Dropout::new(seed, layer, probability);
        let [_, _, width] = x.dims();
        x * self.per_frame(lens, width, |clip, frame, column| dropout.factor(row(clip, frame) as u32, column as u32))
    }

    fn per_frame(&self, lens: &[usize], width: usize, value: impl Fn(usize, usize, usize) -> f32) -> Tensor<3> {
        let longest = lens.first().copied().unwrap_or(0);
        let mut values = vec![0.0; lens.len() * longest * width];
        for (clip, len) in lens.iter().enumerate() {
            for frame in 0..*len {
                for column in 0..width {
                    values[(clip * longest + frame) * width + column] = value(clip, frame, column);
                }
            }
        }
        Tensor::from_data(TensorData::new(values, [lens.len(), longest, width]), &self.device)
    }

    fn vector(&self, at: usize) -> Tensor<1> {
        match &self.leaves[at] {
            Leaf::Vector(tensor) => tensor.clone(),
            _ => unreachable!("the plan's positions and ranks belong together"),
        }
    }

    fn row(&self, at: usize) -> Tensor<3> {
        self.vector(at).unsqueeze::<3>()
    }

    fn matrix(&self, at: usize) -> Tensor<2> {
        match &self.leaves[at] {
            Leaf::Matrix(tensor) => tensor.clone(),
            _ => unreachable!("the plan's positions and ranks belong together"),
        }
    }

    fn kernel(&self, at: usize) -> Tensor<3> {
        match &self.leaves[at] {
            Leaf::Kernel(tensor) => tensor.clone(),
            _ => unreachable!("the plan's positions and ranks belong together"),
        }
    }
}

fn leaf<const D: usize>(data: TensorData, trained: bool, device: &Device) -> Tensor<D> {
    let tensor = Tensor::from_data(data, device);
    if trained { tensor.require_grad() } else { tensor }
}

fn matrix(values: &[f32], rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, columns]), device)
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// First row of each clip where clips stand one after another.
fn starts(lens: &[usize]) -> Vec<usize> {
    lens.iter()
        .scan(0, |next, len| {
            let start = *next;
            *next += len;
            Some(start)
        })
        .collect()
}
