use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ser_schemas::{Corpus, Emotion, Exclusion};
use ser_stage::Quiet;

use super::*;

/// Six clips of two corpora in a folder of their own; their files hold anything, which nothing here decodes.
fn dataset(root: &Path) -> Dataset {
    let mut clips = Vec::new();
    for (number, (corpus, emotion)) in
        [("open", "happy"), ("open", "sad"), ("open", "sad"), ("open", "bored"), ("closed", "sad"), ("closed", "happy")]
            .into_iter()
            .enumerate()
    {
        let bytes = format!("audio {number}").repeat(10);
        let path = format!("{corpus}/{number}.WAV");
        fs::create_dir_all(root.join(corpus)).expect("folder");
        fs::write(root.join(&path), &bytes).expect("file");
        let mut clip = Clip::found(format!("{corpus}/{number}"), corpus.to_owned(), path, bytes.len() as u64);
        clip.content_hash = Some(blake3::hash(bytes.as_bytes()).to_hex().to_string());
        clip.emotion = Some(emotion.parse::<Emotion>().expect("a name"));
        clip.speaker = Some(format!("{corpus}:{}", number % 2));
        clip.duration_s = Some(30.0);
        clip.language = Some("en-GB".to_owned());
        clips.push(clip);
    }
    let corpus = |name: &str, licence: &str| Corpus {
        corpus: name.to_owned(),
        title: format!("The {name} | corpus"),
        licence: Some(licence.to_owned()),
        citation: Some("Author (2020). <b>Title</b>.".to_owned()),
        ..Corpus::default()
    };
    let exclusion = Exclusion {
        clip_id: "open/9".to_owned(),
        path: "open/9.wav".to_owned(),
        corpus: "open".to_owned(),
        reason: ser_schemas::Reason::Silent,
        detail: String::new(),
        copy_of: None,
        speaker: None,
    };
    let corpora = vec![corpus("open", "CC BY 4.0"), corpus("closed", "free for friends"), corpus("unused", "secret")];
    Dataset { name: "tried: \"it\"".to_owned(), clips, exclusions: vec![exclusion], corpora }
}

fn terms() -> Vec<Terms> {
    ["open", "closed"]
        .map(|corpus| Terms { corpus: corpus.to_owned(), may_be_passed_on: true, condition: None })
        .into_iter()
        .collect()
}

fn options<'a>(root: &Path, terms: &'a [Terms]) -> HfOptions<'a> {
    HfOptions { base_dir: root.to_owned(), terms, private: false, division: None, shard_bytes: 150, replace: false }
}

/// Clip id, recording and number of the class of each row of a shard, with the number of rows of each group.
fn rows(path: &Path) -> (Vec<(String, String, i64)>, usize) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).expect("file")).expect("Parquet");
    let groups = reader.metadata().num_row_groups();
    let mut rows = Vec::new();
    for batch in reader.build().expect("reader") {
        let batch = batch.expect("rows");
        let audio = batch.column_by_name("audio").expect("audio").as_struct();
        let bytes = audio.column_by_name("bytes").expect("bytes").as_binary::<i32>();
        let classes = batch.column_by_name("emotion").expect("emotion").as_primitive::<Int64Type>();
        let ids = batch.column_by_name("clip_id").expect("ids").as_string::<i32>();
        for at in 0..batch.num_rows() {
            let text = String::from_utf8(bytes.value(at).to_vec()).expect("text");
            assert!(classes.is_valid(at));
            rows.push((ids.value(at).to_owned(), text, classes.value(at)));
        }
    }
    (rows, groups)
}

#[test]
fn shards_hold_every_recording_with_its_class_and_the_types_for_datasets() {
    let folder = tempfile::tempdir().expect("folder");
    let dataset = dataset(folder.path());
    let (out, terms) = (folder.path().join("out"), terms());
    let summary = hugging_face(&out, &dataset, &options(folder.path(), &terms), &Quiet).expect("written");
    assert_eq!((summary.splits[0].name, summary.splits[0].clips, summary.splits[0].shards), ("train", 6, 3));
    let mut all = Vec::new();
    for number in 0..3 {
        let path = out.join(format!("data/train-{number:05}-of-00003.parquet"));
        let (found, groups) = rows(&path);
        assert_eq!((found.len(), groups), (2, 1));
        all.extend(found);
        let metadata = ser_schemas::read_metadata(&path).expect("metadata");
        let told: serde_json::Value = serde_json::from_str(&metadata["huggingface"]).expect("JSON");
        let features = &told["info"]["features"];
        assert_eq!(features["audio"], serde_json::json!({"_type": "Audio"}));
        assert_eq!(features["emotion"], serde_json::json!({"names": ["bored", "happy", "sad"], "_type": "ClassLabel"}));
        assert_eq!(features["duration_s"], serde_json::json!({"dtype": "float64", "_type": "Value"}));
    }
    for (clip, (id, text, class)) in dataset.clips.iter().zip(&all) {
        assert_eq!((&clip.clip_id, text.len() as u64), (id, clip.bytes));
        assert_eq!(["bored", "happy", "sad"][*class as usize], clip.emotion.expect("one").as_str());
    }
    let card = fs::read_to_string(out.join("README.md")).expect("card");
    for line in [
        "pretty_name: \"tried: \\\"it\\\"\"",
        "license:\n- cc-by-4.0\n- other\n",
        "language:\n- en\n",
        "size_categories:\n- n<1K\n",
        "  - split: train\n    path: data/train-*\n",
        "          '2': \"sad\"\n",
        "    num_examples: 6\n",
        "| train | 6 | 4 | 3.0 | 1 | 2 | 3 |\n",
        "1 of 7 files: 1 `silent`.",
        "The open \\| corpus",
        "- Author (2020). &lt;b>Title&lt;/b>.",
    ] {
        assert!(card.contains(line), "{line} in {card}");
    }
    assert!(!card.contains("unused") && !card.contains("private"), "{card}");
    assert!(!card.contains(folder.path().to_str().expect("UTF-8")), "no place on this machine");
}

#[test]
fn a_fold_divides_the_clips_and_those_without_a_part_stay_out() {
    let folder = tempfile::tempdir().expect("folder");
    let (dataset, terms) = (dataset(folder.path()), terms());
    let ids: Vec<&str> = dataset.clips.iter().map(|clip| clip.clip_id.as_str()).collect();
    let roles: BTreeMap<&str, Role> =
        [(ids[0], Role::Test), (ids[1], Role::Train), (ids[2], Role::Train), (ids[5], Role::Test)].into();
    let roles: HashMap<String, Role> = roles.into_iter().map(|(id, role)| (id.to_owned(), role)).collect();
    let division = Division { split: "folds".to_owned(), protocol: "random".to_owned(), fold: 3, roles };
    let options = HfOptions { division: Some(&division), ..options(folder.path(), &terms) };
    let out = folder.path().join("out");
    let summary = hugging_face(&out, &dataset, &options, &Quiet).expect("written");
    let told: Vec<(&str, usize)> = summary.splits.iter().map(|split| (split.name, split.clips)).collect();
    assert_eq!((told, summary.without_part), (vec![("train", 2), ("test", 2)], 2));
    let test: Vec<String> =
        rows(&out.join("data/test-00000-of-00001.parquet")).0.into_iter().map(|row| row.0).collect();
    assert_eq!(test, [ids[0], ids[5]]);
    let card = fs::read_to_string(out.join("README.md")).expect("card");
    assert!(
        card.contains("Fold 3 of the split `folds`, made by the protocol `random`. 2 clips of the manifest"),
        "{card}"
    );
    assert!(card.contains("Besides, 2 clips without a part in the fold."), "{card}");
    let none = Division { roles: HashMap::new(), ..division.clone() };
    let none = HfOptions { division: Some(&none), replace: true, ..options };
    let error = hugging_face(&out, &dataset, &none, &Quiet).expect_err("another manifest").to_string();
    assert!(error.contains("holds none of the manifest's 6 clips"), "{error}");
    assert!(out.join("README.md").exists(), "the earlier export stays");
}

#[test]
fn what_may_not_be_passed_on_is_named_with_its_licence() {
    let folder = tempfile::tempdir().expect("folder");
    let mut dataset = dataset(folder.path());
    let out = folder.path().join("out");
    let refused = |dataset: &Dataset, terms: &[Terms]| {
        let error = hugging_face(&out, dataset, &options(folder.path(), terms), &Quiet).expect_err("refused");
        assert!(!out.exists() && error.hint().expect("a hint").contains("--private"));
        error.to_string()
    };
    let mut terms = terms();
    let one = refused(&dataset, &terms[..1]);
    assert!(one.ends_with("passed on: closed (free for friends: its descriptor does not say that they may)"), "{one}");
    terms[0].may_be_passed_on = false;
    terms[0].condition = Some("only friends".to_owned());
    let both = refused(&dataset, &terms[..1]);
    assert!(both.contains("passed on: open (CC BY 4.0: only friends), closed (free for friends"), "{both}");
    let private = HfOptions { private: true, ..options(folder.path(), &terms[..1]) };
    hugging_face(&out, &dataset, &private, &Quiet).expect("for oneself");
    let card = fs::read_to_string(out.join("README.md")).expect("card");
    assert!(card.contains("**A private copy, not to be passed on**") && card.contains("(open, closed)"), "{card}");
    // Synthetic speech is nobody's.
    dataset.corpora.iter_mut().for_each(|corpus| corpus.synthetic = true);
    let again = HfOptions { replace: true, ..options(folder.path(), &[]) };
    hugging_face(&out, &dataset, &again, &Quiet).expect("synthetic");
    let card = fs::read_to_string(out.join("README.md")).expect("card");
    assert!(card.contains("allowed: synthetic demo speech") && card.contains("license:\n- other\n"), "{card}");
}

#[test]
fn a_recording_that_was_changed_or_is_gone_is_named_and_nothing_is_left() {
    let folder = tempfile::tempdir().expect("folder");
    let (dataset, terms) = (dataset(folder.path()), terms());
    let out = folder.path().join("out");
    let told = || {
        let error = hugging_face(&out, &dataset, &options(folder.path(), &terms), &Quiet).expect_err("refused");
        let left = fs::read_dir(folder.path()).expect("folder").map(|item| item.expect("item").file_name());
        assert_eq!(left.filter(|name| name.to_string_lossy().contains("out")).count(), 0);
        error.to_string()
    };
    fs::write(folder.path().join("open/3.WAV"), "another").expect("file");
    let changed = told();
    assert!(changed.contains("open/3.WAV` is not the file that the manifest describes"), "{changed}");
    assert!(changed.contains("`ser run`"), "{changed}");
    fs::remove_file(folder.path().join("open/3.WAV")).expect("file");
    assert!(told().starts_with("cannot read `"));
}

#[test]
fn a_stopped_export_leaves_nothing() {
    struct Stopped;
    impl Observer for Stopped {
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().expect("folder");
    let (dataset, terms) = (dataset(folder.path()), terms());
    let out = folder.path().join("out");
    let error = hugging_face(&out, &dataset, &options(folder.path(), &terms), &Stopped).expect_err("stopped");
    assert!(matches!(error, ExportError::Cancelled));
    assert!(!out.exists() && !folder.path().join("out.partial").exists());
}
