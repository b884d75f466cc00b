//! Matrix products at the shapes of the network, the making of batches, and whole training steps.
//!
//! `just bench`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ser_train::bench::{Batches, Product, Steps};

fn main() {
    divan::main();
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
    let mut batches = Batches::new();
    bencher.counter(ItemsCount::new(64_usize)).bench_local(|| black_box(batches.next_batch()));
}

/// Forward, backward and optimiser on 64 clips of 300 frames of 64 values; items are clips.
#[divan::bench(args = [1, 2], sample_count = 30)]
fn reference_step(bencher: Bencher<'_, '_>, threads: usize) {
    steps(bencher, threads, Steps::reference([2, 2, 1]));
}

/// The same without pooling between the convolutions.
#[divan::bench(args = [1, 2], sample_count = 10)]
fn reference_step_without_pooling(bencher: Bencher<'_, '_>, threads: usize) {
    steps(bencher, threads, Steps::reference([1, 1, 1]));
}

/// The default network on 64 clips of 200 frames of 140 values and 1100 functionals; items are clips.
#[divan::bench(args = [1, 2], sample_count = 30)]
fn default_step(bencher: Bencher<'_, '_>, threads: usize) {
    steps(bencher, threads, Steps::of_defaults());
}

fn steps(bencher: Bencher<'_, '_>, threads: usize, mut steps: Steps) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    bencher.counter(ItemsCount::new(64_usize)).bench_local(|| pool.install(|| black_box(steps.step())));
}
