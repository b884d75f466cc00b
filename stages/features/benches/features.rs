//! Times of the feature functions and of the whole stage, on synthetic speech.
//!
//!     just bench-features
//!
//! The parts are given in seconds of audio per second on one thread (`item/s`), the stage in clips and seconds of audio
//! per second on all threads, with the largest memory that this process has had.

use std::error::Error;
use std::f32::consts::TAU;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ser_audio::Resampler;
use ser_audio::testing::{mono_wav, peak_mib};
use ser_features::{Extractor, Params, run};
use ser_schemas::{Clip, KEY_SAMPLE_RATE_HZ, Provenance, Table};
use ser_stage::Context;

const SECONDS: usize = 4;
const CLIPS: usize = 480;
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    divan::main();
    // Only when benchmarks are asked for: test runners start this program too.
    if std::env::args().any(|argument| argument == "--bench") { stage() } else { Ok(()) }
}

/// A buzz under two resonances, gliding and pausing.
fn speech(rate_hz: u32, seed: usize) -> Vec<f32> {
    let mut phase = 0.0_f32;
    (0..SECONDS * rate_hz as usize)
        .map(|n| {
            let seconds = n as f32 / rate_hz as f32;
            phase += (140.0 + seed as f32 % 90.0 + 30.0 * (TAU * 0.7 * seconds).sin()) / rate_hz as f32;
            let harmonics = (1..12).map(|h| (TAU * phase * h as f32).sin() / (1.0 + (h as f32 - 4.0).abs()));
            let hiss = ((n * n % 7_919) as f32 / 7_919.0 - 0.5) * 0.01;
            0.1 * (TAU * 2.0 * seconds).sin().max(0.0) * harmonics.sum::<f32>() + hiss
        })
        .collect()
}

/// Feature parameters with one set alone (or with `f0`, where it needs that), or with those of the comparison.
fn params(set: &str) -> Params {
    let mut params: Params = serde_json::from_value(serde_json::json!({
        "log_mel": {"on": false}, "mfcc": {"on": false}, "chroma": false, "zcr": false, "rms": false, "f0": {"on": false},
    }))
    .expect("parameters");
    match set {
        "log_mel" => params.log_mel.on = true,
        "mfcc" => params.mfcc.on = true,
        "chroma" => params.chroma = true,
        "zcr" => params.zcr = true,
        "rms" => params.rms = true,
        "f0" => params.f0.on = true,
        "shape" => {
            params.spectral_centroid = true;
            params.spectral_bandwidth = true;
            params.spectral_rolloff = true;
            params.spectral_flatness = true;
        }
        "voice" | "formants" | "tilt" | "rhythm" => {
            params.f0.on = true;
            params.voice = set == "voice";
            params.formants.on = set == "formants";
            params.spectral_tilt = set == "tilt";
            params.rhythm = set == "rhythm";
        }
        _ => params = Params::default(),
    }
    params
}

/// Frames and functionals of a recording at 16 kHz.
#[divan::bench(args = [
    "log_mel", "mfcc", "chroma", "zcr", "rms", "shape", "f0", "voice", "formants", "tilt", "rhythm", "all",
])]
fn extract(bencher: Bencher<'_, '_>, set: &str) {
    let mut extractor = Extractor::new(&params(set), 16_000).expect("parameters");
    let clip = speech(16_000, 1);
    bencher
        .counter(ItemsCount::new(SECONDS))
        .bench_local(|| extractor.extract(black_box(&clip), 16_000).expect("features"));
}

/// Conversion to 16 kHz.
#[divan::bench(args = [48_000, 44_100, 24_414, 8_000])]
fn resample(bencher: Bencher<'_, '_>, rate_hz: u32) {
    let mut resampler = Resampler::new(rate_hz, 16_000).expect("rates");
    let clip = speech(rate_hz, 1);
    bencher.counter(ItemsCount::new(SECONDS)).bench_local(|| resampler.resample(black_box(&clip)));
}

/// The whole stage, from files to tables, with every feature that is on by default.
fn stage() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for rate_hz in [48_000, 24_414] {
        corpus(folder.path(), rate_hz)?;
        let mut seconds = Vec::new();
        for _ in 0..RUNS {
            let parts_dir = tempfile::tempdir_in(folder.path())?;
            let ctx = Context { parts_dir: parts_dir.path(), ..Context::alone(folder.path()) };
            let started = Instant::now();
            run(&Params::default(), folder.path(), &ctx)?;
            seconds.push(started.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let (best, middle, worst) = (seconds[0], seconds[RUNS / 2], seconds[RUNS - 1]);
        writeln!(
            std::io::stdout(),
            "stage, {CLIPS} clips of {SECONDS} s at {rate_hz} Hz, {} threads: {:.0} clips/s ({:.0} to {:.0}), \
             {:.0} s of audio per second, peak memory {}",
            rayon::current_num_threads(),
            CLIPS as f64 / middle,
            CLIPS as f64 / worst,
            CLIPS as f64 / best,
            (CLIPS * SECONDS) as f64 / middle,
            peak_mib().map_or_else(|| "not known".to_owned(), |mib| format!("{mib:.0} MiB")),
        )?;
    }
    Ok(())
}

/// Writes [`CLIPS`] recordings and their manifest.
fn corpus(folder: &Path, rate_hz: u32) -> Result<(), Box<dyn Error>> {
    let mut rows = Vec::new();
    for index in 0..CLIPS {
        let wav = mono_wav(rate_hz, speech(rate_hz, index).iter().map(|sample| (sample * 32_767.0) as i16));
        let name = format!("{index:04}.wav");
        std::fs::write(folder.join(&name), &wav)?;
        let mut clip = Clip::found(format!("bench/{index:04}"), "bench".into(), name, wav.len() as u64);
        clip.content_hash = Some(blake3::hash(&wav).to_hex().to_string());
        clip.duration_s = Some(SECONDS as f64);
        rows.push(clip);
    }
    let rate = [(KEY_SAMPLE_RATE_HZ, "16000".to_owned())];
    Clip::write_with(&Clip::file_in(folder), &rows, &Provenance::default(), &rate)?;
    Ok(())
}
