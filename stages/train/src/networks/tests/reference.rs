//! The CNN-LSTM once more: in double precision, clip by clip and frame by frame as the definitions are written, forward
//! only. Slow and plain; what the kernels' gradients are slopes of.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ser_kernels::vector::Dropout;
use ser_kernels::{norm, pooling};

use super::setting::{assert_close, example, own, stepped, variants};
use crate::data::Batch;
use crate::networks::{CnnLstmConfig, NetworkConfig, Pooling, Sizes};

/// Frames of one clip.
type Clip = Vec<Vec<f64>>;

/// A network with its weights in double precision, and the seed of its dropout masks.
struct Reference<'a> {
    plan: &'a CnnLstmConfig,
    sizes: Sizes,
    weights: BTreeMap<String, Vec<f64>>,
    seed: u64,
}

impl Reference<'_> {
    /// The loss of a training batch.
    fn loss(&self, batch: &Batch) -> f64 {
        let plan = self.plan;
        let mut rows = batch.frames.chunks(self.sizes.width).map(|row| row.iter().copied().map(f64::from).collect());
        let mut clips: Vec<Clip> = batch.lens.iter().map(|len| rows.by_ref().take(*len).collect()).collect();
        for layer in 0..plan.conv.len() {
            clips = self.conv(&clips, layer);
            self.drop_frames(&mut clips, layer as u32);
        }
        for layer in 0..plan.lstm.layers {
            if layer > 0 {
                self.drop_frames(&mut clips, 1000 + layer as u32);
            }
            clips = clips.iter().map(|clip| self.lstm(clip, layer)).collect();
        }
        let mut values: Vec<Vec<f64>> = clips.iter().map(|clip| self.pool(clip)).collect();
        if self.sizes.functionals > 0 {
            let rows = batch.functionals.chunks(self.sizes.functionals);
            let mut rows: Vec<Vec<f64>> = rows.map(|row| row.iter().copied().map(f64::from).collect()).collect();
            self.drop(&mut rows, 2000, plan.functionals_dropout);
            for (values, row) in values.iter_mut().zip(&rows) {
                if plan.functionals_size > 0 {
                    values.extend(self.dense(row, "functionals").iter().map(|value| value.max(0.0)));
                } else {
                    values.extend(row);
                }
            }
        }
        for index in 0..=plan.dense.len() {
            if index > 0 {
                values.iter_mut().flatten().for_each(|value| *value = value.max(0.0));
            }
            self.drop(&mut values, 3000 + index as u32, plan.dropout);
            let layer = if index < plan.dense.len() { format!("dense.{index}") } else { "classes".to_owned() };
            values = values.iter().map(|row| self.dense(row, &layer)).collect();
        }
        let rows = values.iter().zip(batch.targets.chunks(self.sizes.classes));
        -rows
            .map(|(logits, targets)| {
                let log_sum = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
                logits.iter().zip(targets).map(|(logit, t)| f64::from(*t) * (logit - log_sum)).sum::<f64>()
            })
            .sum::<f64>()
    }

    fn conv(&self, clips: &[Clip], layer: usize) -> Vec<Clip> {
        let size = &self.plan.conv[layer];
        let weight = &self.weights[&format!("conv.{layer}.weight")];
        let affine = ["gamma", "beta"].map(|part| &self.weights[&format!("conv.{layer}.norm.{part}")]);
        let mut out: Vec<Clip> = clips
            .iter()
            .map(|clip| {
                (0..clip.len().div_ceil(size.stride))
                    .map(|position| {
                        let mut sums = vec![0.0; size.channels];
                        for tap in 0..size.kernel {
                            let frame = (position * size.stride + tap).checked_sub(size.kernel / 2);
                            let Some(frame) = frame.and_then(|frame| clip.get(frame)) else { continue };
                            for (input, value) in frame.iter().enumerate() {
                                let row = &weight[(tap * frame.len() + input) * size.channels..];
                                sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
                            }
                        }
                        sums
                    })
                    .collect()
            })
            .collect();
        let count = out.iter().map(Vec::len).sum::<usize>() as f64;
        for channel in 0..size.channels {
            let values = || out.iter().flatten().map(|frame| frame[channel]);
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            let [gamma, beta] = affine.map(|values| values[channel]);
            for frame in out.iter_mut().flatten() {
                let normal = (frame[channel] - mean) / (variance + f64::from(norm::EPSILON)).sqrt();
                frame[channel] = (gamma * normal + beta).max(0.0);
            }
        }
        let highest = |window: &[Vec<f64>]| {
            (0..size.channels).map(|c| window.iter().map(|frame| frame[c]).fold(0.0, f64::max)).collect()
        };
        out.iter().map(|clip| clip.chunks(self.plan.conv[layer].pool).map(highest).collect()).collect()
    }

    fn lstm(&self, clip: &Clip, layer: usize) -> Clip {
        let h = self.plan.lstm.hidden;
        let mut out = vec![Vec::new(); clip.len()];
        for direction in ["forward", "backward"].into_iter().take(1 + usize::from(self.plan.lstm.bidirectional)) {
            let weights = |part: &str| &self.weights[&format!("lstm.{layer}.{direction}.{part}")];
            let (mut state, mut memory) = (vec![0.0; h], vec![0.0; h]);
            for index in 0..clip.len() {
                let frame = if direction == "backward" { clip.len() - 1 - index } else { index };
                let mut gates = weights("bias").clone();
                for (weight, values) in [("input", &clip[frame]), ("state", &state)] {
                    for (value, row) in values.iter().zip(weights(weight).chunks(4 * h)) {
                        gates.iter_mut().zip(row).for_each(|(gate, weight)| *gate += value * weight);
                    }
                }
                let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
                for unit in 0..h {
                    let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * h + unit]);
                    memory[unit] = sigmoid(f) * memory[unit] + sigmoid(i) * g.tanh();
                    state[unit] = sigmoid(o) * memory[unit].tanh();
                }
                out[frame].extend(&state);
            }
        }
        out
    }

    fn pool(&self, clip: &Clip) -> Vec<f64> {
        let width = clip[0].len();
        let weighted = |weights: &[f64], value: &dyn Fn(f64, usize) -> f64| -> Vec<f64> {
            (0..width).map(|c| clip.iter().zip(weights).map(|(frame, w)| w * value(frame[c], c)).sum()).collect()
        };
        match self.plan.pooling {
            Pooling::Mean => weighted(&vec![1.0 / clip.len() as f64; clip.len()], &|value, _| value),
            Pooling::Last => {
                let forward = if self.plan.lstm.layers == 0 { width } else { self.plan.lstm.hidden };
                [&clip[clip.len() - 1][..forward], &clip[0][forward..]].concat()
            }
            Pooling::Attention | Pooling::AttentiveStatistics => {
                let query = &self.weights["attention.query"];
                let score = |frame: &Vec<f64>| -> f64 {
                    self.dense(frame, "attention").iter().zip(query).map(|(h, query)| h.tanh() * query).sum()
                };
                let scores: Vec<f64> = clip.iter().map(|frame| score(frame).exp()).collect();
                let weights: Vec<f64> = scores.iter().map(|score| score / scores.iter().sum::<f64>()).collect();
                let mut mean = weighted(&weights, &|value, _| value);
                if self.plan.pooling == Pooling::AttentiveStatistics {
                    let variance = weighted(&weights, &|value, column| (value - mean[column]).powi(2));
                    mean.extend(variance.iter().map(|variance| (variance + f64::from(pooling::EPSILON)).sqrt()));
                }
                mean
            }
        }
    }

    /// `x * weight + bias` of the layer of that name.
    fn dense(&self, x: &[f64], layer: &str) -> Vec<f64> {
        let mut out = self.weights[&format!("{layer}.bias")].clone();
        for (value, row) in x.iter().zip(self.weights[&format!("{layer}.weight")].chunks(out.len())) {
            out.iter_mut().zip(row).for_each(|(out, weight)| *out += value * weight);
        }
        out
    }

    fn drop_frames(&self, clips: &mut [Clip], layer: u32) {
        let mut rows: Vec<Vec<f64>> = clips.iter().flatten().cloned().collect();
        self.drop(&mut rows, layer, self.plan.dropout);
        clips.iter_mut().flatten().zip(rows).for_each(|(frame, row)| *frame = row);
    }

    fn drop(&self, rows: &mut [Vec<f64>], layer: u32, probability: f64) {
        let dropout = Dropout::new(self.seed, layer, probability);
        for (row, values) in rows.iter_mut().enumerate() {
            for (column, value) in values.iter_mut().enumerate() {
                *value *= f64::from(dropout.factor(row as u32, column as u32));
            }
        }
    }
}

/// Central differences (L(w + h) - L(w - h)) / 2h of the loss in double precision, for weights drawn at random. With
/// h = 1e-6 they are exact to about 1e-9, and a bend of ReLU or a change of a maximum is all but never met; so what is
/// left is the single precision of the kernels, as between kernels and burn's operations.
#[test]
fn gradients_are_slopes_of_the_loss_in_double_precision() {
    const H: f64 = 1e-6;
    let sizes = Sizes { width: 5, functionals: 9, classes: 4 };
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for (index, (name, config)) in variants().into_iter().enumerate() {
        let NetworkConfig::CnnLstm(plan) = &config else { continue };
        for lens in [&[13, 9, 6, 2][..], &[8], &[1, 1]] {
            let (weights, batch) = example(&config, sizes, lens, 40 + index as u64);
            let step = stepped(&own(), &config, sizes, &weights, &batch, 5);
            let double = weights
                .specs
                .iter()
                .zip(&weights.values)
                .map(|(spec, values)| (spec.name.clone(), values.iter().copied().map(f64::from).collect()));
            let mut reference = Reference { plan, sizes, weights: double.collect(), seed: 5 };
            let loss = reference.loss(&batch);
            assert!((step.loss - loss).abs() < 1e-5, "{name}, {lens:?}: {}, expected {loss}", step.loss);
            for (spec, gradient) in weights.specs.iter().zip(&step.gradients).filter(|(spec, _)| spec.is_trained()) {
                let drawn: Vec<usize> = (0..5).map(|_| rng.random_range(0..gradient.len())).collect();
                let slopes: Vec<f32> = drawn
                    .iter()
                    .map(|place| {
                        let original = reference.weights[&spec.name][*place];
                        let mut loss = |change: f64| {
                            if let Some(values) = reference.weights.get_mut(&spec.name) {
                                values[*place] = original + change;
                            }
                            reference.loss(&batch)
                        };
                        let slope = (loss(H) - loss(-H)) / (2.0 * H);
                        loss(0.0);
                        slope as f32
                    })
                    .collect();
                let found: Vec<f32> = drawn.iter().map(|place| gradient[*place]).collect();
                assert_close(&format!("{name}, {lens:?}, {}", spec.name), &found, &slopes, 1e-3);
            }
        }
    }
}
