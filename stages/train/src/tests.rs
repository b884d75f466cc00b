//! The stage from tables to predictions, on small generated tables.

mod corpora;
mod onnx;
mod prior;
mod seeds;
mod trials;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ser_models::MIN_SPEAKER_CLIPS;
use ser_schemas::frames::{ClipFrames, FrameLayout, FramesWriter};
use ser_schemas::functionals::Functionals;
use ser_schemas::{
    Assignment, Clip, Emotion, Epoch, Family, Model, Prediction, Provenance, Role, Standardisation, Table,
};
use ser_stage::{Context, Observer, Outcome, Quiet};

use crate::data::ROOM;
use crate::run::run_on;
use crate::threads::Threads;
use crate::{
    Augment, ClipInput, CnnLstmConfig, ConvLayer, Device, Inputs, KeptEpoch, Kernels, Lstm, NetworkConfig, Params,
    Predictor, SpeakerStatistics, Standardise, TrainError,
};

const EMOTIONS: [Emotion; 3] = [Emotion::ANGRY, Emotion::HAPPY, Emotion::SAD];
const SPEAKERS: usize = 6;
const PER_EMOTION: usize = 3;
const WIDTH: usize = 4;

/// A folder of tables: 6 speakers x 3 emotions x 3 takes; each emotion a tone of its own in the features, each speaker a
/// level of their own. Two folds hold out two speakers each, and validate on one.
struct World {
    folder: tempfile::TempDir,
    threads: Cell<usize>,
    /// Bytes of memory for features.
    room: Cell<usize>,
}

fn clip_id(speaker: usize, emotion: usize, take: usize) -> String {
    format!("made/{speaker}-{emotion}-{take}")
}

fn frames(speaker: usize, emotion: usize, take: usize) -> Vec<f32> {
    let count = 24 + 5 * take + speaker;
    (0..count * WIDTH)
        .map(|at| {
            let (frame, column) = (at / WIDTH, at % WIDTH);
            let tone = ((frame as f32 + take as f32) * (0.3 + 0.5 * emotion as f32)).sin();
            let noise = (((at * 7919 + speaker * 104_729 + take * 1_299_709) % 1000) as f32 / 1000.0 - 0.5) * 0.6;
            5.0 * speaker as f32 + tone * (column + 1) as f32 + noise + if column == emotion { 3.0 } else { 0.0 }
        })
        .collect()
}

fn each_clip() -> impl Iterator<Item = (usize, usize, usize)> {
    (0..SPEAKERS).flat_map(|s| (0..EMOTIONS.len()).flat_map(move |e| (0..PER_EMOTION).map(move |t| (s, e, t))))
}

impl World {
    fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// `change` may alter a clip's frames by its speaker.
    fn with(change: impl Fn(usize, &mut Vec<f32>)) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let world = Self { folder, threads: Cell::new(2), room: Cell::new(ROOM) };
        for name in ["manifest", "features", "split"] {
            std::fs::create_dir(world.path(name)).expect("folder");
        }
        let none = Provenance::default();
        let clips: Vec<Clip> = each_clip()
            .map(|(speaker, emotion, take)| {
                let mut clip = Clip::found(clip_id(speaker, emotion, take), "made".into(), String::new(), 1);
                clip.speaker = Some(format!("made:{speaker}"));
                clip.emotion = Some(EMOTIONS[emotion]);
                clip
            })
            .collect();
        Clip::write(&world.path("manifest/clips.parquet"), &clips, &none).expect("clips");
        let layout = FrameLayout {
            names: vec!["log_mel_00".into(), "log_mel_01".into(), "log_mel_02".into(), "zcr".into()],
            sample_rate_hz: 16_000,
            hop_s: 0.01,
            params: serde_json::json!({"hop_s": 0.01}),
        };
        let mut writer = FramesWriter::create(&world.path("features/frames"), &layout, &none).expect("frames");
        let mut copies =
            FramesWriter::create(&world.path("features").join(ser_schemas::frames::AUGMENTED), &layout, &none)
                .expect("copies");
        let mut functionals = Functionals { names: vec!["zcr_mean".into(), "zcr_sd".into()], ..Functionals::default() };
        for (speaker, emotion, take) in each_clip() {
            let mut values = frames(speaker, emotion, take);
            change(speaker, &mut values);
            let clip_id = clip_id(speaker, emotion, take);
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            functionals.clip_ids.push(clip_id.clone());
            functionals.values.extend([mean, emotion as f32 * 0.1 + take as f32]);
            let altered = values.iter().map(|value| value * 1.1).collect();
            copies
                .push(ClipFrames { clip_id: clip_id.clone(), variant: "gain".into(), values: altered })
                .expect("copy");
            writer.push(ClipFrames { clip_id, variant: String::new(), values }).expect("frames");
        }
        writer.finish().expect("frames");
        copies.finish().expect("copies");
        functionals.write(&world.path("features/functionals"), &none).expect("functionals");
        world.assign(|fold, speaker| {
            if speaker / 2 == fold {
                Role::Test
            } else if speaker == (2 * fold + 2) % SPEAKERS {
                Role::Validation
            } else {
                Role::Train
            }
        });
        world
    }

    fn assign(&self, role: impl Fn(usize, usize) -> Role) {
        let assignments: Vec<Assignment> = (0..2)
            .flat_map(|fold| each_clip().map(move |clip| (fold, clip)))
            .map(|(fold, (s, e, t))| Assignment { clip_id: clip_id(s, e, t), fold: fold as u32, role: role(fold, s) })
            .collect();
        let path = self.path("split/assignments.parquet");
        Assignment::write(&path, &assignments, &Provenance::default()).expect("assignments");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, name: &str, params: &Params) -> Result<Outcome, TrainError> {
        self.observed(name, name, params, &Quiet)
    }

    fn observed(&self, out: &str, work: &str, params: &Params, observer: &dyn Observer) -> Result<Outcome, TrainError> {
        let (out_dir, work_dir) = (self.path(out), self.path(&format!("{work}.work")));
        for folder in [&out_dir, &work_dir] {
            std::fs::create_dir_all(folder).expect("folder");
        }
        let (manifest, features, split) = (self.path("manifest"), self.path("features"), self.path("split"));
        let inputs =
            Inputs { manifest: &manifest, features: &features, split: &split, model: "net", split_name: "split" };
        let ctx = Context {
            provenance: Provenance { pipeline: "p".into(), stage: "net".into(), fingerprint: "f".into() },
            seed: 7,
            out_dir: &out_dir,
            observer,
            ..Context::alone(&work_dir)
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.get()).build().expect("threads");
        run_on(Threads::Pool(&pool), params, &inputs, &ctx, self.room.get())
    }

    fn predictions(&self, name: &str) -> Vec<Prediction> {
        Prediction::read_in(self.path(name)).expect("predictions")
    }

    fn about(&self, name: &str) -> Model {
        Model::read_in(self.path(name)).expect("models").remove(0)
    }

    /// The history without what the clock wrote.
    fn history(&self, name: &str) -> Vec<Epoch> {
        let mut rows = Epoch::read_in(self.path(name)).expect("history");
        for row in &mut rows {
            row.seconds = 0.0;
        }
        rows
    }

    fn weights(&self, name: &str, fold: u32) -> Vec<u8> {
        std::fs::read(self.path(name).join(format!("fold={fold}/model.safetensors"))).expect("weights")
    }
}

fn small_model() -> CnnLstmConfig {
    CnnLstmConfig {
        conv: vec![ConvLayer { channels: 8, kernel: 5, stride: 2, pool: 1 }],
        lstm: Lstm { hidden: 6, bidirectional: true, layers: 1 },
        attention_size: 4,
        functionals_size: 4,
        dense: vec![8],
        ..CnnLstmConfig::default()
    }
}

fn small() -> Params {
    Params {
        model: NetworkConfig::CnnLstm(small_model()),
        batch_size: 12,
        epochs: 8,
        learning_rate: 1e-2,
        ..Params::default()
    }
}

fn accuracy(predictions: &[Prediction]) -> f64 {
    predictions.iter().filter(|row| row.predicted == row.emotion).count() as f64 / predictions.len() as f64
}

#[test]
fn it_learns_what_can_be_learnt_and_writes_every_file() {
    let world = World::new();
    let params = Params { epochs: 60, early_stopping: 0, standardise: Standardise::Speaker, ..small() };
    let summary = world.run("net", &params).expect("training");
    assert_eq!(summary.rows, 36);
    let predictions = world.predictions("net");
    assert!(accuracy(&predictions) > 0.8, "accuracy {}", accuracy(&predictions));
    for row in &predictions {
        assert_eq!((row.model.as_str(), row.split.as_str(), row.classes.as_str()), ("net", "split", "angry,happy,sad"));
        assert!((row.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let best = row.probabilities.iter().copied().fold(0.0, f32::max);
        let at = EMOTIONS.iter().position(|emotion| *emotion == row.predicted).expect("a class");
        assert_eq!(row.probabilities[at], best);
    }
    let about = world.about("net");
    assert_eq!(
        (about.model.as_str(), about.split.as_str(), about.inputs.as_str()),
        ("net", "split", "frames,functionals")
    );
    assert_eq!((about.family, about.baseline), (Family::Network, false));
    assert_eq!((about.standardisation, about.uses_test_speakers), (Some(Standardisation::Speaker), true));
    assert!(about.parameter_count.is_some_and(|count| summary.headline.contains(&format!("{count} parameters"))));
    for fold in [0, 1] {
        let rows: Vec<Epoch> = world.history("net").into_iter().filter(|row| row.fold == fold).collect();
        assert_eq!(rows.iter().filter(|row| row.best).count(), 1);
        assert!(rows.iter().enumerate().all(|(at, row)| row.epoch == at as u32 + 1));
        assert!(rows.iter().all(|row| row.validation_uar.is_some_and(|uar| (0.0..=1.0).contains(&uar))));
        assert!(world.path("net").join(format!("fold={fold}/config.json")).is_file());
    }
}

#[test]
fn the_last_epoch_is_kept_or_the_best() {
    let world = World::new();
    let kept = |name: &str, keep_epoch: KeptEpoch| -> Vec<u32> {
        world.run(name, &Params { keep_epoch, epochs: 4, ..small() }).expect("training");
        world.history(name).into_iter().filter(|row| row.best).map(|row| row.epoch).collect()
    };
    assert_eq!(kept("last", KeptEpoch::Last), [4, 4]);
    let best = kept("best", KeptEpoch::Best);
    let history = world.history("best");
    for (fold, epoch) in (0..).zip(best) {
        let key = |row: &Epoch| (row.validation_uar, row.validation_loss.map(|loss| -loss));
        let of_fold = || history.iter().filter(|row| row.fold == fold);
        let kept = of_fold().find(|row| row.epoch == epoch).map(key).expect("a row");
        assert!(of_fold().all(|row| key(row) <= kept), "fold {fold}, epoch {epoch}");
    }
}

#[test]
fn one_batch_can_be_learnt_by_heart() {
    let world = World::new();
    world.assign(|_, speaker| if speaker == 0 { Role::Train } else { Role::Test });
    let params = Params {
        model: NetworkConfig::CnnLstm(CnnLstmConfig { dropout: 0.0, functionals_dropout: 0.0, ..small_model() }),
        epochs: 120,
        label_smoothing: 0.0,
        weight_decay: 0.0,
        augment: Augment { copies: 0.0, voice: 0.0, mixup: 0.0, time_masks: 0, feature_masks: 0, ..Augment::default() },
        ..small()
    };
    world.run("net", &params).expect("training");
    let last = world.history("net").into_iter().rfind(|row| row.fold == 0).expect("rows");
    assert!(last.train_loss < 0.05 && last.train_accuracy == 1.0, "{last:?}");
    // Without validation clips the last epoch is kept, and nothing is claimed about validation.
    assert!(last.best && last.validation_uar.is_none());
}

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let world = World::new();
    world.run("first", &small()).expect("training");
    world.run("second", &small()).expect("training");
    world.run("other_seed", &Params { seed_offset: 1, ..small() }).expect("training");
    assert_eq!(world.predictions("first"), world.predictions("second"));
    assert_eq!(world.history("first"), world.history("second"));
    for fold in [0, 1] {
        assert!(world.weights("first", fold) == world.weights("second", fold));
        assert!(world.weights("first", fold) != world.weights("other_seed", fold));
    }
}

/// All in memory, a part of it, and nothing: frames, copies and functionals are the same to the bit, whoever reads them.
#[test]
fn results_do_not_depend_on_the_memory_for_features() {
    let world = World::new();
    let augment = Augment { copies: 0.5, voice: 0.5, ..Augment::default() };
    let params = Params { epochs: 2, augment, standardise: Standardise::Speaker, max_frames: 8, ..small() };
    let bytes: [(&str, usize); 3] = [("all", ROOM), ("some", 10_000), ("none", 0)];
    for (name, room) in bytes {
        world.room.set(room);
        world.run(name, &params).expect("training");
        assert_eq!(world.predictions("all"), world.predictions(name));
        assert_eq!(world.history("all"), world.history(name));
        assert_eq!(world.trials("all"), world.trials(name));
        assert!((0..2).all(|fold| world.weights("all", fold) == world.weights(name, fold)), "{name} in memory");
    }
}

/// Fewer threads than folds, as many, and more, which then share a fold's batches; a batch of 45 clips has three parts.
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let world = World::new();
    world.assign(|fold, speaker| if speaker == fold { Role::Test } else { Role::Train });
    let params = Params { batch_size: 45, epochs: 3, ..small() };
    let names = ["1", "2", "5"];
    for name in names {
        world.threads.set(name.parse().expect("a number"));
        world.run(name, &params).expect("training");
    }
    for name in &names[1..] {
        assert_eq!(world.predictions("1"), world.predictions(name));
        assert_eq!(world.history("1"), world.history(name));
        for fold in [0, 1] {
            assert!(world.weights("1", fold) == world.weights(name, fold), "{name} threads");
        }
    }
}

/// Cancels when asked for the `after`th time.
struct Impatient {
    asked: AtomicUsize,
    after: usize,
}

impl Observer for Impatient {
    fn is_cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.after
    }
}

/// Remembers what it is told.
#[derive(Default)]
struct Ear {
    messages: Mutex<Vec<String>>,
    milestones: Mutex<Vec<String>>,
    warnings: Mutex<Vec<String>>,
}

impl Observer for Ear {
    fn message(&self, text: &str) {
        self.messages.lock().expect("lock").push(text.to_owned());
    }

    fn milestone(&self, text: &str) {
        self.milestones.lock().expect("lock").push(text.to_owned());
    }

    fn warn(&self, text: &str) {
        self.warnings.lock().expect("lock").push(text.to_owned());
    }
}

#[test]
fn every_epoch_and_every_fold_is_told() {
    let world = World::new();
    let params = Params { epochs: 2, early_stopping: 0, ..small() };
    world.threads.set(1);
    let ear = Ear::default();
    world.observed("told", "told", &params, &ear).expect("training");
    let messages = ear.messages.into_inner().expect("lock");
    let starts: Vec<&str> = messages.iter().filter_map(|text| text.split(", loss").next()).collect();
    let expected =
        [(1, 1), (1, 2), (2, 1), (2, 2)].map(|(at, epoch)| format!("fold {} ({at} of 2), epoch {epoch} of 2", at - 1));
    assert_eq!(starts, expected);
    let milestones = ear.milestones.into_inner().expect("lock");
    assert_eq!(milestones.len(), 2, "{milestones:?}");
    for (number, text) in milestones.iter().enumerate() {
        assert!(text.starts_with(&format!("fold {number} ({} of 2) is done, 2 epochs", number + 1)), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_model_that_does_not_fit_on_the_disk_is_named() {
    let world = World::new();
    let params = Params { epochs: 1, ..small() };
    let folder = world.path("full/fold=0");
    std::fs::create_dir_all(&folder).expect("folder");
    std::os::unix::fs::symlink("/dev/full", folder.join("model.safetensors.partial")).expect("link");
    let error = world.run("full", &params).expect_err("a full disk");
    let told = error.to_string();
    assert!(told.contains("cannot write `") && told.contains("fold=0/model.safetensors`"), "{told}");
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("No space left"), "{cause}");
}

#[test]
fn an_interrupted_training_ends_as_an_undisturbed_one() {
    let world = World::new();
    let params = Params { early_stopping: 0, ..small() };
    world.run("whole", &params).expect("training");
    world.threads.set(1);
    // 27 training clips are 3 batches an epoch: fold after fold is interrupted in the middle of an epoch.
    for after in [7, 20, 11] {
        let observer = Impatient { asked: AtomicUsize::new(0), after };
        let error = world.observed("parts", "parts", &params, &observer);
        assert!(matches!(error, Err(TrainError::Cancelled)), "{error:?}");
    }
    world.observed("parts", "parts", &params, &Quiet).expect("training");
    assert_eq!(world.predictions("whole"), world.predictions("parts"));
    assert_eq!(world.history("whole"), world.history("parts"));
    for fold in [0, 1] {
        assert!(world.weights("whole", fold) == world.weights("parts", fold));
    }
    // A finished fold is not trained again: nobody asks whether to stop.
    let observer = Impatient { asked: AtomicUsize::new(0), after: 0 };
    world.observed("again", "parts", &params, &observer).expect("nothing left to do");
    assert_eq!(world.predictions("whole"), world.predictions("again"));
}

#[test]
fn test_clips_move_neither_standardisation_nor_weights() {
    let clean = World::new();
    // Speakers 0 and 1 are tested in fold 0, speakers 2 and 3 in fold 1.
    let poisoned = World::with(|speaker, values| {
        if speaker < 2 {
            for value in values.iter_mut() {
                *value = *value * 100.0 + 1e4;
            }
        }
    });
    for standardise in [Standardise::Train, Standardise::Clip, Standardise::Speaker] {
        let params = Params { standardise, epochs: 2, ..small() };
        clean.run("net", &params).expect("training");
        poisoned.run("net", &params).expect("training");
        assert!(clean.weights("net", 0) == poisoned.weights("net", 0), "{standardise:?}");
        assert_eq!(clean.history("net")[..2], poisoned.history("net")[..2], "{standardise:?}");
        let moved = clean.weights("net", 1) != poisoned.weights("net", 1);
        assert!(moved || standardise != Standardise::Train, "fold 1 trains on the altered speakers");
        for world in [&clean, &poisoned] {
            std::fs::remove_dir_all(world.path("net.work")).expect("work folder");
        }
    }
}

#[test]
fn copies_are_for_training_only() {
    let world = World::new();
    let params = Params { epochs: 2, augment: Augment { copies: 1.0, ..Augment::default() }, ..small() };
    world.run("copies", &params).expect("training");
    world
        .run("plain", &Params { augment: Augment { copies: 0.0, ..Augment::default() }, ..params.clone() })
        .expect("training");
    assert!(world.weights("copies", 0) != world.weights("plain", 0));
    // Copies of test clips do not matter: with the fold's own copies gone, its weights stay.
    let path = world.path("features").join(ser_schemas::frames::AUGMENTED);
    keep_frames(&path, |clip_id| !clip_id.starts_with("made/0") && !clip_id.starts_with("made/1"));
    world.run("without", &params).expect("training");
    assert!(world.weights("copies", 0) == world.weights("without", 0));
}

/// With the functionals of the clips they are as if they had none; with others the network hears others.
#[test]
fn copies_are_heard_with_functionals_of_their_own() {
    let world = World::new();
    let augment = Augment { copies: 1.0, voice: 0.0, mixup: 0.0, ..Augment::default() };
    let params = Params { epochs: 1, augment, ..small() };
    world.run("without", &params).expect("training");
    let own = Functionals::read(&world.path("features/functionals")).expect("functionals");
    let of_copies = |shift: f32| {
        let table = Functionals {
            variants: vec!["gain".to_owned(); own.clip_ids.len()],
            values: own.values.iter().map(|value| value + shift).collect(),
            ..own.clone()
        };
        let folder = world.path("features").join(ser_schemas::functionals::AUGMENTED);
        std::fs::create_dir_all(&folder).expect("folder");
        table.write_part(&folder.join("part-a.parquet"), &Provenance::default()).expect("functionals");
    };
    of_copies(0.0);
    world.run("same", &params).expect("training");
    of_copies(1.0);
    world.run("other", &params).expect("training");
    assert!(world.weights("without", 0) == world.weights("same", 0));
    assert!(world.weights("without", 0) != world.weights("other", 0));
    of_copies(f32::NAN);
    let error = world.run("none", &params).expect_err("no number").to_string();
    assert!(error.starts_with("the features of clip `made/"), "{error}");
}

#[test]
fn copies_that_are_asked_for_and_not_there_are_warned_of() {
    let world = World::new();
    std::fs::remove_dir_all(world.path("features").join(ser_schemas::frames::AUGMENTED)).expect("copies");
    let warned = |copies: f64| {
        let params = Params { epochs: 1, augment: Augment { copies, ..Augment::default() }, ..small() };
        let ear = Ear::default();
        world.observed("net", &format!("net {copies}"), &params, &ear).expect("training");
        ear.warnings.into_inner().expect("lock")
    };
    let told = warned(0.75);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("`augment.copies` is 0.75, and the features hold no altered copies"), "{told:?}");
    for nothing_asked in [0.0, Augment::default().copies] {
        assert!(warned(nothing_asked).is_empty(), "{nothing_asked}");
    }
}

/// Features of clips, with the statistics of whoever speaks in `all`.
fn inputs_of<'a>(
    all: &'a [(Vec<f32>, Vec<f32>, String)],
    speakers: &'a BTreeMap<String, SpeakerStatistics>,
) -> Vec<ClipInput<'a>> {
    all.iter()
        .map(|(frames, functionals, speaker)| ClipInput {
            frames,
            frame_count: frames.len() / WIDTH,
            functionals,
            speaker: speakers.get(speaker),
            corpus: None,
        })
        .collect()
}

fn statistics_of(all: &[(Vec<f32>, Vec<f32>, String)]) -> BTreeMap<String, SpeakerStatistics> {
    let mut speakers: BTreeMap<String, SpeakerStatistics> = BTreeMap::new();
    for (clip, (.., speaker)) in inputs_of(all, &BTreeMap::new()).iter().zip(all) {
        let statistics = speakers.entry(speaker.clone()).or_default();
        statistics.add(clip.frames, clip.frame_count, clip.functionals);
        statistics.end_recording();
    }
    speakers
}

fn recordings(world: &World, speakers: std::ops::Range<usize>) -> Vec<(Vec<f32>, Vec<f32>, String)> {
    let table = Functionals::read(&world.path("features/functionals")).expect("functionals");
    each_clip()
        .enumerate()
        .filter(|(_, (speaker, _, _))| speakers.contains(speaker))
        .map(|(row, (s, e, t))| (frames(s, e, t), table.row(row).to_vec(), format!("made:{s}")))
        .collect()
}

#[test]
fn a_loaded_model_gives_the_probabilities_of_its_training() {
    let world = World::new();
    for standardise in [Standardise::Train, Standardise::Clip, Standardise::None, Standardise::Speaker] {
        let name = format!("{standardise:?}");
        world.run(&name, &Params { standardise, epochs: 3, ..small() }).expect("training");
        let predictor = Predictor::load(&world.path(&name).join("fold=0"), Device::Cpu).expect("model");
        assert_eq!(predictor.classes(), EMOTIONS);
        assert_eq!(predictor.feature_params(), (&serde_json::json!({"hop_s": 0.01}), 16_000));
        let recordings = recordings(&world, 0..2);
        let speakers = statistics_of(&recordings);
        let found = predictor.predict(&inputs_of(&recordings, &speakers)).expect("probabilities");
        let expected: Vec<Prediction> = world.predictions(&name).into_iter().filter(|row| row.fold == 0).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let close = found.iter().zip(&expected.probabilities).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(close, "{name}, {}: {found:?}, expected {:?}", expected.clip_id, expected.probabilities);
        }
    }
    let artifact = Predictor::load(&world.path("Train"), Device::Cpu).expect("both folds");
    let recordings = recordings(&world, 0..1);
    for row in artifact.predict(&inputs_of(&recordings, &BTreeMap::new())).expect("probabilities") {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

/// Every clip has 24 frames or more. With 30 at once some are heard in windows, with 10 all.
#[test]
fn clips_longer_than_the_network_hears_are_heard_to_their_ends() {
    let world = World::new();
    let params = Params { max_frames: 10, epochs: 2, ..small() };
    let summary = world.run("ten", &params).expect("training");
    assert_eq!(
        summary.notes,
        [
            "54 of 54 clips are longer than `max_frames` = 10 (0.1 s): training hears a random stretch of 0.1 s in each epoch, validation and test the mean over windows of 0.1 s"
        ]
    );
    assert_eq!(world.about("ten").long_clips.as_ref(), summary.notes.first());
    let predictor = Predictor::load(&world.path("ten/fold=0"), Device::Cpu).expect("model");
    assert_eq!((predictor.max_frames(), predictor.window_count(10), predictor.window_count(24)), (10, 1, 4));
    let recordings = recordings(&world, 0..2);
    let none = BTreeMap::new();
    let clips = inputs_of(&recordings, &none);
    let found = predictor.predict(&clips).expect("probabilities");
    let expected: Vec<Prediction> = world.predictions("ten").into_iter().filter(|row| row.fold == 0).collect();
    for ((clip, found), expected) in clips.iter().zip(&found).zip(&expected) {
        let windows: Vec<ClipInput<'_>> = crate::windows(clip.frame_count, 10)
            .into_iter()
            .map(|window| ClipInput {
                frames: &clip.frames[window.start * WIDTH..window.end * WIDTH],
                frame_count: 10,
                ..*clip
            })
            .collect();
        assert!(windows.len() >= 4);
        let parts = predictor.predict(&windows).expect("probabilities");
        for (class, found) in found.iter().enumerate() {
            let mean = parts.iter().map(|part| part[class]).sum::<f32>() / parts.len() as f32;
            assert!(
                (mean - found).abs() < 1e-6 && (expected.probabilities[class] - found).abs() < 1e-5,
                "{mean} {found}"
            );
        }
    }
    // What comes at the very end counts.
    let mut frames = recordings[0].0.clone();
    let last = frames.len() - 3 * WIDTH;
    frames[last..].fill(100.0);
    let other = predictor.predict(&[ClipInput { frames: &frames, ..clips[0] }]).expect("probabilities");
    assert_ne!(other[0], found[0]);

    let summary = world.run("none", &Params { max_frames: 0, epochs: 1, ..small() }).expect("training");
    assert!(summary.notes.is_empty());
    assert_eq!(world.about("none").long_clips, None);
}

#[test]
fn a_clip_that_fits_is_not_moved_by_longer_ones_beside_it() {
    let world = World::new();
    world.run("net", &Params { max_frames: 30, epochs: 1, ..small() }).expect("training");
    let predictor = Predictor::load(&world.path("net"), Device::Cpu).expect("model");
    let recordings = recordings(&world, 0..6);
    let none = BTreeMap::new();
    let clips = inputs_of(&recordings, &none);
    assert!(clips.iter().any(|clip| clip.frame_count > 30) && clips.iter().any(|clip| clip.frame_count <= 30));
    let together = predictor.predict(&clips).expect("probabilities");
    for (clip, together) in clips.iter().zip(together) {
        assert_eq!(predictor.predict(&[*clip]).expect("probabilities"), [together]);
    }
}

#[test]
fn without_a_prior_a_speaker_of_few_recordings_has_the_statistics_of_training() {
    let world = World::new();
    let params = Params { standardise: Standardise::Speaker, speaker_prior_clips: 0.0, epochs: 2, ..small() };
    world.run("net", &params).expect("training");
    let predictor = Predictor::load(&world.path("net"), Device::Cpu).expect("model");
    assert!(predictor.is_per_speaker() && !predictor.speaker_prior().blends());
    let recordings = recordings(&world, 5..6);
    let predict = |speakers: &BTreeMap<String, SpeakerStatistics>| {
        predictor.predict(&inputs_of(&recordings[..1], speakers)).expect("probabilities")
    };
    let unknown = predict(&BTreeMap::new());
    assert_eq!(predict(&statistics_of(&recordings[..MIN_SPEAKER_CLIPS - 1])), unknown);
    assert_ne!(predict(&statistics_of(&recordings[..MIN_SPEAKER_CLIPS])), unknown);
    let mut other = SpeakerStatistics::default();
    other.add(&[1.0; 3], 1, &[]);
    let none = BTreeMap::new();
    let clip = ClipInput { speaker: Some(&other), ..inputs_of(&recordings, &none)[0] };
    let message = predictor.predict(&[clip]).expect_err("3 columns of 4").to_string();
    assert_eq!(message, "clip 0: expected 4 values per frame of the speaker, found 3");
}

/// Fault, and a part of what is said.
#[test]
fn weights_that_are_not_those_of_the_training_are_refused() {
    let world = World::new();
    world.run("net", &Params { epochs: 1, ..small() }).expect("training");
    let folder = world.path("net/fold=0");
    let weights = folder.join("model.safetensors");
    let good = std::fs::read(&weights).expect("weights");
    let load = |bytes: &[u8]| {
        std::fs::write(&weights, bytes).expect("write");
        Predictor::load(&folder, Device::Cpu).map(|_| ()).map_err(|error| {
            assert!(error.to_string().contains("model.safetensors"), "{error}");
            std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
        })
    };
    let changed = |at: usize, word: [u8; 4]| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&word);
        bytes
    };
    let last = good.len() - 4;
    let mut edited = good.clone();
    edited[last] ^= 1;
    for (bytes, expected) in [
        (world.weights("net", 1), "these are not the weights that `config.json` beside them was written with"),
        (edited.clone(), "their BLAKE3 hash is"),
        (good[..last].to_vec(), "not a readable safetensors file"),
        (Vec::new(), "not a readable safetensors file"),
        (changed(last, f32::NAN.to_le_bytes()), "holds values that are not finite"),
        (changed(last, f32::NEG_INFINITY.to_le_bytes()), "holds values that are not finite"),
    ] {
        let error = load(&bytes).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
    load(&good).expect("the file as it was");
    // A description of before knows no hash: what is well-formed is believed.
    let config = folder.join("config.json");
    let text = std::fs::read_to_string(&config).expect("text");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for hash in ["weights_hash", "description_hash"] {
        value.as_object_mut().expect("an object").remove(hash).expect("the hash");
    }
    std::fs::write(&config, value.to_string()).expect("write");
    load(&edited).expect("no hash to compare with");
    let header = usize::try_from(u64::from_le_bytes(good[..8].try_into().expect("a length"))).expect("a length");
    let mut wild = good.clone();
    for (number, word) in wild[8 + header..].chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(&[f32::MAX, f32::MIN, 1.0][number % 3].to_le_bytes());
    }
    load(&wild).expect("finite values");
    let (recordings, none) = (recordings(&world, 0..1), BTreeMap::new());
    let predictor = Predictor::load(&folder, Device::Cpu).expect("model");
    let error = predictor.predict(&inputs_of(&recordings, &none)).expect_err("no numbers").to_string();
    assert!(error.starts_with("clip 0: the model's probabilities are not finite"), "{error}");
    let error = load(&changed(last, f32::INFINITY.to_le_bytes())).expect_err("infinite");
    assert!(error.contains("holds values that are not finite"), "{error}");
    for wrong in [serde_json::json!(1e300), serde_json::json!(-1.0)] {
        value["standardisation"]["frames"]["sd"][0] = wrong;
        std::fs::write(&config, value.to_string()).expect("write");
        let error = Predictor::load(&folder, Device::Cpu).expect_err("no standard deviation").to_string();
        assert!(error.contains("`standardisation` holds mean"), "{error}");
    }
}

#[test]
fn a_model_carries_the_limits_of_its_manifest() {
    let world = World::new();
    let limits = |name: &str| {
        world.run(name, &Params { epochs: 1, ..small() }).expect("training");
        Predictor::load(&world.path(name), Device::Cpu).expect("model").limits().cloned()
    };
    assert_eq!(limits("before"), None);
    let path = world.path("manifest/clips.parquet");
    let clips = Clip::read(&path).expect("clips");
    let told = serde_json::json!({"min_duration_s": 0.25, "silence_dbfs": -70.5});
    Clip::write_with(&path, &clips, &Provenance::default(), &[(ser_schemas::KEY_LIMITS, told.to_string())])
        .expect("clips");
    assert_eq!(limits("now"), Some(told));
}

#[test]
fn features_without_functionals_are_refused_where_they_are_wanted() {
    let world = World::new();
    let path = world.path("features/functionals");
    let clip_ids = Functionals::read(&path).expect("functionals").clip_ids;
    let none = Functionals { clip_ids, ..Functionals::default() };
    none.write(&path, &ser_schemas::Provenance::default()).expect("write");
    let wanted = Params { epochs: 1, use_functionals: true, ..small() };
    let error = world.run("wanted", &wanted).expect_err("there are none");
    assert!(error.to_string().contains("set `functionals = { on = true }` there, or `use_functionals = false` here"));
    world.run("unwanted", &Params { use_functionals: false, ..wanted }).expect("frames are enough");
}

#[test]
fn models_that_do_not_fit_say_so() {
    let world = World::new();
    world.run("net", &Params { epochs: 1, ..small() }).expect("training");
    let fold = world.path("net").join("fold=0");
    let predictor = Predictor::load(&fold, Device::Cpu).expect("model");
    let narrow = ClipInput { frames: &[0.0; 6], frame_count: 2, functionals: &[0.0; 2], speaker: None, corpus: None };
    let message = predictor.predict(&[narrow]).expect_err("3 columns of 4").to_string();
    assert_eq!(message, "clip 0: expected 4 values per frame, found 3");
    let empty = ClipInput { frames: &[], frame_count: 0, ..narrow };
    assert!(predictor.predict(&[empty]).is_err());
    let config = fold.join("config.json");
    let text = std::fs::read_to_string(&config).expect("text");
    let load = |text: &str| {
        std::fs::write(&config, text).expect("write");
        let error = Predictor::load(&fold, Device::Cpu).expect_err("altered");
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    };
    // Consistent, and wrong for every recording.
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut swapped = value.clone();
    swapped["classes"].as_array_mut().expect("classes").reverse();
    assert!(load(&swapped.to_string()).contains("it was changed after training"));
    swapped = value.clone();
    swapped["standardisation"]["frames"]["mean"][0] = serde_json::json!(0.125);
    assert!(load(&swapped.to_string()).contains("it was changed after training"));
    // As a program of before wrote it.
    let mut value = value;
    value.as_object_mut().expect("an object").remove("description_hash").expect("the hash");
    let text = serde_json::to_string_pretty(&value).expect("JSON");
    let wider = text.replacen("\"channels\": 8", "\"channels\": 9", 2);
    assert!(
        load(&wider).contains("`conv.0.weight` has shape [5, 4, 8] of F32, expected [5, 4, 9] of F32"),
        "{}",
        load(&wider)
    );
    assert!(load(&text.replacen("\"angry\",", "", 1)).contains("`classes`: found 2, expected 3"));
    assert!(load(&text.replacen("\"format\": 2", "\"format\": 9", 1)).contains("expected format 2, found 9"));
    assert!(load("{").contains("not the description of a model"));
    let nothing = Predictor::load(&world.path("split"), Device::Cpu).expect_err("no model").to_string();
    assert!(nothing.contains("holds no trained model"), "{nothing}");
}

#[test]
fn a_stage_with_half_of_a_model_is_refused() {
    let world = World::new();
    world.run("net", &Params { epochs: 1, ..small() }).expect("training");
    let net = world.path("net");
    let load = || Predictor::load(&net, Device::Cpu).map(|predictor| predictor.folds().len());
    let folds = load().expect("whole");
    assert!(folds > 1);
    for file in ["config.json", "model.safetensors"] {
        let file = net.join("fold=1").join(file);
        let aside = file.with_extension("aside");
        std::fs::rename(&file, &aside).expect("rename");
        let error = load().expect_err("half a model").to_string();
        assert!(error.contains("fold=1` lacks"), "{error}");
        std::fs::rename(&aside, &file).expect("rename");
    }
    std::fs::rename(net.join("fold=1"), net.join("fold=01")).expect("rename");
    assert!(load().expect_err("no fold").to_string().contains("fold=01` is the folder of no fold"));
    std::fs::rename(net.join("fold=01"), net.join("fold=1")).expect("rename");
    assert_eq!(load().expect("whole again"), folds);
}

fn message(result: Result<Outcome, TrainError>) -> String {
    result.expect_err("should fail").to_string()
}

#[test]
fn mistakes_are_named() {
    let world = World::new();
    let unknown = Params { features: vec!["pitch".into()], ..small() };
    assert!(message(world.run("a", &unknown)).starts_with("no frame feature is called `pitch`"));
    let wild = Params { learning_rate: 1e30, clip_norm: 0.0, ..small() };
    world.threads.set(1);
    let text = message(world.run("b", &wild));
    assert!(text.starts_with("fold 0, epoch 1: the loss became") && text.contains("learning rate of"), "{text}");
    world.assign(|fold, speaker| if fold == 0 || speaker == 0 { Role::Train } else { Role::Test });
    assert_eq!(message(world.run("c", &small())), "fold 0 has no test clips; check the split's parameters");
    let path = world.path("split/assignments.parquet");
    Assignment::write(&path, &[], &Provenance::default()).expect("assignments");
    assert!(message(world.run("d", &small())).ends_with("assigns no clips"));
}

#[test]
fn clips_without_features_are_named() {
    let world = World::new();
    keep_frames(&world.path("features/frames"), |clip_id| clip_id != "made/3-1-2");
    let text = message(world.run("a", &small()));
    assert!(text.starts_with("1 of the split's clips have no usable frames, among them `made/3-1-2`"), "{text}");
}

/// Takes from a table of frames the clips that are not kept.
fn keep_frames(path: &Path, kept: impl Fn(&str) -> bool) {
    let layout = ser_schemas::frames::read_layout(path).expect("layout");
    let rows: Vec<ClipFrames> =
        ser_schemas::frames::read_clips(path).expect("rows").collect::<Result<_, _>>().expect("rows");
    let mut writer = FramesWriter::create(path, &layout, &Provenance::default()).expect("frames");
    for row in rows.into_iter().filter(|row| kept(&row.clip_id)) {
        writer.push(row).expect("frames");
    }
    writer.finish().expect("frames");
}

/// Of six steps of a fold, each by another thread than the one before or the same, then what is kept, averaged and written.
/// They do not enlarge rounding: from features that are 1e-6 of themselves off, own kernels train to probabilities at most
/// 3e-7 away. One step that the weights that are kept lack changes them by 0.02.
#[test]
fn kernels_and_devices_train_to_close_numbers() {
    let world = World::new();
    let trained = |device: Device, kernels: Kernels, name: &str| {
        world.run(name, &Params { device, kernels, epochs: 2, ..small() }).expect("training");
        world.predictions(name)
    };
    let own = trained(Device::Cpu, Kernels::Own, "own");
    let mut others = vec![("burn", trained(Device::Cpu, Kernels::Burn, "burn"))];
    if cfg!(feature = "ndarray") {
        others.push(("ndarray", trained(Device::Ndarray, Kernels::Burn, "ndarray")));
    }
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    for device in crate::hardware::tests::present() {
        others.push((device.as_str(), trained(*device, Kernels::Burn, device.as_str())));
    }
    for (name, other) in &others {
        for (a, b) in own.iter().zip(other) {
            let close = a.probabilities.iter().zip(&b.probabilities).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(close, "{name}, {}: {:?} and {:?}", a.clip_id, a.probabilities, b.probabilities);
        }
    }
}
