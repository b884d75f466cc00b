//! The network once more: in double precision, clip by clip and frame by frame as the definitions are written, forward
//! only. Slow and plain; what the kernels' gradients are slopes of.

use crate::net::plan::Plan;
use crate::net::{Batch, dropout_layer};
use crate::params::Pooling;
use ser_kernels::vector::Dropout;
use ser_kernels::{norm, pooling};

/// Frames of one clip.
type Clip = Vec<Vec<f64>>;

/// A plan with its weights in double precision, and the seed of its dropout masks.
pub(super) struct Reference<'a> {
    pub(super) plan: &'a Plan,
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) seed: u64,
}

impl Reference<'_> {
    /// The loss of a training batch.
    pub(super) fn loss(&self, batch: &Batch) -> f64 {
        let plan = self.plan;
        let mut rows = batch.frames.chunks(plan.width).map(|row| row.iter().copied().map(f64::from).collect());
        let mut clips: Vec<Clip> = batch.lens.iter().map(|len| rows.by_ref().take(*len).collect()).collect();
        for layer in 0..plan.conv.len() {
            clips = self.conv(&clips, layer);
            self.drop_frames(&mut clips, dropout_layer::conv(layer));
        }
        for layer in 0..plan.lstm.layers {
            if layer > 0 {
                self.drop_frames(&mut clips, dropout_layer::lstm(layer));
            }
            clips = clips.iter().map(|clip| self.lstm(clip, layer)).collect();
        }
        let mut values: Vec<Vec<f64>> = clips.iter().map(|clip| self.pool(clip)).collect();
        if plan.functionals > 0 {
            let rows = batch.functionals.chunks(plan.functionals);
            let mut rows: Vec<Vec<f64>> = rows.map(|row| row.iter().copied().map(f64::from).collect()).collect();
            self.drop(&mut rows, dropout_layer::FUNCTIONALS, plan.functionals_dropout);
            for (values, row) in values.iter_mut().zip(&rows) {
                if plan.has_functionals_layer() {
                    values.extend(self.dense(row, plan.functionals_at()).iter().map(|value| value.max(0.0)));
                } else {
                    values.extend(row);
                }
            }
        }
        for index in 0..=plan.dense.len() {
            if index > 0 {
                values.iter_mut().flatten().for_each(|value| *value = value.max(0.0));
            }
            self.drop(&mut values, dropout_layer::dense(index), plan.dropout);
            values = values.iter().map(|row| self.dense(row, plan.dense_at(index))).collect();
        }
        let rows = values.iter().zip(batch.targets.chunks(plan.classes));
        -rows
            .map(|(logits, targets)| {
                let log_sum = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
                logits.iter().zip(targets).map(|(logit, t)| f64::from(*t) * (logit - log_sum)).sum::<f64>()
            })
            .sum::<f64>()
    }

    fn conv(&self, clips: &[Clip], layer: usize) -> Vec<Clip> {
        let size = self.plan.conv_size(layer);
        let at = self.plan.conv_at(layer);
        let mut out: Vec<Clip> = clips
            .iter()
            .map(|clip| {
                (0..clip.len().div_ceil(size.stride))
                    .map(|position| {
                        let mut sums = vec![0.0; size.outputs];
                        for tap in 0..size.kernel {
                            let frame = (position * size.stride + tap).checked_sub(size.kernel / 2);
                            let Some(frame) = frame.and_then(|frame| clip.get(frame)) else { continue };
                            for (input, value) in frame.iter().enumerate() {
                                let row = &self.weights[at][(tap * size.inputs + input) * size.outputs..];
                                sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
                            }
                        }
                        sums
                    })
                    .collect()
            })
            .collect();
        let count = out.iter().map(Vec::len).sum::<usize>() as f64;
        for channel in 0..size.outputs {
            let values = || out.iter().flatten().map(|frame| frame[channel]);
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            let (gamma, beta) = (self.weights[at + 1][channel], self.weights[at + 2][channel]);
            for frame in out.iter_mut().flatten() {
                let normal = (frame[channel] - mean) / (variance + f64::from(norm::EPSILON)).sqrt();
                frame[channel] = (gamma * normal + beta).max(0.0);
            }
        }
        let highest = |window: &[Vec<f64>]| {
            (0..size.outputs).map(|c| window.iter().map(|frame| frame[c]).fold(0.0, f64::max)).collect()
        };
        out.iter().map(|clip| clip.chunks(self.plan.conv[layer].pool).map(highest).collect()).collect()
    }

    fn lstm(&self, clip: &Clip, layer: usize) -> Clip {
        let h = self.plan.lstm.hidden;
        let mut out = vec![Vec::new(); clip.len()];
        for direction in 0..self.plan.directions() {
            let at = self.plan.lstm_at(layer, direction);
            let (mut state, mut memory) = (vec![0.0; h], vec![0.0; h]);
            for index in 0..clip.len() {
                let frame = if direction == 1 { clip.len() - 1 - index } else { index };
                let mut gates = self.weights[at + 2].clone();
                for (weight, values) in [(at, &clip[frame]), (at + 1, &state)] {
                    for (value, row) in values.iter().zip(self.weights[weight].chunks(4 * h)) {
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
                let at = self.plan.attention_at();
                let score = |frame: &Vec<f64>| -> f64 {
                    self.dense(frame, at).iter().zip(&self.weights[at + 2]).map(|(h, query)| h.tanh() * query).sum()
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

    /// `x * weight + bias`, the bias right behind the weight.
    fn dense(&self, x: &[f64], at: usize) -> Vec<f64> {
        let mut out = self.weights[at + 1].clone();
        for (value, row) in x.iter().zip(self.weights[at].chunks(out.len())) {
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
