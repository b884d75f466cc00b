//! The kernels against burn's layers, against finite differences, and against themselves in other company.

mod reference;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reference::Reference;

use super::*;
use crate::params::{ConvLayer, Device, Lstm, Params, Pooling};

const KERNELS: Engine = Engine::Kernels;

fn random(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn params(pooling: Pooling, bidirectional: bool, layers: usize) -> Params {
    Params {
        conv: vec![
            ConvLayer { channels: 6, kernel: 5, stride: 2, pool: 1 },
            ConvLayer { channels: 5, kernel: 3, stride: 1, pool: 2 },
        ],
        lstm: Lstm { hidden: 4, bidirectional, layers },
        pooling,
        attention_size: 3,
        functionals_size: 4,
        dense: vec![7],
        dropout: 0.2,
        functionals_dropout: 0.3,
        ..Params::default()
    }
}

fn example(plan: &Plan, lens: &[usize], seed: u64) -> (Weights, Batch) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Weights::init(plan, &mut rng);
    for (spec, values) in weights.specs.iter().zip(&mut weights.values) {
        // Away from the ones and zeros of a fresh network, where mistakes hide.
        if spec.name.ends_with("variance") {
            for value in values.iter_mut() {
                *value = rng.random_range(0.5..2.0);
            }
        } else {
            for value in values.iter_mut() {
                *value += rng.random_range(-0.2..0.2);
            }
        }
    }
    let frames = random(&mut rng, lens.iter().sum::<usize>() * plan.width);
    let functionals = random(&mut rng, lens.len() * plan.functionals);
    let mut targets: Vec<f32> = (0..lens.len() * plan.classes).map(|_| rng.random_range(0.0..1.0)).collect();
    let sum: f32 = targets.iter().sum();
    for target in &mut targets {
        *target /= sum;
    }
    (weights, Batch { lens: lens.to_vec(), frames, functionals, targets })
}

fn networks() -> Vec<Params> {
    let mut list = Vec::new();
    for pooling in [Pooling::Last, Pooling::Mean, Pooling::Attention, Pooling::AttentiveStatistics] {
        list.push(params(pooling, true, 1));
    }
    list.push(params(Pooling::Last, false, 2));
    list.push(params(Pooling::AttentiveStatistics, true, 2));
    list.push(Params { functionals_size: 0, dense: Vec::new(), ..params(Pooling::Mean, true, 0) });
    list.push(Params { conv: Vec::new(), ..params(Pooling::Attention, true, 1) });
    list
}

fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-2_f32, |scale, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * scale, "{what}[{index}]: {found}, expected {expected}");
    }
}

/// Sums of a few hundred products in single precision, in another order: 1e-4 of the largest value is ten times what
/// rounding leaves.
fn agrees_with(device: Device) {
    let reference = Engine::new(device).expect("compiled in");
    for (index, params) in networks().iter().enumerate() {
        for lens in [&[11, 8, 8, 3, 1][..], &[7], &[1, 1]] {
            let plan = Plan::new(params, 5, 9, 4);
            let (weights, batch) = example(&plan, lens, index as u64);
            let found = KERNELS.infer(&plan, &weights, &batch);
            assert_close("probabilities", &found, &reference.infer(&plan, &weights, &batch), 1e-4);
            let found = KERNELS.step(&plan, &weights, &batch, 99);
            let expected = reference.step(&plan, &weights, &batch, 99);
            assert!((found.loss - expected.loss).abs() < 1e-4, "{} and {}", found.loss, expected.loss);
            assert_close("probabilities in training", &found.probabilities, &expected.probabilities, 1e-4);
            for ((found, expected), spec) in found.gradients.iter().zip(&expected.gradients).zip(&weights.specs) {
                assert_close(&format!("network {index}, {lens:?}, {}", spec.name), found, expected, 1e-3);
            }
            for (found, expected) in found.moments.iter().zip(&expected.moments) {
                assert_close("mean", &found.0, &expected.0, 1e-4);
                assert_close("variance", &found.1, &expected.1, 1e-4);
            }
        }
    }
}

#[test]
#[cfg(feature = "flex")]
fn kernels_agree_with_burn_layers_on_flex() {
    agrees_with(Device::FlexLayers);
}

#[test]
#[cfg(feature = "ndarray")]
fn kernels_agree_with_burn_layers_on_ndarray() {
    agrees_with(Device::Ndarray);
}

/// Central differences (L(w + h) - L(w - h)) / 2h of the loss in double precision, for weights drawn at random. With
/// h = 1e-6 they are exact to about 1e-9, and a bend of ReLU or a change of a maximum is all but never met; so what is
/// left is the single precision of the kernels, as between kernels and burn's layers.
#[test]
fn gradients_are_slopes_of_the_loss_in_double_precision() {
    const H: f64 = 1e-6;
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for (index, params) in networks().iter().enumerate() {
        for lens in [&[13, 9, 6, 2][..], &[8], &[1, 1]] {
            let plan = Plan::new(params, 5, 9, 4);
            let (weights, batch) = example(&plan, lens, 40 + index as u64);
            let step = KERNELS.step(&plan, &weights, &batch, 5);
            let double = |values: &Vec<f32>| values.iter().copied().map(f64::from).collect();
            let mut reference =
                Reference { plan: &plan, weights: weights.values.iter().map(double).collect(), seed: 5 };
            let loss = reference.loss(&batch);
            assert!((step.loss - loss).abs() < 1e-5, "network {index}, {lens:?}: {}, expected {loss}", step.loss);
            for (at, gradient) in step.gradients.iter().enumerate().filter(|(_, gradient)| !gradient.is_empty()) {
                let drawn: Vec<usize> = (0..5).map(|_| rng.random_range(0..gradient.len())).collect();
                let slopes: Vec<f32> = drawn
                    .iter()
                    .map(|place| {
                        let original = reference.weights[at][*place];
                        let mut loss = |change: f64| {
                            reference.weights[at][*place] = original + change;
                            reference.loss(&batch)
                        };
                        let slope = (loss(H) - loss(-H)) / (2.0 * H);
                        reference.weights[at][*place] = original;
                        slope as f32
                    })
                    .collect();
                let found: Vec<f32> = drawn.iter().map(|place| gradient[*place]).collect();
                let name = &weights.specs[at].name;
                assert_close(&format!("network {index}, {lens:?}, {name}"), &found, &slopes, 1e-3);
            }
        }
    }
}

#[test]
fn a_clip_does_not_depend_on_its_company() {
    for params in networks() {
        let plan = Plan::new(&params, 5, 9, 4);
        let (weights, batch) = example(&plan, &[30, 17, 9, 1], 3);
        let together = KERNELS.infer(&plan, &weights, &batch);
        let mut frame = 0;
        for (clip, len) in batch.lens.iter().enumerate() {
            let alone = Batch {
                lens: vec![*len],
                frames: batch.frames[frame * 5..(frame + len) * 5].to_vec(),
                functionals: batch.functionals[clip * 9..(clip + 1) * 9].to_vec(),
                targets: Vec::new(),
            };
            frame += len;
            let probabilities = KERNELS.infer(&plan, &weights, &alone);
            assert_close("alone", &probabilities, &together[clip * 4..(clip + 1) * 4], 1e-6);
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let plan = Plan::new(&Params::default(), 40, 20, 8);
    let lens: Vec<usize> = (0..50).map(|clip| 120 - 2 * clip).collect();
    let (weights, batch) = example(&plan, &lens, 1);
    let steps: Vec<Step> = [1, 2, 7]
        .into_iter()
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| KERNELS.step(&plan, &weights, &batch, 2))
        })
        .collect();
    for step in &steps[1..] {
        assert_eq!(step.loss.to_bits(), steps[0].loss.to_bits());
        assert!(step.gradients == steps[0].gradients && step.moments == steps[0].moments);
    }
}
