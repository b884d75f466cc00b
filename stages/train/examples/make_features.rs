//! Writes the tables that a train stage reads, of generated clips: to measure with, of any number of clips.
//!
//!     cargo run --release -p ser-train --example make_features -- FOLDER CLIPS
//!
//! `FOLDER`, which must not exist yet, gets `manifest`, `features` and the split `split` as a run has them in its artifacts: frames
//! of 100 values, 100 to 200 of them, and 1200 functionals per clip, about 65 kB. Clips are of four corpora, fifty of each
//! speaker, and one fold trains on eight of ten speakers. Values are noise, in which the class moves a few columns a little. The
//! same arguments always make the same tables. Memory holds a part and the small tables.

use std::error::Error;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ser_schemas::frames::{ClipFrames, FrameLayout, FramesWriter};
use ser_schemas::functionals::FunctionalsWriter;
use ser_schemas::{Assignment, Clip, Emotion, Provenance, Role, Table, frames, functionals};

const WIDTH: usize = 100;
const FRAMES: std::ops::RangeInclusive<usize> = 100..=200;
const FUNCTIONALS: usize = 1200;
const HOP_S: f64 = 0.01;
const CLIPS_OF_A_SPEAKER: usize = 50;
const CORPORA: usize = 4;
/// Columns that the class moves, and how far.
const TELLING: usize = 10;
const MOVED: f32 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, clips] = &arguments[..] else { return Err("usage: make_features FOLDER CLIPS".into()) };
    let (folder, clips) = (Path::new(folder), clips.parse::<usize>()?);
    std::fs::create_dir(folder)?;
    let [manifest, features, split] = ["manifest", "features", "split"].map(|name| folder.join(name));
    for dir in [&manifest, &features, &split] {
        std::fs::create_dir(dir)?;
    }
    let none = Provenance::default();
    let names = |stem: &str, count: usize| (0..count).map(|at| format!("{stem}_{at:04}")).collect::<Vec<_>>();
    let layout = FrameLayout {
        names: names("log_mel", WIDTH),
        sample_rate_hz: 16_000,
        hop_s: HOP_S,
        params: serde_json::json!({ "hop_s": HOP_S }),
    };
    let mut of_frames = FramesWriter::create(&features.join(frames::FOLDER), &layout, &none)?;
    let of_clips = names("made", FUNCTIONALS);
    let mut of_clips = FunctionalsWriter::create(&features.join(functionals::FOLDER), &of_clips, &none)?;
    let (mut rows, mut assignments) = (Vec::with_capacity(clips), Vec::with_capacity(clips));
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for at in 0..clips {
        let (speaker, class) = (at / CLIPS_OF_A_SPEAKER, at % Emotion::BUILT_IN.len());
        let corpus = format!("made_{}", speaker % CORPORA);
        let clip_id = format!("{corpus}/speaker_{speaker:05}/clip_{at:07}");
        let mut clip = Clip::found(clip_id.clone(), corpus.clone(), format!("{clip_id}.wav"), 1);
        clip.speaker = Some(format!("{corpus}:{speaker:05}"));
        clip.emotion = Some(Emotion::BUILT_IN[class]);
        rows.push(clip);
        let role = match speaker % 10 {
            0..8 => Role::Train,
            8 => Role::Validation,
            _ => Role::Test,
        };
        assignments.push(Assignment { clip_id: clip_id.clone(), fold: 0, role });
        of_clips.push(&clip_id, &values(1, FUNCTIONALS, class, &mut rng))?;
        let count = rng.random_range(FRAMES);
        let values = values(count, WIDTH, class, &mut rng);
        of_frames.push(ClipFrames { clip_id, variant: String::new(), values })?;
    }
    of_frames.finish()?;
    of_clips.finish()?;
    Clip::write_in(&manifest, &rows, &none)?;
    Assignment::write_in(&split, &assignments, &none)?;
    Ok(())
}

/// `rows` rows of `width` values from -1 to 1, each class a little higher in columns of its own.
fn values(rows: usize, width: usize, class: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let telling = class * TELLING..(class + 1) * TELLING;
    (0..rows * width)
        .map(|at| rng.random_range(-1.0..1.0_f32) + if telling.contains(&(at % width)) { MOVED } else { 0.0 })
        .collect()
}
