//! The stage from a manifest to its tables.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ser_features::{Extractor, FeaturesError, Params, run};
use ser_schemas::frames::{self, ClipFrames};
use ser_schemas::functionals::{self, Functionals};
use ser_schemas::{Clip, Emotion, Example, KEY_SAMPLE_RATE_HZ, Provenance, Table, part_files};
use ser_stage::{Context, Observer, Quiet};

use support::write_wav;

const CLIPS: usize = 150;

/// A tone and its octave; higher and longer with its index.
fn tone(index: usize, rate_hz: u32) -> Vec<f32> {
    let hz = 100.0 + 3.0 * index as f32;
    let length = rate_hz as usize / 5 + 37 * index;
    (0..length)
        .map(|n| {
            let phase = std::f32::consts::TAU * hz * n as f32 / rate_hz as f32;
            0.3 * phase.sin() + 0.1 * (2.0 * phase).sin()
        })
        .collect()
}

/// Clips of three sample rates, and the manifest that lists them.
fn corpus(folder: &Path, rate: Option<&str>) {
    let rows: Vec<Clip> = (0..CLIPS)
        .map(|index| {
            let rate_hz = [16_000, 24_414, 48_000][index % 3];
            let samples = tone(index, rate_hz);
            write_wav(&folder.join(format!("{index}.wav")), rate_hz, &samples);
            let mut clip = Clip::found(format!("made/{index:03}"), "made".into(), format!("{index}.wav"), 0);
            clip.emotion = Some([Emotion::ANGRY, Emotion::SAD][index % 2]);
            clip.duration_s = Some(samples.len() as f64 / f64::from(rate_hz));
            clip
        })
        .collect();
    let extra: Vec<(&str, String)> = rate.map(|rate| (KEY_SAMPLE_RATE_HZ, rate.to_owned())).into_iter().collect();
    Clip::write_with(&Clip::file_in(folder), &rows, &Provenance::default(), &extra).expect("manifest");
}

fn run_in(folder: &Path, out: &str, params: &Params, observer: &dyn Observer) -> Result<String, FeaturesError> {
    let out_dir = folder.join(out);
    std::fs::create_dir_all(&out_dir).expect("folder");
    let parts_dir = tempfile::tempdir_in(folder).expect("folder");
    let ctx = Context { seed: 7, base_dir: folder, observer, parts_dir: parts_dir.path(), ..Context::alone(&out_dir) };
    run(params, folder, &ctx).map(|summary| summary.headline)
}

fn read_frames(path: &Path) -> Vec<ClipFrames> {
    let mut clips: Vec<ClipFrames> = frames::read_clips(path).expect("table").collect::<Result<_, _>>().expect("rows");
    // Parts are in no order; within a part, copies of a clip are in the order declared.
    clips.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
    clips
}

/// By clip and alteration.
fn read_functionals(path: &Path) -> BTreeMap<(String, String), Vec<f32>> {
    let table = Functionals::read(path).expect("functionals");
    let rows = (0..).map(|row| table.row(row).to_vec());
    table.clip_ids.iter().cloned().zip(table.variants.iter().cloned()).zip(rows).collect()
}

#[test]
fn every_clip_has_its_features_in_some_part() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    let params = Params::default();
    let headline = run_in(folder.path(), "out", &params, &Quiet).expect("stage");
    assert!(headline.starts_with("150 clips, ") && headline.ends_with(" frames of 100 features"), "{headline}");
    let out = folder.path().join("out");
    assert!(!out.join(frames::AUGMENTED).exists() && !out.join(functionals::AUGMENTED).exists());

    let layout = frames::read_layout(&out.join("frames")).expect("layout");
    let mut extractor =
        Extractor::new(&serde_json::from_value(layout.params.clone()).expect("parameters"), layout.sample_rate_hz)
            .expect("extractor");
    assert_eq!(extractor.layout().frames, layout);
    let clips = read_frames(&out.join("frames"));
    let functionals = Functionals::read(&out.join("functionals")).expect("functionals");
    assert_eq!((clips.len(), functionals.clip_ids.len()), (CLIPS, CLIPS));
    let [of_frames, of_functionals] = ["frames", "functionals"].map(|table| {
        let parts = part_files(&out.join(table)).expect("parts").into_iter();
        parts.map(|part| part.file_name().expect("a name").to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(of_frames, of_functionals);
    assert_eq!(functionals.names, extractor.layout().functionals);
    for (index, clip) in clips.iter().enumerate() {
        assert_eq!(clip.clip_id, format!("made/{index:03}"));
        assert_eq!(clip.variant, "");
    }
    // The stage and prediction compute the same numbers.
    for index in [0, 77, 149] {
        let audio = ser_audio::decode_file(&folder.path().join(format!("{index}.wav")), &ser_audio::Limits::default());
        let audio = audio.expect("audio");
        let features = extractor.extract(&audio.mono(), audio.sample_rate_hz).expect("features");
        assert_eq!(clips[index].values, features.frames);
        let row = functionals.clip_ids.iter().position(|clip_id| *clip_id == clips[index].clip_id).expect("a row");
        assert_eq!(functionals.row(row), features.functionals);
    }

    let examples = Example::read_in(&out).expect("examples");
    let emotions: Vec<Emotion> = examples.iter().map(|example| example.emotion).collect();
    assert_eq!(emotions, [Emotion::ANGRY, Emotion::SAD]);
}

#[test]
fn altered_copies_are_the_same_in_every_run() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    let params: Params = serde_json::from_value(serde_json::json!({
        "enhance": [{"kind": "pre-emphasis"}],
        "augment": [{"kind": "noise", "snr_db": 20.0, "copies": 2}, {"kind": "speed", "factors": [0.8]}],
        "log_mel": {"n_mels": 30},
    }))
    .expect("parameters");
    run_in(folder.path(), "one", &params, &Quiet).expect("stage");
    run_in(folder.path(), "two", &params, &Quiet).expect("stage");
    let path = |run: &str, file: &str| folder.path().join(run).join(file);
    let copies = read_frames(&path("one", frames::AUGMENTED));
    assert_eq!(copies, read_frames(&path("two", frames::AUGMENTED)));
    let [one, two] = ["one", "two"].map(|run| read_functionals(&path(run, functionals::AUGMENTED)));
    assert_eq!(one, two);
    let of_copies = copies.iter().map(|copy| (copy.clip_id.as_str(), copy.variant.as_str()));
    assert!(one.keys().map(|(clip_id, variant)| (clip_id.as_str(), variant.as_str())).eq(of_copies), "a row of each");
    let clips = read_frames(&path("one", "frames"));
    let width = frames::read_layout(&path("one", frames::AUGMENTED)).expect("layout").names.len();
    assert_eq!(copies.len(), 3 * CLIPS);
    for (index, variants) in copies.chunks_exact(3).enumerate() {
        let names: Vec<&str> = variants.iter().map(|copy| copy.variant.as_str()).collect();
        assert_eq!(names, ["noise_1", "noise_2", "speed_1"]);
        assert!(variants.iter().all(|copy| copy.clip_id == clips[index].clip_id));
        assert_eq!(variants[0].frame_count(width), clips[index].frame_count(width));
        assert_ne!(variants[0].values, variants[1].values);
        // Slower by a fifth is longer by a quarter.
        let (slow, original) = (variants[2].frame_count(width) as f64, clips[index].frame_count(width) as f64);
        assert!((slow / original - 1.25).abs() < 0.06, "{slow} {original}");
    }
}

/// What a copy sounds like decides its functionals: the mean of each feature is that of its own frames.
#[test]
fn functionals_of_copies_are_of_their_own_frames() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    let params: Params = serde_json::from_value(serde_json::json!({
        "augment": [{"kind": "speed", "factors": [0.8]}, {"kind": "vtlp"}],
        "log_mel": {"n_mels": 30},
    }))
    .expect("parameters");
    run_in(folder.path(), "out", &params, &Quiet).expect("stage");
    let path = |file: &str| folder.path().join("out").join(file);
    let names = frames::read_layout(&path(frames::AUGMENTED)).expect("layout").names;
    let statistics = Functionals::read(&path(functionals::AUGMENTED)).expect("functionals").names;
    let (band, mean) = ("log_mel_07", "log_mel_07_mean");
    let band = names.iter().position(|name| name == band).expect("a band");
    let mean = statistics.iter().position(|name| name == mean).expect("its mean");
    let found = read_functionals(&path(functionals::AUGMENTED));
    let originals = Functionals::read(&path(functionals::FOLDER)).expect("functionals");
    for copy in read_frames(&path(frames::AUGMENTED)) {
        let values: Vec<f32> = copy.values.iter().skip(band).step_by(names.len()).copied().collect();
        let expected = values.iter().sum::<f32>() / values.len() as f32;
        let found = found[&(copy.clip_id.clone(), copy.variant.clone())][mean];
        assert!((found - expected).abs() < 1e-3, "{} {}: {found}, expected {expected}", copy.clip_id, copy.variant);
        let original = originals.clip_ids.iter().position(|clip_id| *clip_id == copy.clip_id).expect("the clip");
        assert_ne!(found.to_bits(), originals.row(original)[mean].to_bits(), "{} {}", copy.clip_id, copy.variant);
    }
}

/// A fifth faster: a fifth higher, and shorter in proportion.
#[test]
fn speed_moves_pitch_and_tempo() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    let params: Params = serde_json::from_value(serde_json::json!({
        "augment": [{"kind": "speed", "factors": [0.9, 1.1]}],
        "f0": {"on": true},
    }))
    .expect("parameters");
    run_in(folder.path(), "out", &params, &Quiet).expect("stage");
    let path = |file: &str| folder.path().join("out").join(file);
    let names = frames::read_layout(&path(frames::AUGMENTED)).expect("layout").names;
    let pitch = names.iter().position(|name| name == "f0_hz").expect("a pitch");
    let median_hz = |clip: &ClipFrames| {
        let mut hz: Vec<f32> =
            clip.values.chunks(names.len()).map(|frame| frame[pitch]).filter(|hz| *hz > 0.0).collect();
        hz.sort_by(f32::total_cmp);
        hz[hz.len() / 2]
    };
    let clips = read_frames(&path("frames"));
    for (clip, copies) in clips.iter().zip(read_frames(&path(frames::AUGMENTED)).chunks_exact(2)).skip(30) {
        for (copy, factor) in copies.iter().zip([0.9_f32, 1.1]) {
            let (hz, expected) = (median_hz(copy), median_hz(clip) * factor);
            assert!(
                (hz / expected - 1.0).abs() < 0.01,
                "{} {}: {hz} Hz, expected {expected} Hz",
                clip.clip_id,
                copy.variant
            );
            let (count, expected) = (copy.frame_count(names.len()), clip.frame_count(names.len()) as f32 / factor);
            assert!((count as f32 - expected).abs() <= 1.2, "{count} frames, expected {expected}");
        }
    }
}

#[test]
fn another_vocal_tract_changes_mel_bands_and_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    let params = |augment: serde_json::Value, n_mels: u32| -> Params {
        let value = serde_json::json!({"augment": [augment], "log_mel": {"n_mels": n_mels}, "samples": true});
        serde_json::from_value(value).expect("parameters")
    };
    let neutral = serde_json::json!({"kind": "vtlp", "min_alpha": 1.0, "max_alpha": 1.0});
    run_in(folder.path(), "same", &params(neutral, 40), &Quiet).expect("stage");
    run_in(folder.path(), "other", &params(serde_json::json!({"kind": "vtlp"}), 40), &Quiet).expect("stage");
    let path = |run: &str, file: &str| folder.path().join(run).join(file);
    let names = frames::read_layout(&path("same", frames::AUGMENTED)).expect("layout").names;
    let of_mel: Vec<bool> = names.iter().map(|name| name.starts_with("log_mel") || name.starts_with("mfcc")).collect();
    let clips = read_frames(&path("same", "frames"));
    let [same, other] = ["same", "other"].map(|run| read_frames(&path(run, frames::AUGMENTED)));
    for ((clip, same), other) in clips.iter().zip(same).zip(other) {
        assert_eq!(clip.values.len(), same.values.len());
        let close = |at: usize| (clip.values[at] - same.values[at]).abs() < 1e-3;
        assert!((0..clip.values.len()).all(close), "alpha 1 is no warp");
        assert_eq!(other.variant, "vtlp_1");
        let is_same = |at: &usize| clip.values[*at].to_bits() == other.values[*at].to_bits();
        let (mel, others): (Vec<usize>, Vec<usize>) = (0..clip.values.len()).partition(|at| of_mel[at % names.len()]);
        assert!(others.iter().all(is_same), "{}", clip.clip_id);
        assert!(mel.iter().filter(|at| !is_same(at)).count() > mel.len() / 2, "{}", clip.clip_id);
    }
}

#[test]
fn a_vocal_tract_without_bands_to_hear_it_is_refused() {
    let refused = |json: serde_json::Value, rate_hz: u32| {
        let params = serde_json::from_value(json).expect("parameters");
        Extractor::new(&params, rate_hz).err().expect("refused").to_string()
    };
    let vtlp = || serde_json::json!([{"kind": "vtlp"}]);
    let message =
        refused(serde_json::json!({"augment": vtlp(), "log_mel": {"on": false}, "mfcc": {"on": false}}), 16_000);
    assert!(message.contains("augment[0].kind") && message.contains("switch `log_mel` or `mfcc` on"), "{message}");
    let message = refused(serde_json::json!({"augment": vtlp()}), 8_000);
    assert!(message.contains("augment[0].f_hi_hz") && message.contains("half the sample rate of 8000 Hz"), "{message}");
    let message = refused(serde_json::json!({"augment": vtlp(), "log_mel": {"n_mels": 180}}), 16_000);
    assert!(message.contains("augment[0].min_alpha") && message.contains("fewer bands"), "{message}");
}

#[test]
fn functionals_that_are_switched_off_leave_the_frames_as_they_are() {
    let folder = tempfile::tempdir().expect("temporary folder");
    corpus(folder.path(), Some("16000"));
    let mut params = Params::default();
    run_in(folder.path(), "with", &params, &Quiet).expect("features");
    params.functionals.on = false;
    run_in(folder.path(), "without", &params, &Quiet).expect("features");
    let read = |out: &str| Functionals::read(&folder.path().join(out).join("functionals")).expect("functionals");
    let (with, without) = (read("with"), read("without"));
    let sorted = |table: &Functionals| table.clip_ids.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!((sorted(&with), with.clip_ids.len()), (sorted(&without), CLIPS));
    assert!(without.names.is_empty() && without.values.is_empty());
    let frames = |out: &str| read_frames(&folder.path().join(out).join("frames"));
    assert!(frames("with") == frames("without"));
}

#[test]
fn a_clip_that_vanished_since_ingest_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    std::fs::write(folder.path().join("99.wav"), "not audio any more").expect("write");
    let error = run_in(folder.path(), "out", &Params::default(), &Quiet).expect_err("unreadable");
    let message = error.to_string();
    assert!(
        message.contains("`made/099`") && message.contains("99.wav") && message.contains("rerun the ingest"),
        "{message}"
    );
}

#[test]
fn a_manifest_without_sample_rate_or_clips_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    for (rate, found) in [(None, "found nothing"), (Some("fast"), "found `fast`"), (Some("4000"), "found `4000`")] {
        corpus(folder.path(), rate);
        let message = run_in(folder.path(), "out", &Params::default(), &Quiet).expect_err("no rate").to_string();
        assert!(message.contains(found) && message.contains("rerun the manifest stage"), "{message}");
    }
    let extra = [(KEY_SAMPLE_RATE_HZ, "16000".to_owned())];
    Clip::write_with(&Clip::file_in(folder.path()), &[], &Provenance::default(), &extra).expect("manifest");
    let error = run_in(folder.path(), "out", &Params::default(), &Quiet).expect_err("no clips");
    assert!(matches!(error, FeaturesError::NoClips { .. }), "{error}");
}

#[test]
fn speeds_that_leave_the_range_of_sample_rates_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("8000"));
    let params: Params = serde_json::from_value(serde_json::json!({"augment": [{"kind": "speed", "factors": [0.9]}]}))
        .expect("parameters");
    let message = run_in(folder.path(), "out", &params, &Quiet).expect_err("7200 Hz").to_string();
    assert!(message.contains("7200 Hz") && message.contains("closer to 1"), "{message}");
}

#[test]
fn a_cancelled_run_stops_and_has_no_result() {
    struct Stop;
    impl Observer for Stop {
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().expect("folder");
    corpus(folder.path(), Some("16000"));
    let error = run_in(folder.path(), "out", &Params::default(), &Stop).expect_err("stopped");
    assert!(matches!(error, FeaturesError::Cancelled), "{error}");
    assert!(part_files(&folder.path().join("out/frames")).is_err());
}

#[test]
fn an_offset_cuts_nothing_and_fills_no_pause() {
    let folder = tempfile::tempdir().expect("folder");
    let mut rng = 1_u32;
    let mut step = || {
        rng = rng.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1.01 * (((rng >> 24) % 3) as f32 - 1.0) / 32_767.0
    };
    let mut clip: Vec<f32> = (0..6_400).map(|_| step()).collect();
    clip.extend((0..12_800).map(|n| 0.25 * (std::f32::consts::TAU * 150.0 * n as f32 / 16_000.0).sin()));
    clip.extend((0..6_400).map(|_| step()));
    let params: Params =
        serde_json::from_value(serde_json::json!({"enhance": [{"kind": "trim-silence"}]})).expect("parameters");
    for params in [params, Params::default()] {
        let mut extractor = Extractor::new(&params, 16_000).expect("extractor");
        let f0 = extractor.layout().frames.names.iter().position(|name| name == "f0_hz").expect("a pitch");
        let mut features = |offset: f32| {
            let path = folder.path().join("clip.wav");
            write_wav(&path, 16_000, &clip.iter().map(|sample| sample + offset).collect::<Vec<_>>());
            let audio = ser_audio::decode_file(&path, &ser_audio::Limits::default()).expect("audio");
            let found = extractor.extract(&audio.into_mono(), 16_000).expect("features");
            let width = found.frames.len() / found.frame_count;
            let pitch: Vec<f32> = found.frames.chunks(width).map(|frame| frame[f0]).collect();
            pitch
        };
        let plain = features(0.0);
        assert!(plain.iter().any(|hz| (hz - 150.0).abs() < 1.5));
        for offset in [0.001, 0.05, 0.2, -0.4] {
            let shifted = features(offset);
            assert_eq!(shifted.len(), plain.len(), "offset {offset}: frames");
            for (index, (a, b)) in plain.iter().zip(&shifted).enumerate() {
                assert!((a - b).abs() <= 0.01 * a, "offset {offset}, frame {index}: {b} Hz, expected {a} Hz");
            }
        }
    }
}
