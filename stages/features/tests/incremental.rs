//! Reruns: the same tables as from scratch, for the work that the change calls for.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use ser_features::{FeaturesError, Params, run};
use ser_schemas::{Clip, Emotion, Example, KEY_SAMPLE_RATE_HZ, Provenance, Table};
use ser_stage::{Context, Outcome};
use support::write_wav;
use tempfile::TempDir;

/// A corpus that changes between runs.
struct World {
    folder: TempDir,
    clips: Vec<Clip>,
    made: usize,
    params: Params,
    seed: u64,
}

impl World {
    fn new(clips: usize) -> Self {
        // Little per frame: what is tested is which rows are computed, not what is in them.
        let params = serde_json::json!({
            "log_mel": {"n_mels": 8}, "mfcc": {"n_mfcc": 3}, "f0": {"on": false}, "chroma": false,
            "augment": [{"kind": "noise"}, {"kind": "gain"}],
        });
        let params = serde_json::from_value(params).expect("parameters");
        let mut world =
            Self { folder: tempfile::tempdir().expect("folder"), clips: Vec::new(), made: 0, params, seed: 7 };
        for index in 0..clips {
            world.add(&format!("made/{index:04}"));
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A clip with audio that no other has.
    fn add(&mut self, clip_id: &str) {
        let clip = Clip::found(clip_id.into(), "made".into(), format!("{}.wav", clip_id.replace('/', "-")), 0);
        let at = self.clips.partition_point(|other| other.clip_id < clip.clip_id);
        self.clips.insert(at, clip);
        self.record(at);
        self.clips[at].emotion = Some([Emotion::ANGRY, Emotion::SAD, Emotion::CALM][self.made % 3]);
    }

    /// Gives a clip new audio.
    fn record(&mut self, at: usize) {
        self.made += 1;
        let (made, length) = (self.made as f32, 200 + 7 * (self.made % 90));
        let samples: Vec<f32> = (0..length).map(|n| 0.4 * (n as f32 * (0.05 + 0.001 * made)).sin()).collect();
        let path = self.path(&self.clips[at].path);
        write_wav(&path, 16_000, &samples);
        let clip = &mut self.clips[at];
        clip.content_hash = Some(blake3::hash(&std::fs::read(&path).expect("file")).to_hex().to_string());
        clip.duration_s = Some(length as f64 / 16_000.0);
    }

    /// The same audio under another name.
    fn rename(&mut self, at: usize, clip_id: &str) {
        let mut clip = self.clips.remove(at);
        let path = format!("{}.wav", clip_id.replace('/', "-"));
        std::fs::copy(self.path(&clip.path), self.path(&path)).expect("copy");
        (clip.clip_id, clip.path) = (clip_id.into(), path);
        let at = self.clips.partition_point(|other| other.clip_id < clip.clip_id);
        self.clips.insert(at, clip);
    }

    fn run(&self, out: &str, previous: Option<&str>) -> Result<Outcome, FeaturesError> {
        let parts_dir = tempfile::tempdir_in(self.folder.path()).expect("folder");
        self.run_with(out, previous, parts_dir.path())
    }

    /// A run that finds in `parts_dir` what earlier ones left there.
    fn run_with(&self, out: &str, previous: Option<&str>, parts_dir: &Path) -> Result<Outcome, FeaturesError> {
        let extra = [(KEY_SAMPLE_RATE_HZ, "16000".to_owned())];
        let manifest = self.path("clips.parquet");
        Clip::write_with(&manifest, &self.clips, &Provenance::default(), &extra).expect("manifest");
        let out_dir = self.path(out);
        let _ = std::fs::remove_dir_all(&out_dir);
        std::fs::create_dir_all(&out_dir).expect("folder");
        let previous_dir = previous.map(|previous| self.path(previous));
        let ctx = Context {
            seed: self.seed,
            base_dir: self.folder.path(),
            previous_dir: previous_dir.as_deref(),
            parts_dir,
            ..Context::alone(&out_dir)
        };
        run(&self.params, self.folder.path(), &ctx)
    }

    /// Notes of a run that may take rows from the result in `previous`.
    fn again(&self, out: &str, previous: &str) -> String {
        self.run(out, Some(previous)).expect("stage").notes.join("\n")
    }

    /// Fails unless both results are the same, byte by byte.
    fn assert_same(&self, one: &str, two: &str) {
        let (one_files, two_files) = (self.files(one), self.files(two));
        assert_eq!(one_files.keys().collect::<Vec<_>>(), two_files.keys().collect::<Vec<_>>(), "{one} and {two}");
        for (file, bytes) in &one_files {
            assert!(*bytes == two_files[file], "{file} of {one} and {two} differ");
        }
    }

    /// All files of a result, by path.
    fn files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let files = ser_audio::testing::files_below(&self.path(out)).expect("files").into_iter();
        let named = |path: PathBuf| {
            let name = path.strip_prefix(self.path(out)).expect("below").display().to_string();
            (name, std::fs::read(&path).expect("file"))
        };
        files.map(named).collect()
    }

    /// Parts that only one of both results has.
    fn changed_parts(&self, one: &str, two: &str) -> usize {
        let [one, two] = [one, two].map(|out| self.files(out).into_keys().collect::<BTreeSet<String>>());
        one.symmetric_difference(&two).count()
    }

    fn lose_audio(&self, lost: impl Fn(&Clip) -> bool) {
        for clip in self.clips.iter().filter(|clip| lost(clip)) {
            std::fs::remove_file(self.path(&clip.path)).expect("remove");
        }
    }
}

#[test]
fn only_the_clips_that_changed_are_computed() {
    let mut world = World::new(300);
    let first = world.run("first", None).expect("stage");
    assert!(!first.notes.join("\n").contains("taken over"), "{:?}", first.notes);
    world.record(17);
    world.add("made/0100b");
    world.clips.remove(250);
    world.rename(30, "made/9999");
    let chosen: Vec<String> = Example::read(&world.path("first/examples.parquet"))
        .expect("examples")
        .into_iter()
        .map(|example| example.clip_id)
        .collect();
    world.run("scratch", None).expect("stage");
    // Files that are not looked at may as well be gone; the renamed one's copies are drawn anew.
    let needed = ["made/0017", "made/0100b", "made/9999"];
    world.lose_audio(|clip| !needed.contains(&clip.clip_id.as_str()) && !chosen.contains(&clip.clip_id));
    let notes = world.again("again", "first");
    assert!(notes.contains("298 of 300 clips taken over"), "{notes}");
    assert!(notes.contains("297 of 300 clips' altered copies taken over"), "{notes}");
    world.assert_same("again", "scratch");
}

#[test]
fn one_clip_more_changes_few_parts() {
    let mut world = World::new(2_000);
    world.run("first", None).expect("stage");
    let parts = world.files("first").len() - 1;
    world.add("made/0900b");
    world.run("again", Some("first")).expect("stage");
    // The old and the new part of each of three tables, and the same of a neighbour where a bound was near.
    let changed = world.changed_parts("first", "again");
    assert!((6..=12).contains(&changed), "{changed} of {parts}");
    assert!(parts >= 12, "{parts}");
}

#[test]
fn an_interrupted_run_is_gone_on_with_whatever_changed_meanwhile() {
    let mut world = World::new(900);
    let parts_dir = tempfile::tempdir_in(world.folder.path()).expect("folder");
    let last = world.path(&world.clips[899].path);
    let sound = std::fs::read(&last).expect("file");
    std::fs::write(&last, "no sound").expect("write");
    world.run_with("out", None, parts_dir.path()).expect_err("a file is not the one that it was");
    std::fs::write(&last, sound).expect("write");
    for clip in &mut world.clips {
        clip.emotion = Some(Emotion::DISGUST);
    }
    world.run("scratch", None).expect("stage");
    let notes = world.run_with("out", None, parts_dir.path()).expect("stage").notes.join("\n");
    let taken: usize =
        notes.lines().find_map(|line| line.strip_suffix(" of 900 clips taken over")?.parse().ok()).expect("told");
    assert!((1..900).contains(&taken), "{notes}");
    world.assert_same("out", "scratch");
}

#[test]
fn other_labels_and_places_cost_no_extraction() {
    let mut world = World::new(200);
    world.run("first", None).expect("stage");
    for clip in &mut world.clips {
        // The same examples, under each other's names.
        clip.emotion = clip.emotion.map(|emotion| if emotion == Emotion::CALM { Emotion::HAPPY } else { emotion });
        clip.speaker = Some("made:1".into());
        clip.path = format!("elsewhere/{}", clip.path);
    }
    let notes = world.again("again", "first");
    assert!(notes.contains("200 of 200 clips taken over"), "{notes}");
    let [first, again] = ["first", "again"].map(|out| {
        let mut files = world.files(out);
        files.remove("examples.parquet").expect("examples");
        files
    });
    assert!(first == again);
    let examples = Example::read(&world.path("again/examples.parquet")).expect("examples");
    let emotions: Vec<Emotion> = examples.iter().map(|example| example.emotion).collect();
    assert_eq!(emotions, [Emotion::ANGRY, Emotion::HAPPY, Emotion::SAD]);
    assert!(examples.iter().all(|example| example.speaker == "made:1"));
}

#[test]
fn other_parameters_or_seeds_compute_what_follows_from_them() {
    let mut world = World::new(100);
    world.run("first", None).expect("stage");
    let fresh = |world: &World, clips: &str, copies: &str| {
        world.run("scratch", None).expect("stage");
        let notes = world.again("again", "first");
        assert!(notes.contains(&format!("{clips} of 100 clips taken over")), "{notes}");
        assert!(notes.contains(&format!("{copies} of 100 clips' altered copies")), "{notes}");
        world.assert_same("again", "scratch");
    };
    fresh(&world, "100", "100");
    world.seed = 8;
    fresh(&world, "100", "0");
    world.seed = 7;
    let before = world.params.clone();
    world.params.augment.pop();
    fresh(&world, "100", "0");
    world.params = before;
    world.params.hop_s = 0.02;
    world.run("scratch", None).expect("stage");
    let notes = world.again("again", "first");
    assert!(!notes.contains("taken over"), "{notes}");
    world.assert_same("again", "scratch");
}

#[test]
fn a_damaged_last_result_costs_time_and_nothing_else() {
    let world = World::new(70);
    world.run("first", None).expect("stage");
    for damage in world.files("first").into_keys() {
        world.run("damaged", None).expect("stage");
        std::fs::write(world.path("damaged").join(&damage), "no table").expect("write");
        world.run("again", Some("damaged")).expect("stage");
        world.assert_same("again", "first");
    }
    world.run("again", Some("nowhere")).expect("stage");
    world.assert_same("again", "first");
}

#[test]
fn a_file_that_changed_since_ingest_is_refused() {
    let world = World::new(70);
    let path = world.path(&world.clips[11].path);
    write_wav(&path, 16_000, &[0.5; 300]);
    let error = world.run("out", None).expect_err("changed");
    assert!(matches!(error, FeaturesError::Changed { .. }), "{error}");
    assert!(error.to_string().contains("`made/0011`") && error.to_string().contains("rerun the ingest"), "{error}");
}

#[test]
fn clips_of_unknown_content_are_always_computed() {
    let mut world = World::new(70);
    for clip in &mut world.clips {
        clip.content_hash = None;
    }
    world.run("first", None).expect("stage");
    let notes = world.again("again", "first");
    assert!(notes.contains("\n0 of 70 clips taken over"), "{notes}");
    world.assert_same("again", "first");
}

#[derive(Debug, Clone)]
enum Change {
    Add(u16),
    Remove(prop::sample::Index),
    Rename(prop::sample::Index, u16),
    Replace(prop::sample::Index),
    Copy(prop::sample::Index, u16),
    Relabel(prop::sample::Index),
    Reverse,
}

fn change() -> impl Strategy<Value = Change> {
    use prop::sample::Index;
    prop_oneof![
        any::<u16>().prop_map(Change::Add),
        any::<Index>().prop_map(Change::Remove),
        any::<(Index, u16)>().prop_map(|(at, name)| Change::Rename(at, name)),
        any::<Index>().prop_map(Change::Replace),
        any::<(Index, u16)>().prop_map(|(at, name)| Change::Copy(at, name)),
        any::<Index>().prop_map(Change::Relabel),
        Just(Change::Reverse),
    ]
}

fn apply(world: &mut World, change: &Change) {
    let at = |index: &prop::sample::Index| index.index(world.clips.len());
    let free = |world: &World, name: u16| {
        let clip_id = format!("made/{:04}x{name}", name % 300);
        (!world.clips.iter().any(|clip| clip.clip_id == clip_id)).then_some(clip_id)
    };
    match change {
        Change::Add(name) => {
            if let Some(clip_id) = free(world, *name) {
                world.add(&clip_id);
            }
        }
        Change::Remove(index) => drop(world.clips.remove(at(index))),
        Change::Rename(index, name) => {
            let at = at(index);
            if let Some(clip_id) = free(world, *name) {
                world.rename(at, &clip_id);
            }
        }
        Change::Replace(index) => world.record(at(index)),
        Change::Copy(index, name) => {
            let mut clip = world.clips[at(index)].clone();
            if let Some(clip_id) = free(world, *name) {
                let path = format!("{}.wav", clip_id.replace('/', "-"));
                std::fs::copy(world.path(&clip.path), world.path(&path)).expect("copy");
                (clip.clip_id, clip.path) = (clip_id, path);
                world.clips.push(clip);
            }
        }
        Change::Relabel(index) => {
            let at = at(index);
            world.clips[at].emotion = Some(Emotion::DISGUST);
        }
        Change::Reverse => world.clips.reverse(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_tables_do_not_depend_on_history(changes in prop::collection::vec(prop::collection::vec(change(), 1..6), 1..4)) {
        let mut world = World::new(250);
        world.run("last", None).expect("stage");
        for step in &changes {
            for change in step {
                apply(&mut world, change);
            }
            world.run("again", Some("last")).expect("stage");
            world.run("scratch", None).expect("stage");
            world.assert_same("again", "scratch");
            std::fs::remove_dir_all(world.path("last")).expect("remove");
            std::fs::rename(world.path("again"), world.path("last")).expect("rename");
        }
    }
}
