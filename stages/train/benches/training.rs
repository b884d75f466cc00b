//! Times of matrix products at the shapes of the network, of making batches, of whole training steps, and of the whole
//! stage on generated features.
//!
//!     just bench-training
//!
//! The stage trains one fold and is given in clips and seconds of audio per second of an epoch, with its validation and
//! checkpoint, and in time per step, on all threads, with the largest memory that this process has had.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ser_schemas::frames::{ClipFrames, FrameLayout, FramesWriter};
use ser_schemas::functionals::Functionals;
use ser_schemas::{Assignment, Clip, Emotion, Epoch, Provenance, Role, Table, frames, functionals};
use ser_stage::Context;
use ser_train::bench::{Batches, Case, Product, Steps, peak_mib};
use ser_train::{Inputs, Params, run};

/// Clips of the generated features, by role, and their shape.
const TRAIN: usize = 512;
const VALIDATION: usize = 64;
const TEST: usize = 64;
const FRAMES: usize = 200;
const WIDTH: usize = 140;
const FUNCTIONALS: usize = 1100;
const HOP_S: f64 = 0.01;
const EPOCHS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    divan::main();
    // Only when benchmarks are asked for: test runners start this program too.
    if std::env::args().any(|argument| argument == "--bench") { stage() } else { Ok(()) }
}

/// What is multiplied: rows, depth, columns, and how far apart rows of the left matrix begin.
const PRODUCTS: [(&str, [usize; 4]); 5] = [
    ("convolution of 64 channels", [4800, 320, 64, 64]),
    ("convolution of 128 channels", [1200, 640, 128, 128]),
    ("LSTM input", [1200, 128, 512, 128]),
    ("LSTM step", [16, 128, 512, 128]),
    ("functionals", [64, 1100, 128, 1100]),
];

/// On one thread; items are floating-point operations.
#[divan::bench(args = PRODUCTS.map(|(name, _)| name))]
fn product(bencher: Bencher<'_, '_>, name: &str) {
    let Some((_, [rows, depth, columns, row_stride])) = PRODUCTS.iter().find(|(other, _)| *other == name) else {
        return;
    };
    let mut product = Product::new(*rows, *depth, *columns, *row_stride);
    let operations = product.operations();
    bencher.counter(ItemsCount::new(operations)).bench_local(|| black_box(product.run()));
}

/// Scaling, masking and blending 64 clips of 200 frames; on one thread. Items are clips.
#[divan::bench]
fn batch(bencher: Bencher<'_, '_>) {
    let mut batches = Batches::new().expect("in memory");
    bencher.counter(ItemsCount::new(64_usize)).bench_local(|| black_box(batches.next_batch().expect("in memory")));
}

/// Forward, backward and optimiser on 64 clips of 300 frames of 64 values; items are clips.
#[divan::bench(args = [1, 2], sample_count = 30)]
fn reference_step(bencher: Bencher<'_, '_>, threads: usize) {
    steps(bencher, threads, Steps::new(Case::reference([2, 2, 1])));
}

/// The same without pooling between the convolutions.
#[divan::bench(args = [1, 2], sample_count = 10)]
fn reference_step_without_pooling(bencher: Bencher<'_, '_>, threads: usize) {
    steps(bencher, threads, Steps::new(Case::reference([1, 1, 1])));
}

/// The default network on 64 clips of 200 frames of 140 values and 1100 functionals; items are clips.
#[divan::bench(args = [1, 2], sample_count = 30)]
fn default_step(bencher: Bencher<'_, '_>, threads: usize) {
    if let Some(case) = Case::of_kind("cnn-lstm") {
        steps(bencher, threads, Steps::new(case));
    }
}

/// Networks over images with their default parameters on 64 clips of 300 frames of 64 bands and 1100 functionals; items are
/// clips.
#[divan::bench(args = ["cnn2d-lstm", "acrnn", "adrnn"], sample_count = 5)]
fn image_step(bencher: Bencher<'_, '_>, kind: &str) {
    if let Some(case) = Case::of_kind(kind) {
        steps(bencher, 2, Steps::new(case));
    }
}

fn steps(bencher: Bencher<'_, '_>, threads: usize, mut steps: Steps) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    bencher.counter(ItemsCount::new(64_usize)).bench_local(|| pool.install(|| black_box(steps.step())));
}

/// The whole stage with default parameters but for the number of epochs.
fn stage() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    tables(folder)?;
    let (out_dir, work_dir) = (folder.join("out"), folder.join("work"));
    std::fs::create_dir(&out_dir)?;
    std::fs::create_dir(&work_dir)?;
    let params = Params { epochs: EPOCHS, ..Params::default() };
    let inputs = Inputs { manifest: folder, features: folder, split: folder, model: "bench", split_name: "bench" };
    let ctx = Context { out_dir: &out_dir, ..Context::alone(&work_dir) };
    run(&params, &inputs, &ctx)?;
    let mut seconds: Vec<f64> = Epoch::read_in(&out_dir)?.into_iter().map(|epoch| epoch.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let (best, middle, worst) = (seconds[0], seconds[EPOCHS / 2], seconds[EPOCHS - 1]);
    let clips = TRAIN as f64;
    writeln!(
        std::io::stdout(),
        "stage, {TRAIN} training clips of {FRAMES} frames, {EPOCHS} epochs, {} threads: {:.0} clips/s ({:.0} to {:.0}), \
         {:.0} s of audio per second, {:.1} ms per step of {} clips, peak memory {}",
        rayon::current_num_threads(),
        clips / middle,
        clips / worst,
        clips / best,
        clips * FRAMES as f64 * HOP_S / middle,
        middle * 1e3 / TRAIN.div_ceil(params.batch_size) as f64,
        params.batch_size,
        peak_mib().map_or_else(|| "not known".to_owned(), |mib| format!("{mib:.0} MiB")),
    )?;
    Ok(())
}

/// Writes a manifest, features and one fold of generated clips: eight emotions, sixteen speakers, noise.
fn tables(folder: &Path) -> Result<(), Box<dyn Error>> {
    let none = Provenance::default();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let names = |stem: &str, count: usize| (0..count).map(|at| format!("{stem}_{at:04}")).collect::<Vec<_>>();
    let layout = FrameLayout {
        names: names("log_mel", WIDTH),
        sample_rate_hz: 16_000,
        hop_s: HOP_S,
        params: serde_json::json!({ "hop_s": HOP_S }),
    };
    let mut frames = FramesWriter::create(&folder.join(frames::FOLDER), &layout, &none)?;
    let mut functionals = Functionals { names: names("made", FUNCTIONALS), ..Functionals::default() };
    let (mut clips, mut assignments) = (Vec::new(), Vec::new());
    for at in 0..TRAIN + VALIDATION + TEST {
        let clip_id = format!("bench/{at:04}");
        let mut clip = Clip::found(clip_id.clone(), "bench".into(), String::new(), 1);
        clip.speaker = Some(format!("bench:{:02}", at % 16));
        clip.emotion = Some(Emotion::BUILT_IN[at / 16 % Emotion::BUILT_IN.len()]);
        clips.push(clip);
        let role = match at {
            0..TRAIN => Role::Train,
            at if at < TRAIN + VALIDATION => Role::Validation,
            _ => Role::Test,
        };
        assignments.push(Assignment { clip_id: clip_id.clone(), fold: 0, role });
        let mut random = |count: usize| (0..count).map(|_| rng.random_range(-1.7..1.7)).collect::<Vec<f32>>();
        functionals.clip_ids.push(clip_id.clone());
        functionals.values.extend(random(FUNCTIONALS));
        frames.push(ClipFrames { clip_id, variant: String::new(), values: random(FRAMES * WIDTH) })?;
    }
    frames.finish()?;
    functionals.write(&folder.join(functionals::FOLDER), &none)?;
    Clip::write_in(folder, &clips, &none)?;
    Assignment::write_in(folder, &assignments, &none)?;
    Ok(())
}
