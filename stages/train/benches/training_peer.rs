//! This project's side of `benches/peers/training.py`.
//!
//! ```text
//! training_peer names                     what can be compared, one name a line
//! training_peer write FILE NAME           weights, a batch, and loss and gradients of one pass, as safetensors
//! training_peer time THREADS STEPS NAME   milliseconds of each of STEPS steps, one a line
//! ```

#![expect(clippy::print_stdout, reason = "the script that starts this reads it")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use ser_train::bench::{Case, Steps};

const WARM_UP: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // `cargo bench` without arguments: nothing to compare with.
        [] => {}
        ["names"] => Case::compared().iter().for_each(|case| println!("{}", case.name)),
        ["write", file, name] => steps(name)?.write(Path::new(file))?,
        ["time", threads, count, name] => time(threads.parse()?, count.parse()?, name)?,
        _ => return Err("expected `names`, `write FILE NAME` or `time THREADS STEPS NAME`".into()),
    }
    Ok(())
}

fn steps(name: &str) -> Result<Steps, String> {
    let case = Case::compared().into_iter().find(|case| case.name == name);
    case.map(Steps::new).ok_or_else(|| format!("nothing is called `{name}`; `names` lists everything"))
}

fn time(threads: usize, count: usize, name: &str) -> Result<(), Box<dyn Error>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut steps = steps(name)?;
    for _ in 0..WARM_UP {
        pool.install(|| steps.step());
    }
    for _ in 0..count {
        let start = Instant::now();
        pool.install(|| steps.step());
        println!("{:.3}", start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}
