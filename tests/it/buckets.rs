//! Corpora in object storage: the same tables as from a folder, whatever the store does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use ser_schemas::{Clip, Exclusion, Reason, Table as _};

use crate::kills::results;
use crate::small;
use crate::store::Store;
use crate::util::{Workspace, wav};
use crate::watch::Watcher;
use crate::worker::begin;

/// The demo corpora, with their bad files and side tables, up to a report with a recording in it.
const PIPELINE: &str = r#"
name = "buckets"
seed = 42

[stage.crema_d]
kind = "ingest"
corpus = "crema_d"
root = "${SER_DATA}/crema_d"

[stage.ravdess]
kind = "ingest"
corpus = "ravdess"
root = "${SER_DATA}/ravdess"

[stage.savee]
kind = "ingest"
corpus = "savee"
root = "${SER_DATA}/savee"

[stage.tess]
kind = "ingest"
corpus = "tess"
root = "${SER_DATA}/tess"

[stage.manifest]
kind = "manifest"
from = ["crema_d", "ravdess", "savee", "tess"]

[stage.audit]
kind = "audit"
from = "manifest"

[stage.features]
kind = "features"
from = "manifest"

[stage.folds]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2

[stage.linear]
kind = "baseline"
from = ["manifest", "features", "folds"]
model = "linear"
l2 = [100]

[stage.evaluation]
kind = "evaluate"
from = ["manifest", "linear"]

[stage.report]
kind = "report"
from = ["manifest", "audit", "features", "folds", "linear", "evaluation"]
embed_audio_kib = 500
"#;

/// Where the bucket's corpora begin, in the place of a folder.
const IN_BUCKET: &str = "s3://corpora/";

/// Tables that name places: these alone may differ.
const NAMING: [&str; 6] = ["clips", "corpus", "corpora", "exclusions", "findings", "label_errors"];

/// Rows of a table, as if the bucket were a folder.
fn rows(path: &Path) -> Vec<String> {
    let reader = SerializedFileReader::new(File::open(path).expect("table")).expect("Parquet");
    let rows = reader.get_row_iter(None).expect("rows").map(|row| row.expect("row").to_string());
    rows.map(|row| row.replace(IN_BUCKET, "")).collect()
}

/// Asserts that two runs have the same results, apart from the places that are named in them.
#[track_caller]
fn same(folder: &Workspace, bucket: &Workspace) {
    let (expected, found) = (results(folder), results(bucket));
    assert!(expected.keys().eq(found.keys()), "{:?} and {:?}", expected.keys(), found.keys());
    let mut naming = BTreeSet::new();
    for (path, said) in &expected {
        if found[path] == *said {
            continue;
        }
        let name = Path::new(path).file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert!(NAMING.contains(&name), "`{path}` differs");
        let [one, other] = [folder, bucket].map(|workspace| rows(&workspace.path(&format!("artifacts/{path}"))));
        assert_eq!(one, other, "`{path}`");
        naming.insert(name);
    }
    assert!(naming.contains("clips") && naming.contains("corpus"), "{naming:?}");
}

/// A workspace whose corpora are those of `data`, a folder or a place in the bucket.
fn with_data(pipeline: &str, data: &str) -> Workspace {
    Workspace::with_pipeline(&pipeline.replace("${SER_DATA}", data))
}

/// The demo corpora in a folder, and the results of a run on them.
fn of_folder() -> Workspace {
    let workspace = with_data(PIPELINE, "demo");
    workspace.ser(&["demo", "demo"]).exits(0);
    workspace.ser(&["run"]).exits(0);
    workspace
}

#[test]
fn a_bucket_gives_the_tables_of_a_folder_and_costs_what_changed() {
    let Some(store) = Store::start("the test of corpora in a bucket") else { return };
    let folder = of_folder();
    store.upload(&folder.path("demo"), "demo");
    let bucket = with_data(PIPELINE, "s3://corpora/demo");
    store.ser(&bucket, &["run"]).exits(0);
    same(&folder, &bucket);
    let clips = Clip::read_in(bucket.path("artifacts/manifest")).expect("clips");
    assert!(clips.iter().all(|clip| clip.path.starts_with("s3://corpora/demo/")), "{}", clips[0].path);

    // The page has recordings inside, and no link that no browser can follow.
    let page = fs::read_to_string(bucket.path("artifacts/report/index.html")).expect("page");
    assert!(page.contains("src=\"data:audio&#x2f;wav;base64,") && !page.contains("href=\"s3:"));

    // Nothing changed: nothing is read.
    store.forget();
    store.ser(&bucket, &["status", "--exit-code"]).exits(0);
    store.ser(&bucket, &["run"]).exits(0).tells("0 of 11 stages run");
    assert_eq!(store.read(), BTreeSet::new());

    // One object is replaced.
    let replaced = clips.iter().find(|clip| clip.corpus == "ravdess").expect("a clip").path.clone();
    let key = replaced.strip_prefix(IN_BUCKET).expect("in the bucket").to_owned();
    let change = |key: &str, bytes: &[u8]| {
        store.put(key, bytes);
        folder.write(key, bytes);
    };
    change(&key, &wav(16_000, 0.9, 333.0, 0.4));
    store.ser(&bucket, &["status", "--exit-code"]).exits(3).says("1 file changed: ");
    store.forget();
    let features = |workspace: &Workspace| workspace.path("artifacts/features");
    store.ser(&bucket, &["run", "features"]).exits(0);
    assert_eq!(store.read(), BTreeSet::from([key.clone()]));
    folder.ser(&["run", "features"]).exits(0);
    assert!(features(&folder).is_dir() && features(&bucket).is_dir());

    // One is deleted, and one is added, with a name that has to be encoded.
    store.delete(&key);
    fs::remove_file(folder.path(&key)).expect("file");
    let added = "demo/tess/OAF_happy/OAF_new+ly ü_happy.wav";
    change(added, &wav(16_000, 0.8, 222.0, 0.4));
    store.forget();
    store.ser(&bucket, &["run", "manifest"]).exits(0);
    assert_eq!(store.read(), BTreeSet::from([added.to_owned()]));
    // Of features the same, and another recording for a drawing where the one that went was drawn.
    store.forget();
    store.ser(&bucket, &["run", "features"]).exits(0);
    assert!(store.read().contains(added) && store.read().len() <= 9, "{:?}", store.read());

    // A side table is replaced.
    let table = "demo/crema_d/VideoDemographics.csv";
    let text = fs::read_to_string(folder.path(table)).expect("table");
    change(table, text.replace("Female", "female").as_bytes());
    store.ser(&bucket, &["status"]).exits(0).says("`VideoDemographics.csv` changed");
    store.ser(&bucket, &["run"]).exits(0);
    folder.ser(&["run"]).exits(0);
    same(&folder, &bucket);
}

#[test]
fn a_store_that_fails_every_fifth_request_ends_in_the_same_tables() {
    let Some(store) = Store::start("the test of a store that fails") else { return };
    let folder = of_folder();
    store.upload(&folder.path("demo"), "demo");
    store.fail_every(5);
    let bucket = with_data(PIPELINE, "s3://corpora/demo");
    store.ser(&bucket, &["run"]).exits(0);
    same(&folder, &bucket);
    assert!(store.failures() > 20, "{}", store.failures());
}

/// The small pipeline and its corpora, in a folder and in the store; the latter not yet run.
fn small_ones(store: &Store) -> (Workspace, Workspace) {
    let folder = small::workspace();
    store.upload(&folder.path("data"), "data");
    folder.ser(&["run", "features"]).exits(0);
    let bucket = Workspace::with_pipeline(&small::PIPELINE.replace("\"data/", "\"s3://corpora/data/"));
    (folder, bucket)
}

#[test]
fn killed_while_it_reads_the_next_run_ends_with_the_same_tables() {
    let Some(store) = Store::start("the test of kills beside a store") else { return };
    let (folder, bucket) = small_ones(&store);
    store.delay(Duration::from_millis(60));
    let start = || -> Child {
        let mut command = store.command(&bucket, &["run", "features"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    };
    // 40 objects are read by ingest, and 40 by features: each time it is hit in the middle of one.
    let mut hits = 0;
    for (stage, after) in [("ravdess", 9), ("ravdess", 21), ("features", 10), ("features", 30)] {
        if stage == "features" {
            store.ser(&bucket, &["run", "manifest"]).exits(0);
        }
        store.forget();
        let mut victim = start();
        let begun = Instant::now();
        while store.reads() < after && begun.elapsed() < Duration::from_secs(20) {
            sleep(Duration::from_millis(2));
        }
        hits += usize::from(victim.try_wait().expect("wait").is_none());
        victim.kill().expect("kill");
        victim.wait().expect("wait");
        let done = bucket.path(&format!("artifacts/{stage}/clips.parquet"));
        assert!(stage == "features" || !done.exists(), "{stage} was not hit in the middle");
    }
    assert_eq!(hits, 4);
    store.ser(&bucket, &["run", "features"]).exits(0);
    same(&folder, &bucket);
}

#[test]
fn a_worker_helps_with_corpora_in_a_bucket() {
    let Some(store) = Store::start("the test of workers beside a store") else { return };
    let (folder, bucket) = small_ones(&store);
    let ser = |arguments: &[&str]| store.ser(&bucket, arguments);
    ser(&["run", "tess"]).exits(0);
    begin(&bucket, "ravdess", &ser);
    ser(&["worker", "--idle", "0.1"]).exits(0).tells("helped with 1 stage");
    ser(&["run", "manifest"]).exits(0);
    begin(&bucket, "features", &ser);
    store.forget();
    ser(&["worker", "--idle", "0.1"]).exits(0).tells("helped with 1 stage");
    assert!(store.read().len() == 40, "{}", store.read().len());
    store.forget();
    ser(&["run", "features"]).exits(0).tells("40 of 40 clips taken over");
    assert!(store.read().len() < 10, "only what is drawn: {:?}", store.read());
    same(&folder, &bucket);
}

#[test]
fn corpora_in_a_bucket_are_checked_exported_and_watched() {
    let Some(store) = Store::start("the test of other commands beside a store") else { return };
    let (folder, bucket) = small_ones(&store);
    store.ser(&bucket, &["run", "folds"]).exits(0);
    folder.ser(&["run", "folds"]).exits(0);

    let check = |root: &'static str| ["corpora", "check", root, "--corpus", "ravdess"];
    let far = store.ser(&bucket, &check("s3://corpora/data/ravdess")).exits(0);
    let near = folder.ser(&check("data/ravdess")).exits(0);
    assert_eq!(far.stdout.replace(IN_BUCKET, ""), near.stdout);
    let nothing = ["corpora", "check", "s3://corpora/nothing", "--corpus", "tess"];
    store.ser(&bucket, &nothing).exits(2).tells("there is nothing below `s3://corpora/nothing`");

    let export = ["export", "hf", "dataset", "--split", "folds", "--fold", "0"];
    store.ser(&bucket, &export).exits(0);
    folder.ser(&export).exits(0);
    let shards = |workspace: &Workspace| -> BTreeMap<String, String> {
        let files = fs::read_dir(workspace.path("dataset/data")).expect("folder").map(|entry| entry.expect("entry"));
        let digest = |path: &Path| ser_schemas::content_digest(path).expect("table");
        files.map(|file| (file.file_name().to_string_lossy().into_owned(), digest(&file.path()))).collect()
    };
    assert_eq!(shards(&bucket), shards(&folder));

    let watcher =
        Watcher::spawn(&bucket, store.command(&bucket, &["watch", "folds", "--settle", "0.2", "--poll", "0.2"]));
    watcher.tells("nothing to do: every stage is fresh", 1);
    store.put("data/tess/OAF_sad/OAF_new_sad.wav", &wav(16_000, 0.5, 190.0, 0.4));
    watcher.tells("1 added (s3://corpora/data/tess/OAF_sad/OAF_new_sad.wav)", 1);
    watcher.tells("tess, manifest", 1);
    assert!(watcher.interrupt().contains("in 3 places"), "the pipeline file and two corpora");
}

#[test]
fn what_is_wrong_with_a_store_is_an_error_of_the_stage_and_a_bad_object_is_none() {
    let Some(store) = Store::start("the test of errors of a store") else { return };
    let pipeline = "name = \"p\"\n[stage.tess]\nkind = \"ingest\"\ncorpus = \"tess\"\nroot = \"s3://corpora/tess\"\n\
        [stage.manifest]\nkind = \"manifest\"\nfrom = \"tess\"\n";
    let workspace = Workspace::with_pipeline(pipeline);
    let recordings = [("bar", "sad", 150.0), ("bar", "happy", 160.0), ("base", "sad", 170.0), ("base", "happy", 180.0)];
    for (word, emotion, hz) in recordings {
        store.put(&format!("tess/OAF_{emotion}/OAF_{word}_{emotion}.wav"), &wav(16_000, 0.5, hz, 0.5));
    }
    store.put("tess/OAF_sad/OAF_boat_sad.wav", b"no sound");
    store.put("tess/OAF_sad//OAF_bone_sad.wav", &wav(16_000, 0.5, 170.0, 0.5));
    store.put("tess/OAF_sad/", b"");
    store.put("tess/OAF_sad/.hidden.wav", b"x");
    store.put("tess/OAF_sad/OAF_burn_sad.wav/", &wav(16_000, 0.5, 170.0, 0.5));
    let variables = |changes: &[(&str, &str)], told: &str, hint: &str| {
        let mut command = store.command(&workspace, &["run"]);
        for (name, value) in changes {
            command.env(name, value);
        }
        let output = command.output().expect("the program starts");
        workspace.ran(&["run"], &output).exits(1).tells(told).tells(hint);
        assert!(!workspace.path("artifacts/tess").exists(), "{told}");
    };
    variables(&[("AWS_SECRET_ACCESS_KEY", "other")], "the credentials are not accepted", "SignatureDoesNotMatch");
    variables(&[("AWS_ACCESS_KEY_ID", "AKIANOBODY")], "the credentials are not accepted", "InvalidAccessKeyId");
    variables(&[("AWS_ACCESS_KEY_ID", "")], "`AWS_ACCESS_KEY_ID` is of no use", "it is not set");
    variables(&[("AWS_ENDPOINT_URL", "localhost")], "`AWS_ENDPOINT_URL` is of no use", "`localhost` is no URL");
    workspace.write("pipeline.toml", pipeline.replace("s3://corpora/", "s3://nowhere/"));
    store.ser(&workspace, &["run"]).exits(1).tells("there is no bucket `nowhere`").tells("AWS_ENDPOINT_URL");
    workspace.write("pipeline.toml", pipeline.replace("s3://corpora/", "gs://corpora/"));
    store.ser(&workspace, &["run"]).exits(2).tells("`gs://` is not known").tells("s3://bucket/folder");
    workspace.write("pipeline.toml", pipeline.replace("s3://corpora/tess", "s3://corpora/tes"));
    store.ser(&workspace, &["run", "tess"]).exits(0).tells("there is nothing below `s3://corpora/tes`");
    store.ser(&workspace, &["fetch", "tess", "--to", "s3://corpora"]).exits(2).tells("aws s3 sync");
    let elsewhere: [&[&str]; 6] = [
        &["demo", "s3://corpora/demo"],
        &["run", "--demo", "s3://corpora/demo"],
        &["run", "--artifacts", "s3://corpora/artifacts"],
        &["export", "hf", "s3://corpora/hf"],
        &["predict", "s3://corpora/tess"],
        &["predict", "a.wav", "--parts", "s3://corpora/answers"],
    ];
    for line in elsewhere {
        store.ser(&workspace, line).exits(2).tells("object storage is read where it is the `root` of an ingest stage");
    }
    assert!(!workspace.path("s3:").exists());

    workspace.write("pipeline.toml", pipeline);
    store.ser(&workspace, &["run"]).exits(0);
    let out = Exclusion::read_in(workspace.path("artifacts/manifest")).expect("exclusions");
    let told: BTreeMap<&str, (Reason, bool)> =
        out.iter().map(|row| (row.path.as_str(), (row.reason, row.detail.contains("is no path")))).collect();
    let expected = BTreeMap::from([
        ("s3://corpora/tess/OAF_sad/OAF_boat_sad.wav", (Reason::Unreadable, false)),
        ("s3://corpora/tess/OAF_sad//OAF_bone_sad.wav", (Reason::Unreadable, true)),
        ("s3://corpora/tess/OAF_sad/OAF_burn_sad.wav/", (Reason::Unreadable, true)),
    ]);
    assert_eq!(told, expected);
}
