//! Writes a tree of 12,162 small WAV files, laid out and named as the four corpora, to measure how long a run takes
//! that has little or nothing to do:
//!
//! ```text
//! cargo run --release -p ser-demo --example tree -- /tmp/tree
//! SER_DATA=/tmp/tree ser run crema_d ravdess savee tess features
//! ```
//!
//! Each file is a third of a second of a tone of its own in noise of its own: usable, never a duplicate, no speech.

mod names;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

const SAMPLE_RATE_HZ: u32 = 16_000;
const SAMPLES: u32 = 5_200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder] = arguments.as_slice() else { return Err("name the folder to write to, and nothing else".into()) };
    let mut count = 0;
    for corpus in names::all() {
        let root = Path::new(folder).join(corpus.name);
        for file in &corpus.files {
            write(&root.join(file), &wav(count))?;
            count += 1;
        }
        write(&root.join(ser_demo::MARKER), b"These files are generated tones, to measure times with.\n")?;
    }
    writeln!(io::stdout(), "{count} files in {folder}")?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// The file of number `seed`.
fn wav(seed: u32) -> Vec<u8> {
    let step = std::f64::consts::TAU * (110.0 + f64::from(seed % 400)) / f64::from(SAMPLE_RATE_HZ);
    // The generator of Numerical Recipes: noise that differs from file to file is all that is asked of it.
    let mut state = seed.wrapping_mul(2_654_435_761);
    let samples = (0..SAMPLES).map(|sample| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 16) / 32_768.0 - 1.0;
        let value = 0.3 * (step * f64::from(sample)).sin() + 0.02 * noise;
        (value * 32_767.0) as i16
    });
    ser_audio::testing::mono_wav(SAMPLE_RATE_HZ, samples)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn there_are_as_many_files_as_the_corpora_have() {
        let corpora = super::names::all();
        let counts: Vec<usize> = corpora.iter().map(|corpus| corpus.files.len()).collect();
        assert_eq!(counts, [7_442, 1_440, 480, 2_800]);
        for corpus in &corpora {
            assert_eq!(corpus.files.iter().collect::<BTreeSet<_>>().len(), corpus.files.len(), "{}", corpus.name);
        }
        assert_eq!(counts.iter().sum::<usize>(), 12_162);
    }

    #[test]
    fn no_two_files_are_the_same() {
        let files: BTreeSet<Vec<u8>> = (0..50).map(super::wav).collect();
        assert_eq!(files.len(), 50);
    }
}
