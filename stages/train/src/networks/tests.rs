//! Every architecture: its shapes, own kernels against burn's operations, and against itself in other company and on
//! other threads.

mod graph;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod hardware;
mod oracle;
mod setting;

use setting::{Stepped, architectures, assert_close, burn_engines, example, own, stepped, variants};

use super::{Hears, NetworkConfig, Sizes};
use crate::data::Batch;
use crate::engine::Engine;
use crate::weights::{TensorSpec, Weights};

const SIZES: Sizes = Sizes { width: 5, functionals: 9, classes: 4 };

/// Counts by hand. cnn-lstm: conv 5*10*64 + 2*64, 5*64*96 + 2*96; LSTM 2 * (96*256 + 64*256 + 256); attention 128*32 + 32 + 32;
/// functionals 30*128 + 128; dense (256+128)*64 + 64; classes 64*8 + 8.
/// blstm-fcn at a quarter of its width: LSTM 2 * (10*128 + 32*128 + 128); attention 64*32 + 32 + 32; conv 7*10*16 + 2*16,
/// 5*16*32 + 2*32, 3*32*32 + 2*32; projection 32*32 + 32, its attention 32*32 + 32 + 32; functionals 30*128 + 128; dense
/// (96+128)*32 + 32; classes 32*8 + 8.
/// residual-lstm: norms 2 * 2*10; LSTMs 10*40 + 10*40 + 40, 10*512 + 128*512 + 512; functionals 30*128 + 128; classes
/// (128+128)*8 + 8.
/// tim-net: both ways 10*39 + 39 and 8 blocks of twice 78*39 + 39 + 2*39; levels 8; functionals 30*128 + 128; classes
/// (39+128)*8 + 8.
/// cnn2d-lstm at half its width, of 10 bands, then 5, 2, 1 and 1: conv 9*32 + 2*32, 9*32*32 + 2*32, 9*32*64 + 2*64, 9*64*64 +
/// 2*64; LSTM 64*512 + 128*512 + 512; functionals 30*128 + 128; classes (128+128)*8 + 8.
/// acrnn at half its width, with 3 bands after pooling: conv 15*3*64 + 64; projection 3*64*384 + 2*384; LSTM 2 * (384*256 +
/// 64*256 + 256); attention 128*32 + 32 + 32; last 128*32 + 2*32; functionals 30*128 + 128; classes (32+128)*8 + 8.
/// adrnn at a quarter of its width, with 3 bands after pooling: conv 9*3*32 + 32; dilated twice 9*32*32 + 2*32 and 9*32*64 +
/// 2*64, as the skip; projection 3*64*192 + 2*192; LSTM 2 * (192*128 + 32*128 + 128); attention 64*16 + 16 + 16; last 64*16 +
/// 2*16; functionals 30*128 + 128; classes (16+128)*8 + 8.
/// attention-lstm at a quarter of its width: LSTM 10*256 + 128*256 + 256 + 2 * 128*128 + 128 and 128*128 + 64*128 + 128 +
/// 2 * 64*64 + 64; attention over time 64*64 + 64, over features 2 * 64*64 + 64; functionals 30*128 + 128; dense
/// (128+128)*64 + 64; classes 64*8 + 8.
/// waveform at a quarter of its width: conv 7*1*16 + 2*16, 5*16*32 + 2*32, 5*32*64 + 2*64; LSTM twice 64*256 + 64*256 + 256;
/// functionals 30*128 + 128; classes (64+128)*8 + 8.
#[test]
fn the_parameter_count_is_pinned() {
    let counts = [
        ("cnn-lstm", 3200 + 128 + 30_720 + 192 + 82_432 + 4160 + 3968 + 24_640 + 520),
        ("blstm-fcn", 11_008 + 2112 + 1152 + 2624 + 3136 + 1056 + 1088 + 3968 + 7200 + 264),
        ("residual-lstm", 40 + 840 + 71_168 + 3968 + 2056),
        ("tim-net", 2 * (429 + 16 * 3159) + 8 + 3968 + 1344),
        ("cnn2d-lstm", 352 + 9280 + 18_560 + 36_992 + 98_816 + 3968 + 2056),
        ("acrnn", 2944 + 74_496 + 229_888 + 4160 + 4160 + 3968 + 1288),
        ("adrnn", 896 + 2 * 9280 + 2 * 18_560 + 37_248 + 57_600 + 1056 + 1056 + 3968 + 1160),
        ("attention-lstm", 68_480 + 32_960 + 4160 + 8256 + 3968 + 16_448 + 520),
        ("waveform", 144 + 2624 + 10_368 + 2 * 33_024 + 3968 + 1544),
    ];
    let sizes = Sizes { width: 10, functionals: 30, classes: 8 };
    let found = architectures().into_iter().map(|(kind, config, _)| {
        let specs = Weights::specs(&config, sizes);
        (kind, specs.iter().filter(|spec| spec.is_trained()).map(TensorSpec::count).sum())
    });
    assert_eq!(found.collect::<Vec<(&str, usize)>>(), counts);
}

/// Names are part of the format of models: those of every version have to be readable.
#[test]
fn names_of_parameters_are_pinned() {
    let names: Vec<String> =
        Weights::specs(&NetworkConfig::default(), SIZES).into_iter().map(|spec| spec.name).collect();
    let conv = |at: usize| {
        ["weight", "norm.gamma", "norm.beta", "norm.running_mean", "norm.running_variance"]
            .map(|part| format!("conv.{at}.{part}"))
    };
    let lstm = |direction: &str| ["input", "state", "bias"].map(|part| format!("lstm.0.{direction}.{part}"));
    let rest = [
        "attention.weight",
        "attention.bias",
        "attention.query",
        "functionals.weight",
        "functionals.bias",
        "dense.0.weight",
        "dense.0.bias",
        "classes.weight",
        "classes.bias",
    ];
    let expected = conv(0).into_iter().chain(conv(1)).chain(lstm("forward")).chain(lstm("backward"));
    assert_eq!(names, expected.chain(rest.map(str::to_owned)).collect::<Vec<_>>());
}

/// Parameters are made in the order in which they are visited.
#[test]
fn values_come_back_in_their_places() {
    for (name, config) in variants() {
        let (weights, _) = example(&config, SIZES, &[1], 8);
        assert!(Weights::of(&weights.network(&config, SIZES, &own().device)) == weights, "{name}");
    }
}

/// Sums of a few hundred products in single precision, in another order: 1e-4 of the largest value is ten times what
/// rounding leaves.
#[test]
fn own_kernels_agree_with_burn() {
    for burn in burn_engines() {
        for (seed, (name, config)) in (0..).zip(variants()) {
            for lens in [&[11, 8, 8, 3, 1][..], &[7], &[1, 1], &[6, 6]] {
                assert_agree(&own(), &burn, (&name, &config, seed), lens);
            }
        }
    }
}

/// One network, its name and a seed: in inference and in a step, `found` computes what `expected` does.
fn assert_agree(found: &Engine, expected: &Engine, (name, config, seed): (&str, &NetworkConfig, u64), lens: &[usize]) {
    let (weights, batch) = example(config, SIZES, lens, seed);
    let infer = |engine: &Engine| engine.infer(&weights.network(config, SIZES, &engine.device), batch.clone(), SIZES);
    assert_close(name, &infer(found), &infer(expected), 1e-4);
    let [found, expected] = [found, expected].map(|engine| stepped(engine, config, SIZES, &weights, &batch, 99));
    assert!((found.loss - expected.loss).abs() < 1e-4, "{name}: {}, {}", found.loss, expected.loss);
    assert_close(name, &found.probabilities, &expected.probabilities, 1e-4);
    for (at, spec) in weights.specs.iter().enumerate() {
        let what = format!("{name}, {lens:?}, {}", spec.name);
        assert_close(&what, &found.gradients[at], &expected.gradients[at], 1e-3);
        assert_close(&what, &found.running[at], &expected.running[at], 1e-4);
    }
}

#[test]
fn a_clip_does_not_depend_on_its_company() {
    assert_alone(&own(), 1e-6);
}

/// Every network gives a clip by itself the probabilities, to `tolerance`, that it gives it among others.
fn assert_alone(engine: &Engine, tolerance: f32) {
    for (name, config) in variants() {
        let (weights, batch) = example(&config, SIZES, &[30, 17, 9, 1], 3);
        let network = weights.network(&config, SIZES, &engine.device);
        let together = engine.infer(&network, batch.clone(), SIZES);
        let mut frame = 0;
        for (clip, len) in batch.lens.iter().enumerate() {
            let alone = Batch {
                lens: vec![*len],
                frames: batch.frames[frame * SIZES.width..(frame + len) * SIZES.width].to_vec(),
                functionals: batch.functionals[clip * SIZES.functionals..(clip + 1) * SIZES.functionals].to_vec(),
                targets: Vec::new(),
            };
            frame += len;
            let probabilities = engine.infer(&network, alone, SIZES);
            let classes = clip * SIZES.classes..(clip + 1) * SIZES.classes;
            assert_close(&name, &probabilities, &together[classes], tolerance);
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!(engine.infer(&network, Batch::default(), SIZES).is_empty());
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let lens: Vec<usize> = (0..50).map(|clip| 120 - 2 * clip).collect();
    for (kind, config, _) in architectures() {
        let (weights, batch) = example(&config, SIZES, &lens, 1);
        let steps: Vec<Stepped> = [1, 2, 3]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| stepped(&own(), &config, SIZES, &weights, &batch, 2))
            })
            .collect();
        for step in &steps[1..] {
            assert_eq!(step.loss.to_bits(), steps[0].loss.to_bits(), "{kind}");
            assert!(step.gradients == steps[0].gradients && step.running == steps[0].running, "{kind}");
        }
    }
}

#[test]
fn sixteen_clips_can_be_learnt_by_heart() {
    for (kind, _, small) in architectures() {
        let lens: Vec<usize> = (0..16).map(|clip| 20 - clip).collect();
        let batch = setting::puzzle(&small, SIZES, &lens);
        let losses = || setting::learnt(&own(), &small, SIZES, &batch, 150);
        let first = losses();
        assert!(first[first.len() - 1] < 0.05 && first[0] > 0.5, "{kind}: {first:?}");
        assert_eq!(first, losses(), "{kind}: same seed, other numbers");
    }
}

/// The README's table of networks names the paper of each, as the network does.
#[test]
fn every_network_knows_its_paper() {
    let readme = include_str!("../../../../README.md");
    for config in NetworkConfig::defaults() {
        let kind = config.kind();
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).expect("a row of the table");
        let hears = match config.architecture().hears() {
            Hears::Frames => "| frames of any features |",
            Hears::Image => "| bands |",
            Hears::Waveform => "| samples |",
        };
        assert!(row.contains(hears), "{kind}: {hears}, {row}");
        match config.architecture().paper() {
            None => assert!(row.contains("no paper"), "{row}"),
            Some(paper) => {
                let (authors, place) = paper.split_once([',', ' ']).expect("authors, then the place");
                assert!(row.contains(authors), "{kind}: {authors}, {row}");
                // Volume and page, or number, where there is one.
                let last = place.rsplit(' ').next().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
                assert!(last.is_none_or(|last| row.contains(last)), "{kind}: {place}, {row}");
            }
        }
    }
}
