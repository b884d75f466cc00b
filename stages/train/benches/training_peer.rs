//! This project's side of `benches/peers/training.py`.
//!
//! ```text
//! training_peer write FILE POOL POOL POOL             weights, a batch, and loss and gradients of one pass, as safetensors
//! training_peer time THREADS STEPS POOL POOL POOL     milliseconds of each of STEPS steps, one a line
//! ```
//!
//! POOL: frames of which max pooling keeps the highest after each convolution.

use std::path::Path;
use std::time::Instant;

use ser_train::bench::Steps;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number = |at: usize| args.get(at).and_then(|arg| arg.parse::<usize>().ok());
    let pools = |at: usize| Some([number(at)?, number(at + 1)?, number(at + 2)?]);
    let done = match args.first().map(String::as_str) {
        Some("write") => pools(2).map(|pools| write(Path::new(&args[1]), pools)),
        Some("time") => (|| Some(time(number(1)?, number(2)?, pools(3)?)))(),
        // `cargo bench` without arguments: nothing to compare with.
        None => Some(Ok(())),
        Some(_) => None,
    };
    match done {
        Some(Ok(())) => {}
        Some(Err(error)) => fail(&error.to_string()),
        None => fail("expected `write FILE POOL POOL POOL` or `time THREADS STEPS POOL POOL POOL`"),
    }
}

fn write(path: &Path, pools: [usize; 3]) -> std::io::Result<()> {
    Steps::reference(pools).write(path)
}

#[expect(clippy::print_stdout, reason = "the script that starts this reads it")]
fn time(threads: usize, steps: usize, pools: [usize; 3]) -> std::io::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(std::io::Error::other)?;
    let mut network = Steps::reference(pools);
    for _ in 0..3 {
        pool.install(|| network.step());
    }
    for _ in 0..steps {
        let start = Instant::now();
        pool.install(|| network.step());
        println!("{:.3}", start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}

#[expect(clippy::exit, clippy::print_stderr, reason = "a program of its own")]
fn fail(problem: &str) {
    eprintln!("{problem}");
    std::process::exit(2);
}
