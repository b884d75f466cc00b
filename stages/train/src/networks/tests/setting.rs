//! Networks and batches for tests.

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ser_ops::Rule;

use crate::data::Batch;
use crate::engine::{Engine, values};
use crate::layers::Source;
use crate::networks::{
    AcrnnConfig, AdrnnConfig, AttentionLstmConfig, BlstmFcnConfig, Cnn2dLstmConfig, CnnLstmConfig, ConvLayer, Lstm,
    NetworkConfig, Pooling, ResidualLstmConfig, Sizes, TimNetConfig, WaveformConfig,
};
use crate::params;
use crate::training::{Optimiser, Step};
use crate::weights::{TensorSpec, Weights};

/// Every architecture: its kind, with its default parameters, and small without dropout.
pub(super) fn architectures() -> Vec<(&'static str, NetworkConfig, NetworkConfig)> {
    let cnn_lstm =
        CnnLstmConfig { dropout: 0.0, functionals_dropout: 0.0, ..cnn_lstm(Pooling::AttentiveStatistics, true, 1) };
    let blstm_fcn = BlstmFcnConfig { width: 0.06, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let residual_lstm = ResidualLstmConfig { width: 0.06, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let tim_net = TimNetConfig { width: 0.2, blocks: 3, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let cnn2d_lstm = Cnn2dLstmConfig { width: 0.06, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let acrnn =
        AcrnnConfig { width: 0.06, conv_layers: 2, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let adrnn =
        AdrnnConfig { width: 0.06, centre_loss: 0.01, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let attention_lstm =
        AttentionLstmConfig { width: 0.02, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    let waveform = WaveformConfig { width: 0.06, dropout: 0.0, functionals_size: 4, functionals_dropout: 0.0 };
    vec![
        ("cnn-lstm", NetworkConfig::default(), NetworkConfig::CnnLstm(cnn_lstm)),
        ("blstm-fcn", NetworkConfig::BlstmFcn(BlstmFcnConfig::default()), NetworkConfig::BlstmFcn(blstm_fcn)),
        (
            "residual-lstm",
            NetworkConfig::ResidualLstm(ResidualLstmConfig::default()),
            NetworkConfig::ResidualLstm(residual_lstm),
        ),
        ("tim-net", NetworkConfig::TimNet(TimNetConfig::default()), NetworkConfig::TimNet(tim_net)),
        ("cnn2d-lstm", NetworkConfig::Cnn2dLstm(Cnn2dLstmConfig::default()), NetworkConfig::Cnn2dLstm(cnn2d_lstm)),
        ("acrnn", NetworkConfig::Acrnn(AcrnnConfig::default()), NetworkConfig::Acrnn(acrnn)),
        ("adrnn", NetworkConfig::Adrnn(AdrnnConfig::default()), NetworkConfig::Adrnn(adrnn)),
        (
            "attention-lstm",
            NetworkConfig::AttentionLstm(AttentionLstmConfig::default()),
            NetworkConfig::AttentionLstm(attention_lstm),
        ),
        ("waveform", NetworkConfig::Waveform(WaveformConfig::default()), NetworkConfig::Waveform(waveform)),
    ]
}

fn cnn_lstm(pooling: Pooling, bidirectional: bool, layers: usize) -> CnnLstmConfig {
    CnnLstmConfig {
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
    }
}

/// Small networks that between them have every branch.
pub(super) fn variants() -> Vec<(String, NetworkConfig)> {
    let mut list: Vec<CnnLstmConfig> = [Pooling::Last, Pooling::Mean, Pooling::Attention, Pooling::AttentiveStatistics]
        .map(|pooling| cnn_lstm(pooling, true, 1))
        .to_vec();
    list.push(cnn_lstm(Pooling::Last, false, 2));
    list.push(cnn_lstm(Pooling::AttentiveStatistics, true, 2));
    list.push(CnnLstmConfig { functionals_size: 0, dense: Vec::new(), ..cnn_lstm(Pooling::Mean, true, 0) });
    list.push(CnnLstmConfig { conv: Vec::new(), ..cnn_lstm(Pooling::Attention, true, 1) });
    let numbered = list.into_iter().enumerate();
    let cnn_lstm = numbered.map(|(at, config)| (format!("cnn-lstm {at}"), NetworkConfig::CnnLstm(config)));
    let blstm_fcn = BlstmFcnConfig { width: 0.05, functionals_size: 3, ..BlstmFcnConfig::default() };
    let residual_lstm = ResidualLstmConfig { width: 0.05, functionals_size: 3, ..ResidualLstmConfig::default() };
    let tim_net = TimNetConfig { width: 0.1, blocks: 3, functionals_size: 0, ..TimNetConfig::default() };
    let cnn2d_lstm = Cnn2dLstmConfig { width: 0.05, functionals_size: 3, ..Cnn2dLstmConfig::default() };
    let acrnn = AcrnnConfig { width: 0.05, functionals_size: 3, ..AcrnnConfig::default() };
    let deep = AcrnnConfig { conv_layers: 3, functionals_size: 0, ..acrnn.clone() };
    let adrnn = AdrnnConfig { width: 0.05, centre_loss: 0.5, functionals_size: 3, ..AdrnnConfig::default() };
    let attention_lstm = AttentionLstmConfig { width: 0.01, functionals_size: 3, ..AttentionLstmConfig::default() };
    let waveform = WaveformConfig { width: 0.05, functionals_size: 3, ..WaveformConfig::default() };
    let others = [
        ("cnn2d-lstm".to_owned(), NetworkConfig::Cnn2dLstm(cnn2d_lstm)),
        ("acrnn".to_owned(), NetworkConfig::Acrnn(acrnn)),
        ("acrnn of three convolutions".to_owned(), NetworkConfig::Acrnn(deep)),
        ("adrnn".to_owned(), NetworkConfig::Adrnn(adrnn)),
        ("tim-net".to_owned(), NetworkConfig::TimNet(tim_net)),
        ("blstm-fcn".to_owned(), NetworkConfig::BlstmFcn(blstm_fcn)),
        ("residual-lstm".to_owned(), NetworkConfig::ResidualLstm(residual_lstm)),
        ("attention-lstm".to_owned(), NetworkConfig::AttentionLstm(attention_lstm)),
        ("waveform".to_owned(), NetworkConfig::Waveform(waveform)),
    ];
    cnn_lstm.chain(others).collect()
}

pub(super) fn own() -> Engine {
    Engine::new(params::Device::Cpu, params::Kernels::Own).expect("compiled in")
}

/// burn's operations on each device that is compiled in and needs no hardware.
pub(super) fn burn_engines() -> Vec<Engine> {
    let devices = [params::Device::Cpu, params::Device::Ndarray];
    devices.into_iter().filter_map(|device| Engine::new(device, params::Kernels::Burn).ok()).collect()
}

fn random(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Weights away from the ones and zeros of a fresh network, where mistakes hide, and a batch.
pub(super) fn example(config: &NetworkConfig, sizes: Sizes, lens: &[usize], seed: u64) -> (Weights, Batch) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Weights::of(&config.init(sizes, &Device::flex(), Source::Drawn(&mut rng)));
    for (spec, values) in weights.specs.iter().zip(&mut weights.values) {
        let variance = spec.name.ends_with("variance");
        for value in values {
            *value = if variance { rng.random_range(0.5..2.0) } else { *value + rng.random_range(-0.2..0.2) };
        }
    }
    let frames = random(&mut rng, lens.iter().sum::<usize>() * sizes.width);
    let functionals = random(&mut rng, lens.len() * sizes.functionals);
    let mut targets: Vec<f32> = (0..lens.len() * sizes.classes).map(|_| rng.random_range(0.0..1.0)).collect();
    let sum: f32 = targets.iter().sum();
    for target in &mut targets {
        *target /= sum;
    }
    (weights, Batch { lens: lens.to_vec(), frames, functionals, targets })
}

/// What a step yields.
pub(super) struct Stepped {
    pub(super) loss: f64,
    pub(super) probabilities: Vec<f32>,
    /// Of each parameter; empty where it has none.
    pub(super) gradients: Vec<Vec<f32>>,
    /// Values of each parameter that follows the batches, afterwards; empty for the others.
    pub(super) running: Vec<Vec<f32>>,
}

pub(super) fn stepped(
    engine: &Engine,
    config: &NetworkConfig,
    sizes: Sizes,
    weights: &Weights,
    batch: &Batch,
    seed: u64,
) -> Stepped {
    let network = weights.network(config, sizes, &engine.device.clone().autodiff());
    let step = Step::new(engine, &network, &engine.example(batch.clone(), sizes), seed);
    let gradients = step.gradients.iter().map(|gradient| gradient.clone().map(values).unwrap_or_default()).collect();
    let (loss, probabilities) = (step.loss, step.probabilities.clone());
    let after =
        Weights::of(&optimiser(engine, &weights.specs).apply(engine.kernels, &weights.specs, network, step, 0.0, 0));
    let running = weights.specs.iter().zip(after.values);
    let running = running.map(|(spec, values)| if spec.is_trained() { Vec::new() } else { values }).collect();
    Stepped { loss, probabilities, gradients, running }
}

/// Clips of which each has a class of its own choice, for a network to learn by heart.
pub(super) fn puzzle(config: &NetworkConfig, sizes: Sizes, lens: &[usize]) -> Batch {
    let (_, mut batch) = example(config, sizes, lens, 6);
    batch.targets.fill(0.0);
    let (rows, share) = (batch.targets.chunks_mut(sizes.classes), 1.0 / lens.len() as f32);
    rows.enumerate().for_each(|(clip, row)| row[clip * 7 % sizes.classes] = share);
    batch
}

/// The loss of each of so many steps on one batch, from weights of a fixed seed.
pub(super) fn learnt(engine: &Engine, config: &NetworkConfig, sizes: Sizes, batch: &Batch, steps: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut network = config.init(sizes, &engine.device.clone().autodiff(), Source::Drawn(&mut rng));
    let specs = Weights::specs(config, sizes);
    let mut optimiser = optimiser(engine, &specs);
    let example = engine.example(batch.clone(), sizes);
    (0..steps)
        .map(|number| {
            let step = Step::new(engine, &network, &example, number as u64);
            let loss = step.loss;
            network = optimiser.apply(engine.kernels, &specs, network.clone(), step, 1e-2, number);
            loss
        })
        .collect()
}

fn optimiser(engine: &Engine, specs: &[TensorSpec]) -> Optimiser {
    let zeros = |spec: &TensorSpec| burn::tensor::Tensor::zeros([spec.count()], &engine.device);
    let means = specs.iter().map(|spec| [zeros(spec), zeros(spec)]).collect();
    Optimiser { rule: Rule::Adamw, weight_decay: 0.0, clip_norm: 0.0, means }
}

/// Each value to `tolerance` of the largest.
pub(super) fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-2_f32, |scale, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * scale, "{what}[{index}]: {found}, expected {expected}");
    }
}
