//! Corpora of many files: a dataset of Dataverse, a repository with Git LFS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ser_fetch::{FetchError, Source, Wanted, agree_to_licence, is_licence_agreed};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::server::{Asked, Fault, Server};
use crate::support::{Place, md5, noise, sha256, zip};

const COMMIT: &str = "1658cd342dff90010aa843eaeebd53610a08b1dc";

const BATCH: &str = "/owner/corpus.git/info/lfs/objects/batch";

fn wanted(include: &[&str], files: u64) -> Wanted {
    Wanted { include: include.iter().map(|&glob| glob.to_owned()).collect(), files: Some(files), bytes: None }
}

/// A dataset with these files (folder, name, bytes), each with its faults.
fn dataset(server: &Server, files: &[(&str, &str, &[u8], &[Fault])], restricted: bool) -> Source {
    let mut listed = Vec::new();
    for (id, (folder, name, bytes, faults)) in files.iter().enumerate() {
        server.file(&format!("/api/access/datafile/{id}"), bytes, faults);
        let digits = md5(bytes).to_string().replace("md5:", "");
        listed.push(serde_json::json!({
            "label": name, "restricted": restricted, "directoryLabel": folder,
            "dataFile": {"id": id, "filename": format!("old {name}"), "filesize": bytes.len(), "md5": digits,
                         "checksum": {"type": "MD5", "value": digits}},
        }));
    }
    let answer = serde_json::json!({
        "status": "OK",
        "data": {"id": 1, "latestVersion": {"license": {"name": "CC BY-NC 4.0", "uri": "http://x"}, "files": listed}},
    });
    server.file("/api/datasets/:persistentId/?persistentId=doi:10.5683/SP2/E8H2MF", answer.to_string().as_bytes(), &[]);
    Source::Dataverse {
        server: "https://borealisdata.ca".to_owned(),
        dataset: "doi:10.5683/SP2/E8H2MF".to_owned(),
        wanted: wanted(&["**/*.wav"], files.iter().filter(|file| file.1 != "readme.txt").count() as u64),
    }
}

#[test]
fn a_dataset_comes_file_by_file() {
    let server = Server::start();
    let place = Place::new(&server);
    let (one, two) = (noise(9_000, 1), noise(8_000, 2));
    let files: [(&str, &str, &[u8], &[Fault]); 3] = [
        ("OAF_angry", "OAF_back_angry.wav", &one, &[Fault::Drop(4_000)]),
        ("", "YAF_bar_ps.wav", &two, &[]),
        ("", "readme.txt", b"x", &[]),
    ];
    let source = dataset(&server, &files, false);
    let fetched = place.fetch(&source).expect("it comes");
    assert_eq!((fetched.files, fetched.bytes), (2, 17_000));
    assert_eq!(place.files(), ["OAF_angry/OAF_back_angry.wav", "YAF_bar_ps.wav"]);
    assert!(place.was_told("the publisher states the licence `CC BY-NC 4.0`"));
    server.asked();
    assert!(place.fetch(&source).expect("complete").was_complete);
    assert_eq!(server.asked().len(), 0);
    // A single file that is gone comes alone.
    std::fs::remove_file(place.root().join("YAF_bar_ps.wav")).expect("remove");
    place.fetch(&source).expect("it comes again");
    let asked: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[1], "/api/access/datafile/1");
}

#[test]
fn requests_keep_a_distance_where_a_server_wants_one() {
    let server = Server::start();
    let mut place = Place::new(&server);
    place.network.timings.dataverse_pace = Duration::from_millis(60);
    let files: [(&str, &str, &[u8], &[Fault]); 4] =
        [("", "a.wav", b"a", &[]), ("", "b.wav", b"b", &[]), ("", "c.wav", b"c", &[]), ("", "d.wav", b"d", &[])];
    let source = dataset(&server, &files, false);
    let start = Instant::now();
    place.fetch(&source).expect("it comes");
    assert!(start.elapsed() >= Duration::from_millis(180), "{:?}", start.elapsed());
}

#[test]
fn files_that_are_there_are_verified_and_never_overwritten() {
    let server = Server::start();
    let place = Place::new(&server);
    let files: [(&str, &str, &[u8], &[Fault]); 3] =
        [("", "a.wav", b"right", &[]), ("", "b.wav", b"other", &[]), ("", "c.wav", b"third", &[])];
    let source = dataset(&server, &files, false);
    std::fs::create_dir_all(place.root()).expect("folder");
    std::fs::write(place.root().join("a.wav"), "right").expect("write");
    std::fs::write(place.root().join("b.wav"), "wrong").expect("write");
    let error = place.fetch(&source).expect_err("another file");
    assert!(error.to_string().starts_with("1 of 3 files could not be fetched, the first: `"), "{error}");
    assert!(error.to_string().ends_with("b.wav` is there already, and is not the published file"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("move `")), "{error:?}");
    assert_eq!(place.read("b.wav").as_deref(), Some(b"wrong".as_slice()));
    std::fs::remove_file(place.root().join("b.wav")).expect("remove");
    server.asked();
    assert_eq!(place.fetch(&source).expect("it comes").files, 3);
    let mut asked: Vec<String> = server.asked().into_iter().skip(1).map(|asked| asked.path).collect();
    asked.sort();
    assert_eq!(asked, ["/api/access/datafile/1", "/api/access/datafile/2"], "the file that was there is not asked for");
}

#[test]
fn one_file_that_does_not_come_keeps_no_other_from_it() {
    let server = Server::start();
    let place = Place::new(&server);
    let names: Vec<String> = (0..12).map(|number| format!("{number:02}.wav")).collect();
    let bytes: Vec<Vec<u8>> = (0..12).map(|number| noise(500, number)).collect();
    let files: Vec<(&str, &str, &[u8], &[Fault])> =
        names.iter().zip(&bytes).map(|(name, bytes)| ("", name.as_str(), bytes.as_slice(), &[][..])).collect();
    let source = dataset(&server, &files, false);
    server.remove("/api/access/datafile/3");
    let error = place.fetch(&source).expect_err("one is missing").to_string();
    assert!(error.starts_with("1 of 12 files could not be fetched, the first: there is no `http"), "{error}");
    assert_eq!(place.files().len(), 11);
    server.file("/api/access/datafile/3", &bytes[3], &[]);
    server.asked();
    place.fetch(&source).expect("all come");
    assert_eq!(server.asked().len(), 2, "the list and the one file");
}

#[test]
fn a_list_that_cannot_be_trusted_is_refused() {
    let server = Server::start();
    let check = |files: &[(&str, &str, &[u8], &[Fault])], restricted: bool, told: &str| {
        let place = Place::new(&server);
        let error = place.fetch(&dataset(&server, files, restricted)).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
        assert!(place.files().is_empty());
    };
    check(&[("..", "a.wav", b"a", &[])], false, "names a file `../a.wav`, which is not taken: it leads out");
    check(&[(".ser-fetch", "a.wav", b"a", &[])], false, "it is hidden");
    check(&[("", "a.wav", b"a", &[]), ("", "a.wav", b"b", &[])], false, "it is there twice");
    check(&[("", "a.wav", b"a", &[])], true, "`a.wav` is restricted by its publisher");
    let place = Place::new(&server);
    let Source::Dataverse { server: at, dataset: of, .. } = dataset(&server, &[("", "a.wav", b"a", &[])], false) else {
        panic!("a dataset")
    };
    let more = Source::Dataverse { server: at, dataset: of, wanted: wanted(&["**/*.wav"], 2800) };
    let error = place.fetch(&more).expect_err("too few").to_string();
    assert!(error.ends_with("expected 2800 files, the publisher has 1 files"), "{error}");
    let list = "/api/datasets/:persistentId/?persistentId=doi:10.5683/SP2/E8H2MF";
    server.file(list, b"{\"status\":\"OK\"}", &[]);
    let error = place.fetch(&more).expect_err("no list").to_string();
    assert!(error.contains("is not the list of files that was expected: missing field `data`"), "{error}");
}

/// A repository with these files below `AudioWAV/` as objects, each with its faults, and a table that is none.
struct Repository {
    server: Server,
    source: Source,
    /// Questions for links.
    questions: Arc<AtomicUsize>,
}

fn pointer(bytes: &[u8]) -> String {
    let (oid, size) = (sha256(bytes), bytes.len());
    format!("version https://git-lfs.github.com/spec/v1\noid {oid}\nsize {size}\n")
}

fn oid(bytes: &[u8]) -> String {
    sha256(bytes).to_string().replace("sha256:", "")
}

impl Repository {
    fn new(files: &[(&str, &[u8], &[Fault])], header: bool) -> Self {
        let server = Server::start();
        let pointers: Vec<(String, String)> = files
            .iter()
            .map(|(name, bytes, _)| (format!("corpus-{COMMIT}/AudioWAV/{name}"), pointer(bytes)))
            .chain([
                (format!("corpus-{COMMIT}/Demographics.csv"), "ActorID,Age\n1001,51\n".to_owned()),
                (format!("corpus-{COMMIT}/AudioMP3/x.mp3"), pointer(b"never asked for")),
            ])
            .collect();
        let entries: Vec<(&str, &[u8])> =
            pointers.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
        server.file(&format!("/owner/corpus/zip/{COMMIT}"), &zip(&entries), &[]);
        for (_, bytes, faults) in files {
            server.file(&format!("/objects/{}", oid(bytes)), bytes, faults);
        }
        let (base, questions) = (server.base(), Arc::<AtomicUsize>::default());
        let counted = Arc::clone(&questions);
        server.make(BATCH, move |asked| {
            counted.fetch_add(1, Ordering::Relaxed);
            links(asked, &base, header)
        });
        let include = ["AudioWAV/*.wav", "*.csv"];
        let source = Source::GitLfs {
            repository: "owner/corpus".to_owned(),
            commit: COMMIT.to_owned(),
            wanted: wanted(&include, files.len() as u64),
        };
        Self { server, source, questions }
    }
}

/// An answer with a link for each object of a question.
fn links(asked: &Asked, base: &str, header: bool) -> String {
    assert_eq!(asked.header("accept"), Some("application/vnd.git-lfs+json"));
    let question: serde_json::Value = serde_json::from_str(&asked.body).expect("JSON");
    assert_eq!(question["operation"], "download");
    let objects = question["objects"].as_array().expect("objects");
    assert!(objects.len() <= 100, "{} objects at once", objects.len());
    let answers: Vec<serde_json::Value> = objects
        .iter()
        .map(|object| {
            let oid = object["oid"].as_str().expect("an id");
            let mut download = serde_json::json!({"href": format!("{base}/objects/{oid}"), "expires_in": 900});
            if header {
                download["header"] = serde_json::json!({"Authorization": "RemoteAuth secret", "X-Token": "secret"});
            }
            serde_json::json!({"oid": oid, "size": object["size"], "actions": {"download": download}})
        })
        .collect();
    serde_json::json!({"transfer": "basic", "objects": answers}).to_string()
}

#[test]
fn a_repository_comes_by_its_pointers() {
    let sounds: Vec<Vec<u8>> = (0..230).map(|number| noise(300, number)).collect();
    let names: Vec<String> = (0..230).map(|number| format!("{number:03}.wav")).collect();
    let files: Vec<(&str, &[u8], &[Fault])> =
        names.iter().zip(&sounds).map(|(name, bytes)| (name.as_str(), bytes.as_slice(), &[][..])).collect();
    let repository = Repository::new(&files, false);
    let place = Place::new(&repository.server);
    let fetched = place.fetch(&repository.source).expect("it comes");
    assert_eq!(fetched.files, 231);
    assert_eq!(repository.questions.load(Ordering::Relaxed), 3, "a hundred at a time");
    assert_eq!(place.read("AudioWAV/229.wav"), Some(sounds[229].clone()));
    assert_eq!(place.read("Demographics.csv").as_deref(), Some(b"ActorID,Age\n1001,51\n".as_slice()));
    assert!(place.files().iter().all(|file| !file.contains("mp3")));
    repository.server.asked();
    assert!(place.fetch(&repository.source).expect("complete").was_complete);
    assert_eq!(repository.server.asked().len(), 0);
    std::fs::remove_file(place.root().join("AudioWAV/100.wav")).expect("remove");
    place.fetch(&repository.source).expect("it comes again");
    let asked: Vec<String> = repository.server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, [BATCH.to_owned(), format!("/objects/{}", oid(&sounds[100]))], "the list of a commit stays");
    std::fs::remove_file(place.root().join("Demographics.csv")).expect("remove");
    place.fetch(&repository.source).expect("it comes again");
    assert_eq!(repository.server.asked().len(), 1, "the archive that it is in");
}

#[test]
fn links_that_have_run_out_are_asked_for_anew() {
    let gone = || Fault::Status(403, vec![], "<Error><Code>AccessDenied</Code></Error>");
    let (one, two, three) = (noise(5_000, 1), noise(5_000, 2), noise(5_000, 3));
    let faults = [Fault::Drop(2_000), gone()];
    let repository =
        Repository::new(&[("a.wav", &one, &[]), ("b.wav", &two, &faults), ("c.wav", &three, &[gone()])], false);
    let place = Place::new(&repository.server);
    place.fetch(&repository.source).expect("it comes");
    assert_eq!(repository.questions.load(Ordering::Relaxed), 3);
    let resumed = repository.server.asked().iter().filter(|asked| asked.header("range").is_some()).count();
    assert_eq!(resumed, 2, "with both links the part is gone on with");
    assert_eq!(*place.told.bytes.lock().expect("bytes"), (15_000, 15_000), "no byte is counted twice");

    let never = Repository::new(&[("a.wav", &one, &[gone(), gone()]), ("b.wav", &two, &[])], false);
    let place = Place::new(&never.server);
    let error = place.fetch(&never.source).expect_err("refused").to_string();
    assert!(error.contains("was refused with status 403: <Error>"), "{error}");
}

#[test]
fn credentials_go_to_their_own_server_alone() {
    let elsewhere = Server::start();
    let bytes = noise(5_000, 1);
    elsewhere.file("/signed", &bytes, &[Fault::Drop(1_000)]);
    let to = Fault::Status(302, vec![("Location", format!("{}/signed", elsewhere.base()))], "");
    let repository = Repository::new(&[("a.wav", &bytes, &[to.clone(), to])], true);
    let place = Place::new(&repository.server);
    place.fetch(&repository.source).expect("it comes");
    let object = format!("/objects/{}", oid(&bytes));
    let own = repository.server.asked();
    let own: Vec<&Asked> = own.iter().filter(|asked| asked.path == object).collect();
    assert_eq!(own.len(), 2);
    assert!(own.iter().all(|asked| asked.header("authorization") == Some("RemoteAuth secret")));
    let other = elsewhere.asked();
    assert!(other.len() == 2 && other[1].header("range").is_some(), "ranges are for everybody: {other:?}");
    for asked in other {
        assert_eq!((asked.header("authorization"), asked.header("x-token")), (None, None), "{asked:?}");
    }
}

#[test]
fn what_a_repository_refuses_is_told_in_its_words() {
    let bytes = noise(500, 1);
    let repository = Repository::new(&[("a.wav", &bytes, &[])], false);
    let place = Place::new(&repository.server);
    let said = "{\"message\": \"This repository is over its data quota.\", \"documentation_url\": \"https://x\"}";
    repository.server.file(BATCH, b"", &[Fault::Status(403, vec![], said)]);
    let error = place.fetch(&repository.source).expect_err("a quota").to_string();
    assert!(error.ends_with("was refused with status 403: This repository is over its data quota."), "{error}");
    for (code, told) in [(404, "there is no `"), (422, "was refused with status 422: Object is gone")] {
        let object = serde_json::json!({
            "objects": [{"oid": oid(&bytes), "size": 500, "error": {"code": code, "message": "Object is gone"}}],
        });
        repository.server.file(BATCH, object.to_string().as_bytes(), &[]);
        let error = place.fetch(&repository.source).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
    }
    for (answer, told) in [("{\"objects\": []}", "it says nothing of the object"), ("[]", "is not the list of files")] {
        repository.server.file(BATCH, answer.as_bytes(), &[]);
        let error = place.fetch(&repository.source).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(place.files(), ["Demographics.csv"], "what is no object came with the list");
}

#[test]
fn links_lead_to_the_web_and_may_hold_for_ever() {
    let bytes = noise(500, 1);
    let repository = Repository::new(&[("a.wav", &bytes, &[])], false);
    let place = Place::new(&repository.server);
    let object = format!("/objects/{}", oid(&bytes));
    for (href, told) in [("file:///etc/passwd", Some("it is no URL of the web")), (object.as_str(), None)] {
        let download = serde_json::json!({"href": href, "expires_in": i64::MAX});
        let answer =
            serde_json::json!({"objects": [{"oid": oid(&bytes), "size": 500, "actions": {"download": download}}]});
        repository.server.file(BATCH, answer.to_string().as_bytes(), &[]);
        let fetched = place.fetch(&repository.source).map_err(|error| error.to_string());
        match told {
            Some(told) => assert!(fetched.as_ref().is_err_and(|error| error.contains(told)), "{fetched:?}"),
            None => assert_eq!(fetched.map(|fetched| fetched.files), Ok(2)),
        }
    }
}

#[test]
fn an_archive_of_pointers_is_not_taken_on_trust() {
    let bytes = noise(500, 1);
    let repository = Repository::new(&[("a.wav", &bytes, &[])], false);
    let place = Place::new(&repository.server);
    let archive = format!("/owner/corpus/zip/{COMMIT}");
    let entry = "corpus/AudioWAV/a.wav";
    let with = |comment: Option<&str>, files: &[(&str, &[u8])]| {
        let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            archive.start_file(*name, SimpleFileOptions::default()).expect("an entry");
            std::io::Write::write_all(&mut archive, bytes).expect("write");
        }
        archive.set_comment(comment.unwrap_or_default()).expect("a comment");
        archive.finish().expect("an archive").into_inner()
    };
    let text = pointer(&bytes);
    let own: (&str, &[u8]) = (entry, text.as_bytes());
    // Two of them are larger than all may be together, and shrink to nothing.
    let half = vec![b'0'; (1 << 24) + 1];
    for (content, told) in [
        (with(Some("0000000000000000000000000000000000000000"), &[own]), "expected 1658cd342dff"),
        (with(None, &[own, ("corpus/AudioWAV/b.wav", text.as_bytes())]), "expected 1 files, the publisher has 2 files"),
        (with(None, &[("corpus/AudioMP3/a.mp3", b"x")]), "expected 1 files, the publisher has 0 files"),
        (with(None, &[own, ("corpus/..csv", b"x")]), "it is hidden"),
        (with(None, &[own, ("corpus/a.csv", &half), ("corpus/b.csv", &half)]), "with `b.csv`, files that are not kept"),
        (b"PK but no archive".to_vec(), "is not the list of files that was expected"),
    ] {
        repository.server.file(&archive, &content, &[]);
        let error = place.fetch(&repository.source).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
        assert!(place.files().is_empty(), "{told}");
    }
    let page = [Fault::Page, Fault::Page];
    repository.server.file(&archive, &with(Some(COMMIT), &[own]), &page);
    let error = place.fetch(&repository.source).expect_err("a page").to_string();
    assert!(error.starts_with("the server sent a web page in place of"), "{error}");
    place.fetch(&repository.source).expect("it comes");
}

#[test]
fn a_licence_is_agreed_to_once_and_a_corpus_fetched_by_one_call_at_a_time() {
    let server = Server::start();
    let place = Place::new(&server);
    let held = noise(2_000, 1);
    let source = dataset(&server, &[("", "a.wav", &held, &[Fault::Hold(1_000)])], false);
    agree_to_licence(&place.root(), "CC BY-NC 4.0").expect("write");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| place.fetch(&source));
        server.held();
        let error = place.fetch(&source).expect_err("another call");
        assert!(matches!(error, FetchError::Locked { .. }), "{error}");
        first.join().expect("no panic").expect("it comes");
    });
    assert!(is_licence_agreed(&place.root(), "CC BY-NC 4.0").expect("read"), "the journal keeps it");
}
