//! Copies of a take are found by its sound, whatever was done to them, and other takes of its words are not.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use ser_audio::{Limits, Resampler};
use ser_audit::{Params, near_duplicates};
use ser_schemas::{Clip, NearDuplicate};

const RATE_HZ: u32 = 48_000;

/// Two seconds of something like a voice: harmonics of a moving pitch under moving weights. Another `take` has the same
/// melody and the same weights, but a pitch that strays from it by 1 %, as voices do.
fn voice(take: u32) -> Vec<f32> {
    let mut phase = 0.0;
    let at = |n: u32| {
        let t = f64::from(n) / f64::from(RATE_HZ);
        let melody = 150.0 + 40.0 * (TAU * 0.9 * t).sin() + 15.0 * (TAU * 2.3 * t).sin();
        let straying = 1.5 * (TAU * 1.7 * t + f64::from(take)).sin() * f64::from(take.min(1));
        phase += (melody + straying) / f64::from(RATE_HZ);
        if !(0.2..1.8).contains(&t) {
            return 0.0;
        }
        let harmonics = (1..=20).map(|k| {
            let weight = 1.0 + (TAU * (1.1 + 0.37 * f64::from(k)) * t + f64::from(k * k)).sin();
            weight * (TAU * phase * f64::from(k)).sin() / f64::from(k)
        });
        (0.1 * harmonics.sum::<f64>()) as f32
    };
    (0..2 * RATE_HZ).map(at).collect()
}

fn clip(id: &str, samples: &[f32], rate_hz: u32) -> Clip {
    let mut clip = Clip::found(id.into(), "c".into(), id.into(), 1);
    clip.fingerprint = ser_audio::fingerprint(samples, rate_hz);
    clip.phase = ser_audio::phase(samples, rate_hz);
    clip
}

fn resampled(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    Resampler::new(from_hz, to_hz).expect("rates").resample(samples)
}

fn pairs(clips: &[Clip], min_correlation: f64) -> Vec<NearDuplicate> {
    near_duplicates(clips, Params::default().near_duplicate_similarity, min_correlation)
}

#[test]
fn copies_are_confirmed_whatever_was_done_to_them() {
    let original = voice(0);
    let map = |change: &dyn Fn(f32) -> f32| original.iter().map(|x| change(*x)).collect::<Vec<f32>>();
    let padded: Vec<f32> = std::iter::repeat_n(0.0, 6_571).chain(original.iter().copied()).collect();
    let echo: Vec<f32> =
        original.iter().enumerate().map(|(n, x)| x + n.checked_sub(1_440).map_or(0.0, |n| 0.4 * original[n])).collect();
    let mut low = 0.0;
    let muffled: Vec<f32> = original
        .iter()
        .map(|x| {
            low += 0.08 * (x - low);
            low
        })
        .collect();
    let thin: Vec<f32> = original.iter().zip(&muffled).map(|(x, low)| x - low).collect();
    let copies: [(&str, Vec<f32>, u32); 14] = [
        ("quieter", map(&|x| 0.01 * x), RATE_HZ),
        ("inverted", map(&|x| -x), RATE_HZ),
        ("offset", map(&|x| x + 0.1), RATE_HZ),
        ("8 bit", map(&|x| (x * 127.0).round() / 127.0), RATE_HZ),
        ("clipped", map(&|x| (8.0 * x).clamp(-1.0, 1.0)), RATE_HZ),
        ("8 kHz", resampled(&original, RATE_HZ, 8_000), 8_000),
        ("24414 Hz", resampled(&original, RATE_HZ, 24_414), 24_414),
        ("44100 Hz", resampled(&original, RATE_HZ, 44_100), 44_100),
        ("padded", padded, RATE_HZ),
        ("cut", original[18_013..81_000].to_vec(), RATE_HZ),
        ("echo", echo, RATE_HZ),
        ("without treble", muffled, RATE_HZ),
        ("without bass", thin, RATE_HZ),
        ("fast clock", resampled(&original, 48_000, 47_960), RATE_HZ),
    ];
    let original = clip("0", &original, RATE_HZ);
    for (name, samples, rate_hz) in copies {
        let clips = [original.clone(), clip(name, &samples, rate_hz)];
        let found = pairs(&clips, Params::default().near_duplicate_correlation);
        assert_eq!(found.len(), 1, "{name}: {:?}", pairs(&clips, 0.0));
        assert!(found[0].correlation.is_some_and(|correlation| correlation > 0.6), "{name}: {found:?}");
    }
}

#[test]
fn other_takes_of_the_same_melody_are_not() {
    let takes: Vec<Clip> = (0..6).map(|take| clip(&take.to_string(), &voice(take), RATE_HZ)).collect();
    let alike = pairs(&takes, 0.0);
    assert!(alike.len() >= 10, "fingerprints cannot tell them apart: {alike:#?}");
    assert!(alike.iter().all(|pair| pair.correlation.is_some_and(|correlation| correlation < 0.3)), "{alike:#?}");
    assert_eq!(pairs(&takes, Params::default().near_duplicate_correlation), []);
}

#[test]
fn real_takes_of_one_phrase_are_told_apart() {
    let folder = std::env::var_os("SER_REAL_CORPORA").map(|folder| Path::new(&folder).join("tess"));
    let Some(folder) = folder.filter(|folder| folder.exists()) else {
        #[expect(clippy::print_stderr, reason = "the runner shows it: a skipped test must not look like a passed one")]
        {
            eprintln!("skipped: set SER_REAL_CORPORA to a folder that holds `tess`");
        }
        return;
    };
    let limits = Limits { max_bytes: 1 << 24, max_duration_s: 60.0, max_samples: 1 << 22 };
    let mut paths: Vec<PathBuf> = Vec::new();
    for speaker in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if speaker.is_dir() {
            paths.extend(std::fs::read_dir(speaker).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
    }
    paths.sort();
    let clips: Vec<Clip> = paths
        .iter()
        .map(|path| {
            let audio = ser_audio::decode_file(path, &limits).expect("audio");
            clip(&path.display().to_string(), &audio.mono(), audio.sample_rate_hz)
        })
        .collect();
    // At a similarity that asks for little, hundreds of takes are alike; their waveforms are far from the threshold.
    let alike = near_duplicates(&clips, 0.6, 0.0);
    let threshold = Params::default().near_duplicate_correlation;
    let highest = alike.iter().filter_map(|pair| pair.correlation).fold(0.0, f64::max);
    assert!(alike.len() > 20 && highest < 0.8 * threshold, "{} alike, {highest}", alike.len());
}
