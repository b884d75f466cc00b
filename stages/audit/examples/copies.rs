//! Of altered copies of real recordings, how many does the audit find? And how many pairs does it find that are none?
//!
//! ```sh
//! cargo run --release -p ser-audit --example copies -- FOLDER...
//! ```
//!
//! Every recording below the folders is read, one of equal audio, and a number of each folder's (`COPIES`, 26) are
//! altered. Copies through codecs need `ffmpeg`; without it they are left out, and the output says so. `SIMILARITY` and
//! `CORRELATION` stand in for the defaults of the audit's thresholds.

#![expect(clippy::print_stdout, reason = "it is what an example does")]

use std::collections::BTreeSet;
use std::error::Error;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use ser_audio::testing::{files_below, mono_wav};
use ser_audio::{Limits, Resampler};
use ser_audit::{Params, near_duplicates};
use ser_schemas::{Clip, NearDuplicate};

const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_duration_s: 3_600.0, max_samples: 100_000_000 };
/// Fingerprints that agree so much belong to no copy; it shows how far from the threshold other takes are.
const RELAXED_SIMILARITY: f64 = 0.6;

/// One channel of sound.
#[derive(Debug, Clone, Default)]
struct Sound {
    samples: Vec<f32>,
    rate_hz: u32,
}

/// Makes a copy of a sound; `None` where it cannot.
type Alter = Box<dyn Fn(&Sound) -> Option<Sound> + Sync>;

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let number = |name: &str, usual: f64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let copies = number("COPIES", 26.0) as usize;
    let mut paths = Vec::new();
    let mut chosen = BTreeSet::new();
    for folder in &folders {
        let mut found = files_below(folder)?;
        let every = (found.len() / copies.max(1)).max(1);
        chosen.extend(found.iter().step_by(every).take(copies).cloned());
        paths.append(&mut found);
    }
    let mut hashes = BTreeSet::new();
    let mut originals: Vec<(Clip, Sound)> = Vec::new();
    for (path, read) in paths.iter().zip(parallel(&paths, |path| original(path))) {
        let Some((hash, clip, sound)) = read else { continue };
        if hashes.insert(hash) {
            originals.push((clip, if chosen.contains(path) { sound } else { Sound::default() }));
        }
    }
    let clips: Vec<Clip> = originals.iter().map(|(clip, _)| clip.clone()).collect();
    println!("{} recordings of different audio", clips.len());

    let params = Params::default();
    let similarity = number("SIMILARITY", params.near_duplicate_similarity);
    let correlation = number("CORRELATION", params.near_duplicate_correlation);
    let pairs = near_duplicates(&clips, similarity, correlation);
    println!("{} pairs among them:", pairs.len());
    pairs.iter().for_each(show);
    let others = |similarity| {
        let named: BTreeSet<_> = pairs.iter().map(|pair| (&pair.clip_a, &pair.clip_b)).collect();
        let mut others = near_duplicates(&clips, similarity, 0.0);
        others.retain(|pair| !named.contains(&(&pair.clip_a, &pair.clip_b)));
        others.sort_by(|one, other| other.correlation.unwrap_or(0.0).total_cmp(&one.correlation.unwrap_or(0.0)));
        others
    };
    println!("{} pairs by fingerprint alone are none by correlation", others(similarity).len());
    let relaxed = others(RELAXED_SIMILARITY);
    println!(
        "{} pairs of similarity {RELAXED_SIMILARITY} and more are none; their highest correlations:",
        relaxed.len()
    );
    relaxed.iter().take(5).for_each(show);

    let chosen: Vec<&(Clip, Sound)> = originals.iter().filter(|(_, sound)| !sound.samples.is_empty()).collect();
    println!("\n{:28} {:>10} {:>11} {:>12} {:>6}", "copies", "found", "similarity", "correlation", "others");
    let (mut found, mut made, mut wrong) = (0, 0, 0);
    for (name, alter) in alterations() {
        let copies: Vec<Clip> = parallel(&chosen, |(clip, sound)| {
            let copy = alter(sound)?;
            Some(printed(format!("{} altered", clip.clip_id), &copy))
        })
        .into_iter()
        .flatten()
        .collect();
        if copies.is_empty() {
            println!("{name:28} left out: no such encoder");
            continue;
        }
        let mut all = clips.clone();
        all.extend(copies.iter().cloned());
        let of_copies: Vec<NearDuplicate> = near_duplicates(&all, similarity, correlation)
            .into_iter()
            .filter(|pair| pair.clip_a.ends_with(" altered") || pair.clip_b.ends_with(" altered"))
            .collect();
        let (right, other): (Vec<_>, Vec<_>) =
            of_copies.iter().partition(|pair| pair.clip_b == format!("{} altered", pair.clip_a));
        let least = |of: fn(&NearDuplicate) -> f64| right.iter().map(|pair| of(pair)).fold(1.0, f64::min);
        println!(
            "{name:28} {:>5} of {:3} {:>11.3} {:>12.3} {:>6}",
            right.len(),
            copies.len(),
            least(|pair| pair.similarity),
            least(|pair| pair.correlation.unwrap_or(0.0)),
            other.len()
        );
        (found, made, wrong) = (found + right.len(), made + copies.len(), wrong + other.len());
    }
    println!(
        "{found} of {made} altered copies found (lowest similarity and correlation of those found above), {wrong} other pairs"
    );
    Ok(())
}

fn show(pair: &NearDuplicate) {
    println!(
        "  {} = {}: similarity {:.2}, correlation {:.2}, {:.2} s in common",
        pair.clip_a,
        pair.clip_b,
        pair.similarity,
        pair.correlation.unwrap_or(f64::NAN),
        pair.overlap_s
    );
}

/// `work` on every item, on all processors, in the items' order.
fn parallel<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> Option<U> + Sync) -> Vec<Option<U>> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut done: Vec<(usize, Option<U>)> = std::thread::scope(|scope| {
        let one = || {
            let mut mine = Vec::new();
            while let at = next.fetch_add(1, Ordering::Relaxed)
                && let Some(item) = items.get(at)
            {
                mine.push((at, work(item)));
            }
            mine
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Hash of the audio, clip and sound of a file; `None` for one that is no audio.
fn original(path: &Path) -> Option<(String, Clip, Sound)> {
    let decoded = ser_audio::decode(std::fs::read(path).ok()?, &LIMITS).ok()?;
    let sound = Sound { samples: decoded.mono(), rate_hz: decoded.sample_rate_hz };
    let components: Vec<_> = path.components().rev().take(3).map(|part| part.as_os_str().to_string_lossy()).collect();
    let id: Vec<_> = components.into_iter().rev().collect();
    Some((decoded.audio_hash(), printed(id.join("/"), &sound), sound))
}

fn printed(id: String, sound: &Sound) -> Clip {
    let mut clip = Clip::found(id.clone(), String::new(), id, 0);
    clip.fingerprint = ser_audio::fingerprint(&sound.samples, sound.rate_hz);
    clip.phase = ser_audio::phase(&sound.samples, sound.rate_hz);
    clip
}

fn alterations() -> Vec<(String, Alter)> {
    let mut all: Vec<(String, Alter)> = Vec::new();
    let mut add = |name: &str, alter: Alter| all.push((name.to_owned(), alter));
    for rate_hz in [8_000, 11_025, 16_000, 22_050, 44_100] {
        add(&format!("resampled to {rate_hz} Hz"), Box::new(move |sound| resampled(sound, rate_hz)));
    }
    add("30 dB quieter", Box::new(|sound| Some(mapped(sound, |_, x| x * 0.031_6))));
    add("clipped by 12 dB", Box::new(|sound| Some(loud(sound, 4.0))));
    add("polarity inverted", Box::new(|sound| Some(mapped(sound, |_, x| -x))));
    add("offset of 0.05", Box::new(|sound| Some(mapped(sound, |_, x| x + 0.05))));
    add("8 bit", Box::new(|sound| Some(mapped(&loud(sound, 1.0), |_, x| (x * 127.0).round() / 127.0))));
    add(
        "8 bit, 20 dB below full",
        Box::new(|sound| Some(mapped(&loud(sound, 0.1), |_, x| (x * 127.0).round() / 127.0))),
    );
    add("0.137 s padded", Box::new(|sound| Some(padded(sound, 0.137, 0.41))));
    add("cut by a tenth at each end", Box::new(|sound| Some(cut(sound, 0.1, 0.9))));
    add("cut to 65 %", Box::new(|sound| Some(cut(sound, 0.3, 0.95))));
    add("telephone band, 8 kHz", Box::new(|sound| resampled(&filtered(sound, Some(300.0), Some(3_400.0)), 8_000)));
    add("bass cut below 600 Hz", Box::new(|sound| Some(filtered(sound, Some(600.0), None))));
    add("treble cut above 800 Hz", Box::new(|sound| Some(filtered(sound, None, Some(800.0)))));
    for snr_db in [20.0, 10.0, 5.0] {
        add(&format!("noise {snr_db} dB below"), Box::new(move |sound| Some(noisy(sound, snr_db))));
    }
    add("echo after 30 ms", Box::new(|sound| Some(echoed(sound, 0.03, 0.4))));
    add("clock off by 0.05 %", Box::new(|sound| sped(sound, 10_005)));
    add("clock off by 0.1 %", Box::new(|sound| sped(sound, 9_990)));
    let codecs: [(&str, &[&str], &str); 14] = [
        ("mp3 64 kbit/s", &["-c:a", "libmp3lame", "-b:a", "64k"], "mp3"),
        ("mp3 32 kbit/s", &["-c:a", "libmp3lame", "-b:a", "32k"], "mp3"),
        ("mp3 24 kbit/s, 16 kHz", &["-ar", "16000", "-c:a", "libmp3lame", "-b:a", "24k"], "mp3"),
        ("mp3 8 kbit/s, 8 kHz", &["-ar", "8000", "-c:a", "libmp3lame", "-b:a", "8k"], "mp3"),
        ("vorbis q3", &["-c:a", "libvorbis", "-q:a", "3"], "ogg"),
        ("vorbis q-1", &["-c:a", "libvorbis", "-q:a", "-1"], "ogg"),
        ("aac 32 kbit/s", &["-c:a", "aac", "-b:a", "32k"], "m4a"),
        ("opus 24 kbit/s", &["-ar", "48000", "-c:a", "libopus", "-b:a", "24k"], "opus"),
        ("opus 8 kbit/s", &["-ar", "48000", "-c:a", "libopus", "-b:a", "8k"], "opus"),
        ("wma 32 kbit/s, 22 kHz", &["-ar", "22050", "-c:a", "wmav2", "-b:a", "32k"], "wma"),
        ("gsm 13 kbit/s", &["-ar", "8000", "-c:a", "libgsm"], "gsm"),
        ("speex 8 kHz", &["-ar", "8000", "-c:a", "libspeex"], "ogg"),
        ("mu-law 8 kHz", &["-ar", "8000", "-c:a", "pcm_mulaw"], "wav"),
        ("adpcm", &["-c:a", "adpcm_ms"], "wav"),
    ];
    for (name, arguments, extension) in codecs {
        add(name, Box::new(move |sound| coded(sound, arguments, extension)));
    }
    let everything = |sound: &Sound| {
        let sound = padded(&mapped(&cut(sound, 0.05, 0.95), |_, x| -0.3 * x), 0.053, 0.0);
        coded(&noisy(&sound, 20.0), &["-ar", "16000", "-c:a", "libmp3lame", "-b:a", "24k"], "mp3")
    };
    add("cut, inverted, quieter, mp3", Box::new(everything));
    all
}

fn mapped(sound: &Sound, change: impl Fn(usize, f32) -> f32) -> Sound {
    let samples = sound.samples.iter().enumerate().map(|(at, x)| change(at, *x));
    Sound { samples: samples.collect(), rate_hz: sound.rate_hz }
}

/// With its peak at `peak` times full scale, clipped there.
fn loud(sound: &Sound, peak: f32) -> Sound {
    let highest = sound.samples.iter().fold(0.0_f32, |highest, x| highest.max(x.abs()));
    mapped(sound, |_, x| (x * peak / highest).clamp(-1.0, 1.0))
}

fn resampled(sound: &Sound, rate_hz: u32) -> Option<Sound> {
    let samples = Resampler::new(sound.rate_hz, rate_hz).ok()?.resample(&sound.samples);
    Some(Sound { samples, rate_hz })
}

/// Played by a clock that makes `rate` of 10 000 samples.
fn sped(sound: &Sound, rate: u32) -> Option<Sound> {
    let samples = Resampler::new(10_000, rate).ok()?.resample(&sound.samples);
    Some(Sound { samples, rate_hz: sound.rate_hz })
}

fn padded(sound: &Sound, before_s: f64, after_s: f64) -> Sound {
    let silence = |seconds: f64| std::iter::repeat_n(0.0, (seconds * f64::from(sound.rate_hz)) as usize);
    let samples = silence(before_s).chain(sound.samples.iter().copied()).chain(silence(after_s)).collect();
    Sound { samples, rate_hz: sound.rate_hz }
}

fn cut(sound: &Sound, from: f64, until: f64) -> Sound {
    let at = |share: f64| (share * sound.samples.len() as f64) as usize;
    Sound { samples: sound.samples[at(from)..at(until)].to_vec(), rate_hz: sound.rate_hz }
}

fn echoed(sound: &Sound, delay_s: f64, level: f32) -> Sound {
    let delay = (delay_s * f64::from(sound.rate_hz)) as usize;
    let before = |at: usize| at.checked_sub(delay).map_or(0.0, |at| sound.samples[at]);
    mapped(sound, |at, x| x + level * before(at))
}

fn noisy(sound: &Sound, snr_db: f64) -> Sound {
    let power = sound.samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / sound.samples.len().max(1) as f64;
    // Uniform noise has a third of its highest power.
    let level = (3.0 * power * 10.0_f64.powf(-snr_db / 10.0)).sqrt();
    // The same noise behind two takes would be sound that they have in common.
    let mut state = sound.samples.iter().fold(1_u64, |state, x| state.rotate_left(5) ^ u64::from(x.to_bits()));
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let samples = sound.samples.iter().map(|x| x + (level * noise()) as f32).collect();
    Sound { samples, rate_hz: sound.rate_hz }
}

/// Through Butterworth filters of second order, as an equaliser has them.
fn filtered(sound: &Sound, above_hz: Option<f64>, below_hz: Option<f64>) -> Sound {
    let mut samples = sound.samples.clone();
    for (corner, high) in [(above_hz, true), (below_hz, false)] {
        let Some(corner_hz) = corner.filter(|hz| *hz < 0.45 * f64::from(sound.rate_hz)) else { continue };
        let (sin, cos) = (TAU * corner_hz / f64::from(sound.rate_hz)).sin_cos();
        let alpha = sin / std::f64::consts::SQRT_2;
        let edge = if high { 1.0 + cos } else { 1.0 - cos };
        let (b0, b1) = (0.5 * edge, if high { -edge } else { edge });
        let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
        for sample in &mut samples {
            let x = f64::from(*sample);
            let y = (b0 * (x + x2) + b1 * x1 + 2.0 * cos * y1 - (1.0 - alpha) * y2) / (1.0 + alpha);
            (x2, x1, y2, y1) = (x1, x, y1, y);
            *sample = y as f32;
        }
    }
    Sound { samples, rate_hz: sound.rate_hz }
}

/// Through an encoder of `ffmpeg` and back.
fn coded(sound: &Sound, arguments: &[&str], extension: &str) -> Option<Sound> {
    let folder = tempfile::tempdir().ok()?;
    let [from, to, back] = ["from.wav", &format!("to.{extension}"), "back.wav"].map(|name| folder.path().join(name));
    let samples = sound.samples.iter().map(|sample| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16);
    std::fs::write(&from, mono_wav(sound.rate_hz, samples)).ok()?;
    let ffmpeg = |from: &Path, arguments: &[&str], to: &Path| {
        let mut command = Command::new("ffmpeg");
        command.args(["-loglevel", "quiet", "-y", "-i"]).arg(from).args(arguments).arg(to);
        command.stdin(Stdio::null()).status().ok().filter(std::process::ExitStatus::success)
    };
    ffmpeg(&from, arguments, &to)?;
    let read = |path: &Path| ser_audio::decode(std::fs::read(path).ok()?, &LIMITS).ok();
    // What ser does not decode itself reaches a corpus as WAV.
    let decoded = read(&to).or_else(|| ffmpeg(&to, &[], &back).and_then(|_| read(&back)))?;
    Some(Sound { samples: decoded.mono(), rate_hz: decoded.sample_rate_hz })
}
