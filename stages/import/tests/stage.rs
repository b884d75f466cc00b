//! The stage on files made here: what comes out, and what every check says.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Float64Type};
use parquet::arrow::ArrowWriter;
use ser_import::{ImportError, Inputs, Params, run};
use ser_schemas::frames::{self, ClipFrames, FrameLayout, read_clips, read_layout};
use ser_schemas::functionals::{self, Functionals};
use ser_schemas::{Clip, Exclusion, Imported, Provenance, Reason, Table};
use ser_stage::{Context, Observer, Outcome};
use tempfile::TempDir;

const HASH: &str = "00ff";

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn warn(&self, text: &str) {
        self.0.lock().expect("a lock").push(text.to_owned());
    }
}

/// A manifest of the clips `c/a`, `c/b` and `c/c`, which leaves `c/copy` out.
struct Place {
    dir: TempDir,
    heard: Heard,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let clip = |id: &str| Clip::found(format!("c/{id}"), "c".into(), format!("{id}.wav"), 1);
        Clip::write_in(dir.path(), &["a", "b", "c"].map(clip), &Provenance::default()).expect("clips");
        let left_out = Exclusion {
            clip_id: "c/copy".into(),
            corpus: "c".into(),
            path: "copy.wav".into(),
            reason: Reason::Silent,
            detail: String::new(),
            copy_of: None,
            speaker: None,
        };
        Exclusion::write_in(dir.path(), &[left_out], &Provenance::default()).expect("exclusions");
        Self { dir, heard: Heard::default() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn run(&self, params: &Params) -> Result<Outcome, ImportError> {
        let inputs = Inputs { manifest: self.path(), exclusions: Some(self.path()) };
        run(params, &inputs, HASH, &Context { observer: &self.heard, ..Context::alone(self.path()) })
    }

    /// Imports a CSV file.
    fn csv(&self, text: &str) -> Result<Outcome, ImportError> {
        std::fs::write(self.path().join("f.csv"), text).expect("file");
        self.run(&Params { file: "f.csv".into(), ..Params::default() })
    }

    /// Imports a Parquet file of the clips `ids`.
    fn parquet(&self, ids: &[&str], columns: Vec<(&str, ArrayRef)>) -> Result<Outcome, ImportError> {
        let ids: ArrayRef = Arc::new(ids.iter().map(|id| Some(format!("c/{id}"))).collect::<StringArray>());
        let batch = RecordBatch::try_from_iter([("clip_id", ids)].into_iter().chain(columns)).expect("one length");
        let file = File::create(self.path().join("f.parquet")).expect("file");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("writer");
        writer.write(&batch).expect("write");
        writer.close().expect("close");
        self.run(&Params { file: "f.parquet".into(), ..Params::default() })
    }

    fn functionals(&self) -> Functionals {
        Functionals::read(&self.path().join(functionals::FOLDER)).expect("functionals")
    }

    fn frames(&self) -> (FrameLayout, Vec<ClipFrames>) {
        let path = self.path().join(frames::FOLDER);
        let clips = read_clips(&path).expect("frames").collect::<Result<_, _>>().expect("rows");
        (read_layout(&path).expect("layout"), clips)
    }
}

fn lists(rows: &[&[f64]]) -> ListArray {
    ListArray::from_iter_primitive::<Float64Type, _, _>(rows.iter().map(|row| Some(row.iter().copied().map(Some))))
}

/// Frames of clips: of each, as many of `frames` as `counts` says.
fn frames_of(counts: &[usize], frames: &[&[f64]]) -> ArrayRef {
    let flat = lists(frames);
    let field = Arc::new(Field::new_list_field(arrow::array::Array::data_type(&flat).clone(), true));
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(counts.iter().copied()), Arc::new(flat), None))
}

#[test]
fn numbers_become_functionals_and_the_only_frame_of_a_clip() {
    let place = Place::new();
    let outcome = place.csv("clip_id,f0,f1\nc/b,1,2\nc/a,3,4e-1\nc/c,5,6\nc/copy,7,nan\n").expect("imported");
    assert_eq!(outcome.headline, "3 clips, 2 functionals, from f.csv");
    assert_eq!(
        outcome.notes,
        [
            "imported from f.csv (BLAKE3 00ff)",
            "it has no frames: to a network, each clip is one frame of its functionals",
            "1 row of clips that the manifest leaves out, not read"
        ]
    );
    let functionals = place.functionals();
    assert_eq!(functionals.names, ["f0", "f1"]);
    assert_eq!(functionals.clip_ids, ["c/b", "c/a", "c/c"]);
    assert_eq!(functionals.values, [1.0, 2.0, 3.0, 0.4, 5.0, 6.0]);
    let (layout, clips) = place.frames();
    let imported = Imported { file: "f.csv".into(), blake3: HASH.into() };
    assert_eq!(Imported::of(&layout.params), Some(imported));
    assert_eq!((layout.names, layout.sample_rate_hz), (functionals.names.clone(), 0));
    assert!(clips.iter().map(|clip| &clip.values[..]).eq((0..3).map(|row| functionals.row(row))));
    assert!(place.heard.0.lock().expect("a lock").is_empty());
}

#[test]
fn a_list_is_as_many_functionals_beside_other_columns() {
    let place = Place::new();
    let list: ArrayRef = Arc::new(lists(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0]]));
    let number: ArrayRef = Arc::new(Float64Array::from(vec![7.0, 8.0, 9.0]));
    place.parquet(&["a", "b", "c"], vec![("h", list), ("f0", number)]).expect("imported");
    assert_eq!(place.functionals().names, ["h_0", "h_1", "f0"]);
    assert_eq!(place.functionals().row(1), [3.0, 4.0, 8.0]);
}

#[test]
fn frames_become_frames_and_their_moments_functionals() {
    let place = Place::new();
    let frames = frames_of(&[2, 1, 1], &[&[1.0, 5.0], &[3.0, 5.0], &[2.0, 0.0], &[4.0, 0.0]]);
    let outcome = place.parquet(&["a", "b", "c"], vec![("h", frames.clone())]).expect("imported");
    assert_eq!(outcome.headline, "3 clips, 4 frames of 2 features, 4 functionals, from f.parquet");
    assert_eq!(place.functionals().names, ["h_0_mean", "h_1_mean", "h_0_sd", "h_1_sd"]);
    assert_eq!(place.functionals().row(0), [2.0, 5.0, 1.0, 0.0]);
    let (layout, clips) = place.frames();
    assert_eq!(layout.names, ["h_0", "h_1"]);
    assert_eq!((clips[0].frame_count(2), clips[2].values.as_slice()), (2, &[4.0, 0.0][..]));
    // Numbers of the clip's own take the place of moments.
    let number: ArrayRef = Arc::new(Float64Array::from(vec![7.0, 8.0, 9.0]));
    place.parquet(&["a", "b", "c"], vec![("h", frames), ("f0", number)]).expect("imported");
    assert_eq!((place.functionals().names, place.functionals().values), (vec!["f0".into()], vec![7.0, 8.0, 9.0]));
}

#[test]
fn columns_are_chosen_by_name() {
    let place = Place::new();
    std::fs::write(place.path().join("f.csv"), "clip_id,f0,f1,label\nc/a,1,2,sad\nc/b,1,2,sad\nc/c,1,2,sad\n")
        .expect("file");
    let names = |columns: &[&str], ignore: &[&str]| {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let params = Params { file: "f.csv".into(), columns: owned(columns), ignore: owned(ignore) };
        place.run(&params).map(|_| place.functionals().names)
    };
    assert_eq!(names(&["f*"], &[]).expect("imported"), ["f0", "f1"]);
    assert_eq!(names(&[], &["label"]).expect("imported"), ["f0", "f1"]);
    let error = names(&[], &[]).expect_err("text").to_string();
    assert!(error.contains("3 values are no finite numbers: `label` of `c/a` is `sad`, "), "{error}");
    assert!(error.contains("leave the column out (`ignore = [\"label\"]`)"), "{error}");
    let error = names(&["f2"], &[]).expect_err("no column").to_string();
    assert!(error.contains("f.csv`: `columns` names `f2`, and no column is called so (did you mean"), "{error}");
}

#[test]
fn rows_of_no_clip_are_told() {
    let place = Place::new();
    place.csv("clip_id,f0\nc/a,1\nc/b,2\nc/c,3\nd/x,4\n").expect("imported");
    let heard = place.heard.0.lock().expect("a lock");
    assert!(
        matches!(&heard[..], [one] if one.ends_with("1 row is of no clip that the manifest knows, and not read: `d/x`")),
        "{heard:?}"
    );
}

#[test]
fn everything_wrong_with_a_file_is_told_at_once() {
    let place = Place::new();
    let error = place.csv("clip_id,f0\nc/a,nan\nc/b,2\nc/b,3\n").expect_err("refused").to_string();
    assert!(
        error.contains("f.csv` cannot be imported: 1 clip is in more than one row: `c/b` (line 3 and line 4)"),
        "{error}"
    );
    assert!(error.contains("1 value is no finite number: `f0` of `c/a` is NaN; compute them again"), "{error}");
    assert!(
        error.contains("1 of 3 clips of the manifest has no row: compute it too, or leave it out of the manifest"),
        "{error}"
    );
    assert!(error.ends_with("`exclude = [\"c/c\"]`"), "{error}");
    assert!(!place.path().join(functionals::FOLDER).exists() && !place.path().join(frames::FOLDER).exists());
}

#[test]
fn files_that_do_not_fit_say_why() {
    let place = Place::new();
    for (text, expected) in [
        (
            "clip_id,f0\na,1\nb,2\n",
            "none of its 2 rows is of a clip of the manifest: it has `a`, `b`, and the manifest has clips like `c/a`",
        ),
        ("clip_id,f0\n", "expected a row for each clip of the manifest, found none"),
        ("clip_id\nc/a\n", "no column is left to take beside `clip_id`"),
        (",clip_id,f0\n0,c/a,1\n", "a column has no name"),
        ("clip_id,h\nc/a,\"[1.0, 2.0]\"\nc/b,1\nc/c,1\n", "`h` of `c/a` is `[1.0, 2.0]`"),
        ("clip_id,h\nc/a,\"[1.0, 2.0]\"\nc/b,1\nc/c,1\n", "lists are read from Parquet, not from CSV"),
        (
            "clip_id,f0\nc/a,1e300\nc/b,1\nc/c,\n",
            "2 values are no finite numbers: `f0` of `c/a` is inf, `f0` of `c/c` is NaN",
        ),
    ] {
        let error = place.csv(text).expect_err(text).to_string();
        assert!(error.contains("f.csv`") && error.contains(expected), "{error}");
    }
    let of =
        |columns: Vec<(&str, ArrayRef)>| place.parquet(&["a", "b", "c"], columns).expect_err("refused").to_string();
    let error = of(vec![("h", Arc::new(lists(&[&[1.0, 2.0], &[3.0], &[]])))]);
    assert!(error.contains("2 values of another length: `h` of `c/b` has 1 value instead of 2, `h` of `c/c` has no values instead of some"), "{error}");
    let error = of(vec![("h", Arc::new(lists(&[&[1.0, 2.0], &[3.0, f64::NAN], &[5.0, 6.0]])))]);
    assert!(error.contains("`h[1]` of `c/b` is NaN") && error.contains("`ignore = [\"h\"]`"), "{error}");
    let error = of(vec![("h", frames_of(&[1, 0, 2], &[&[1.0, 2.0], &[3.0, 4.0], &[5.0]]))]);
    assert!(
        error.contains("`h` of `c/b` has no frames") && error.contains("a frame (number 1) of 1 value instead of 2"),
        "{error}"
    );
    let error = of(vec![("h", frames_of(&[1, 1, 1], &[&[1.0, 2.0], &[3.0, f64::INFINITY], &[5.0, 6.0]]))]);
    assert!(error.contains("`h[1]` of `c/b` is inf in frame 0"), "{error}");
    let list = || -> ArrayRef { Arc::new(lists(&[&[1.0], &[2.0], &[3.0]])) };
    let number: ArrayRef = Arc::new(Float64Array::from(vec![7.0, 8.0, 9.0]));
    let error = of(vec![("h", list()), ("h_0", number)]);
    assert!(error.contains("several values would be called `h_0`"), "{error}");
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x", "y", "z"]));
    let error = of(vec![("h", list()), ("path", text)]);
    assert!(
        error.contains(
            "1 column holds neither numbers nor lists of numbers: `path` (Utf8); leave them out: `ignore = [\"path\"]`"
        ),
        "{error}"
    );
}

/// By its content, whatever its name says.
#[test]
fn a_parquet_file_is_known_by_how_it_begins() {
    let place = Place::new();
    let number: ArrayRef = Arc::new(Float64Array::from(vec![7.0, 8.0, 9.0]));
    place.parquet(&["a", "b", "c"], vec![("f0", number)]).expect("imported");
    std::fs::rename(place.path().join("f.parquet"), place.path().join("f.csv")).expect("rename");
    place.run(&Params { file: "f.csv".into(), ..Params::default() }).expect("imported");
}
