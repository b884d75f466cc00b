//! What benchmarks need of this crate's insides; no part of its interface.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView};

use crate::data::Batch;
use crate::data::{ClipData, Neutral, Scaler, Scalings, Teaching};
use crate::engine::{Engine, Example, values};
use crate::error::TrainError;
use crate::layers::Source;
use crate::networks::{CnnLstmConfig, ConvLayer, Hears, Lstm, Network, NetworkConfig, Pooling, Sizes};
use crate::params::{Device, Kernels, Params, Standardise};
use crate::training::{Optimiser, Step};
use crate::weights::{TensorSpec, Weights, to_le_bytes};
use ser_kernels::matmul::{Matrix, Target, multiply};
use ser_ops::Rule;

const CLASSES: usize = 8;
/// Clips of a batch.
const CLIPS: usize = 64;
const LEARNING_RATE: f64 = 1e-3;

/// A network with a batch of random clips of equal length, to be stepped again and again.
#[derive(Debug)]
pub struct Steps {
    engine: Engine,
    config: NetworkConfig,
    sizes: Sizes,
    specs: Vec<TensorSpec>,
    /// `None` while it is being changed.
    network: Option<Network>,
    optimiser: Optimiser,
    example: Example,
    done: usize,
}

/// A network that is measured, and the size of its batches of random clips of equal length.
#[derive(Debug)]
pub struct Case {
    /// Kind of the network, or what is special about it.
    pub name: String,
    config: NetworkConfig,
    sizes: Sizes,
    /// Frames of each clip.
    frames: usize,
}

impl Case {
    /// Three convolutions (64, 128 and 128 channels, 5 frames) with batch normalisation, ReLU and max pooling of
    /// `pools` frames, one LSTM of 128, the last state to 8 classes; clips of 300 frames of 64 values.
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
        let [first, second, third] = pools;
        Self {
            name: format!("pooling {first}, {second}, {third}"),
            config: NetworkConfig::CnnLstm(config),
            sizes: Sizes { width: 64, functionals: 0, classes: CLASSES },
            frames: 300,
        }
    }

    /// An architecture with its default parameters, as large as the default features make it; `None` for a `kind` that
    /// is none.
    pub fn of_kind(kind: &str) -> Option<Self> {
        NetworkConfig::defaults().into_iter().find(|config| config.kind() == kind).map(Self::new)
    }

    /// Reference networks, then every architecture with its default parameters; none with dropout, whose masks every
    /// program draws for itself.
    pub fn compared() -> Vec<Self> {
        let reference = [[2, 2, 1], [2, 2, 2], [1, 1, 1]].map(Self::reference);
        let every = NetworkConfig::defaults();
        reference.into_iter().chain(every.iter().filter_map(without_dropout).map(Self::new)).collect()
    }

    fn new(config: NetworkConfig) -> Self {
        let (width, frames) = match config.architecture().hears() {
            Hears::Frames => (140, 200),
            Hears::Image => (64, 300),
            Hears::Waveform => (160, 200),
        };
        let sizes = Sizes { width, functionals: 1100, classes: CLASSES };
        Self { name: config.kind(), config, sizes, frames }
    }
}

/// The same network without dropout; there is one, as all shares of what is dropped may be 0.
fn without_dropout(config: &NetworkConfig) -> Option<NetworkConfig> {
    let mut config = serde_json::to_value(config).ok()?;
    for (key, value) in config.as_object_mut()? {
        if key.ends_with("dropout") {
            *value = 0.into();
        }
    }
    serde_json::from_value(config).ok()
}

impl Steps {
    /// From weights and a batch that follow from `case` alone.
    pub fn new(case: Case) -> Self {
        let Case { config, sizes, frames, .. } = case;
        let engine = Engine::new(Device::Cpu, Kernels::Own).unwrap_or_else(|error| unreachable!("{error}"));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let device = engine.device.clone().autodiff();
        let network = config.init(sizes, &device, Source::Drawn(&mut rng));
        let mut random = |count: usize| (0..count).map(|_| rng.random_range(-1.7..1.7)).collect::<Vec<f32>>();
        let batch = Batch {
            lens: vec![frames; CLIPS],
            frames: random(CLIPS * frames * sizes.width),
            functionals: random(CLIPS * sizes.functionals),
            targets: (0..CLIPS * CLASSES)
                .map(|at| if at % CLASSES == at / CLASSES % CLASSES { 1.0 / CLIPS as f32 } else { 0.0 })
                .collect(),
        };
        let specs = Weights::specs(&config, sizes);
        let zeros = |spec: &TensorSpec| Tensor::zeros([spec.count()], &engine.device);
        let means = specs.iter().map(|spec| [zeros(spec), zeros(spec)]).collect();
        let optimiser = Optimiser { rule: Rule::Adamw, weight_decay: 0.01, clip_norm: 0.0, means };
        let example = engine.example(batch, sizes);
        Self { engine, config, sizes, specs, network: Some(network), optimiser, example, done: 0 }
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
    /// tensors begin with `weights.` and `gradients.`; beside them `frames`, `functionals` where there are any,
    /// `targets`, `probabilities` and `loss`. Its metadata `network` is JSON with `model` and `sizes`.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let Some(network) = &self.network else { return Ok(()) };
        let out = Step::new(&self.engine, network, &self.example, 0);
        let input = &self.example.input;
        let (clips, frames) = (input.frames.lens.len(), input.frames.lens[0]);
        let bytes = |tensor: &Tensor<2>| to_le_bytes(&values(tensor.clone()));
        let mut tensors = vec![
            ("frames".to_owned(), vec![clips, frames, self.sizes.width], bytes(&input.frames.values)),
            ("targets".to_owned(), vec![clips, CLASSES], bytes(&self.example.targets)),
            ("probabilities".to_owned(), vec![clips, CLASSES], to_le_bytes(&out.probabilities)),
            ("loss".to_owned(), vec![1], to_le_bytes(&[out.loss as f32])),
        ];
        if let Some(functionals) = &input.functionals {
            tensors.push(("functionals".to_owned(), functionals.dims().to_vec(), bytes(functionals)));
        }
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
        let described = serde_json::json!({ "model": self.config, "sizes": self.sizes }).to_string();
        let metadata = HashMap::from([("network".to_owned(), described)]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(std::io::Error::other)?;
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
    pub fn new() -> Result<Self, TrainError> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let clips: Vec<ClipData> = (0..64)
            .map(|clip| ClipData {
                corpus: String::new(),
                speaker: format!("{}", clip % 16),
                class: clip % CLASSES,
                frames: (0..200 * 140).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>().into(),
                copies: Vec::new(),
                functionals: (0..1100).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>().into(),
            })
            .collect();
        let scalings = Scalings::fit(clips.iter(), 140, 1100)?;
        let scaler = Scaler::new(Standardise::Train, Hears::Frames, scalings, BTreeMap::new());
        let voices = Scalings::per(|clip| &clip.speaker, clips.iter(), 140, 1100)?;
        Ok(Self { clips, scaler, voices, params: Params::default(), rng })
    }

    /// Makes a batch; its number of frames.
    pub fn next_batch(&mut self) -> Result<usize, TrainError> {
        let clips: Vec<&ClipData> = self.clips.iter().collect();
        let weights = [1.0; CLASSES];
        let teaching = Teaching {
            params: &self.params,
            scaler: &self.scaler,
            voices: &self.voices,
            neutral: &Neutral::default(),
            width: 140,
            class_weights: &weights,
        };
        let (batch, _) = teaching.batch(&clips, &mut self.rng)?;
        Ok(batch.lens.iter().sum())
    }
}

/// Largest memory that this process has had at a time, in MiB; known on Linux.
pub fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
