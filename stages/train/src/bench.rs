//! What benchmarks need of this crate's insides; no part of its interface.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView};

use crate::data::Batch;
use crate::data::{ClipData, Scaler, Scalings, training_batch};
use crate::engine::{Engine, Example, values};
use crate::layers::Source;
use crate::networks::{CnnLstmConfig, ConvLayer, Lstm, Network, NetworkConfig, Pooling, Sizes};
use crate::params::{Device, Kernels, Params, Standardise};
use crate::training::{Optimiser, Step};
use crate::weights::{TensorSpec, Weights, to_le_bytes};
use ser_kernels::matmul::{Matrix, Target, multiply};
use ser_ops::Rule;

const CLASSES: usize = 8;
const LEARNING_RATE: f64 = 1e-3;

/// A network with a batch of random clips of equal length, to be stepped again and again.
#[derive(Debug)]
pub struct Steps {
    engine: Engine,
    sizes: Sizes,
    specs: Vec<TensorSpec>,
    /// `None` while it is being changed.
    network: Option<Network>,
    optimiser: Optimiser,
    example: Example,
    done: usize,
}

impl Steps {
    /// Three convolutions (64, 128 and 128 channels, 5 frames) with batch normalisation, ReLU and max pooling of `pools`
    /// frames, one LSTM of 128, the last state to 8 classes; 64 clips of 300 frames of 64 values.
    pub fn reference(pools: [usize; 3]) -> Self {
        let conv = |channels, pool| ConvLayer { channels, kernel: 5, stride: 1, pool };
        let config = CnnLstmConfig {
            conv: vec![conv(64, pools[0]), conv(128, pools[1]), conv(128, pools[2])],
            lstm: Lstm { hidden: 128, bidirectional: false, layers: 1 },
            pooling: Pooling::Last,
            dense: Vec::new(),
            dropout: 0.0,
            ..CnnLstmConfig::default()
        };
        Self::new(&NetworkConfig::CnnLstm(config), Sizes { width: 64, functionals: 0, classes: CLASSES }, 64, 300)
    }

    /// The default network, as large as the default features make it.
    pub fn of_defaults() -> Self {
        Self::new(&NetworkConfig::default(), Sizes { width: 140, functionals: 1100, classes: CLASSES }, 64, 200)
    }

    /// A network over images with its default parameters, on three seconds of 64 bands; `None` for a `kind` that is none.
    pub fn of_images(kind: &str) -> Option<Self> {
        let config: NetworkConfig = serde_json::from_value(serde_json::json!({ "kind": kind })).ok()?;
        Some(Self::new(&config, Sizes { width: 64, functionals: 1100, classes: CLASSES }, 64, 300))
    }

    fn new(config: &NetworkConfig, sizes: Sizes, clips: usize, frames: usize) -> Self {
        let engine = Engine::new(Device::Cpu, Kernels::Own).unwrap_or_else(|feature| unreachable!("{feature}"));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let device = engine.device.clone().autodiff();
        let network = config.init(sizes, &device, Source::Drawn(&mut rng));
        let mut random = |count: usize| (0..count).map(|_| rng.random_range(-1.7..1.7)).collect::<Vec<f32>>();
        let batch = Batch {
            lens: vec![frames; clips],
            frames: random(clips * frames * sizes.width),
            functionals: random(clips * sizes.functionals),
            targets: (0..clips * CLASSES)
                .map(|at| if at % CLASSES == at / CLASSES % CLASSES { 1.0 / clips as f32 } else { 0.0 })
                .collect(),
        };
        let specs = Weights::specs(config, sizes);
        let zeros = |spec: &TensorSpec| Tensor::zeros([spec.count()], &engine.device);
        let means = specs.iter().map(|spec| [zeros(spec), zeros(spec)]).collect();
        let optimiser = Optimiser { rule: Rule::Adamw, weight_decay: 0.01, clip_norm: 0.0, means };
        let example = engine.example(batch, sizes);
        Self { engine, sizes, specs, network: Some(network), optimiser, example, done: 0 }
    }

    /// Forward, backward and a step of the optimiser; the loss before.
    pub fn step(&mut self) -> f64 {
        let Some(network) = self.network.take() else { return f64::NAN };
        let step = Step::new(&self.engine, &network, &self.example, self.done as u64);
        let loss = step.loss;
        let kernels = self.engine.kernels;
        self.network = Some(self.optimiser.apply(kernels, &self.specs, network, step, LEARNING_RATE, self.done));
        self.done += 1;
        loss
    }

    /// Writes weights, batch, and what one forward and backward pass makes of them, to a safetensors file: names of
    /// tensors begin with `weights.` and `gradients.`; beside them `frames`, `targets`, `probabilities` and `loss`.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let Some(network) = &self.network else { return Ok(()) };
        let out = Step::new(&self.engine, network, &self.example, 0);
        let lens = &self.example.input.frames.lens;
        let (clips, frames) = (lens.len(), lens[0]);
        let bytes = |tensor: &Tensor<2>| to_le_bytes(&values(tensor.clone()));
        let mut tensors = vec![
            ("frames".to_owned(), vec![clips, frames, self.sizes.width], bytes(&self.example.input.frames.values)),
            ("targets".to_owned(), vec![clips, CLASSES], bytes(&self.example.targets)),
            ("probabilities".to_owned(), vec![clips, CLASSES], to_le_bytes(&out.probabilities)),
            ("loss".to_owned(), vec![1], to_le_bytes(&[out.loss as f32])),
        ];
        let weights = Weights::of(network);
        for ((spec, weights), gradient) in weights.specs.iter().zip(&weights.values).zip(out.gradients) {
            tensors.push((format!("weights.{}", spec.name), spec.shape.clone(), to_le_bytes(weights)));
            if let Some(gradient) = gradient {
                tensors.push((format!("gradients.{}", spec.name), spec.shape.clone(), to_le_bytes(&values(gradient))));
            }
        }
        let views: HashMap<&str, TensorView<'_>> = tensors
            .iter()
            .filter_map(|(name, shape, bytes)| {
                Some((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).ok()?))
            })
            .collect();
        let bytes = safetensors::serialize(views, None).map_err(std::io::Error::other)?;
        std::fs::write(path, bytes)
    }
}

/// A product of random matrices.
#[derive(Debug)]
pub struct Product {
    left: Vec<f32>,
    right: Vec<f32>,
    out: Vec<f32>,
    sizes: [usize; 3],
    row_stride: usize,
}

impl Product {
    /// `rows` x `depth` by `depth` x `columns`; rows of the left matrix begin `row_stride` values apart.
    pub fn new(rows: usize, depth: usize, columns: usize, row_stride: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut random = |count: usize| (0..count).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>();
        Self {
            left: random((rows - 1) * row_stride + depth),
            right: random(depth * columns),
            out: vec![0.0; rows * columns],
            sizes: [rows, depth, columns],
            row_stride,
        }
    }

    /// Multiplies; on one thread.
    pub fn run(&mut self) -> f32 {
        let [rows, depth, columns] = self.sizes;
        let left = Matrix::strided(&self.left, 0, rows, depth, self.row_stride);
        multiply(Target::new(&mut self.out, columns), left, Matrix::new(&self.right, depth, columns), false);
        self.out[0]
    }

    /// Multiplications and additions.
    pub fn operations(&self) -> u64 {
        self.sizes.iter().map(|size| *size as u64).product::<u64>() * 2
    }
}

/// Batches of 64 random clips of 200 frames of 140 values, altered as by default.
#[derive(Debug)]
pub struct Batches {
    clips: Vec<ClipData>,
    scaler: Scaler,
    voices: BTreeMap<String, Scalings>,
    params: Params,
    rng: ChaCha8Rng,
}

impl Batches {
    /// Makes the clips.
    #[expect(clippy::new_without_default, reason = "nothing would use it")]
    pub fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let clips: Vec<ClipData> = (0..64)
            .map(|clip| ClipData {
                speaker: format!("{}", clip % 16),
                class: clip % CLASSES,
                frames: (0..200 * 140).map(|_| rng.random_range(-1.0..1.0)).collect(),
                copies: Vec::new(),
                functionals: (0..1100).map(|_| rng.random_range(-1.0..1.0)).collect(),
            })
            .collect();
        let scalings = Scalings::fit(clips.iter(), 140, 1100);
        let scaler = Scaler::new(Standardise::Train, scalings, BTreeMap::new());
        let voices = Scalings::per_speaker(clips.iter(), 140, 1100);
        Self { clips, scaler, voices, params: Params::default(), rng }
    }

    /// Makes a batch; its number of frames.
    pub fn next_batch(&mut self) -> usize {
        let clips: Vec<&ClipData> = self.clips.iter().collect();
        let weights = [1.0; CLASSES];
        let (batch, _) = training_batch(&clips, &self.scaler, &self.voices, 140, &self.params, &weights, &mut self.rng);
        batch.lens.iter().sum()
    }
}

/// Largest memory that this process has had at a time, in MiB; known on Linux.
pub fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
