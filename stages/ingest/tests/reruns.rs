//! The stage a second time: what changed is told, only new content is decoded, and what was read is what is recorded.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use ser_ingest::{IngestError, Params, Sources, find_sources};
use ser_schemas::{Clip, Emotion, Provenance, Reason, Table};
use ser_stage::{Context, Observer, Quiet};
use support::{Folder, pcm_wav, tone};

/// A corpus with the results of one run after the other.
struct Corpus {
    folder: Folder,
    params: Params,
    results: tempfile::TempDir,
    runs: usize,
}

/// Does something at the moment when the files are listed and reading begins.
struct Then<F: Fn() + Sync>(F);

impl<F: Fn() + Sync> Observer for Then<F> {
    fn begin(&self, _: &str, _: u64, _: &str) {
        (self.0)();
    }
}

impl Corpus {
    fn new() -> Self {
        let folder = Folder::new();
        for (seed, name) in ["OAF_bar_sad", "OAF_base_sad", "YAF_bar_angry"].iter().enumerate() {
            folder.wav(&format!("tess/{name}.wav"), seed as u32);
        }
        let params = Params { corpus: "tess".into(), root: "tess".into(), ..Params::default() };
        Self { folder, params, results: tempfile::tempdir().expect("folder"), runs: 0 }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("tess").join(name)
    }

    fn result(&self) -> PathBuf {
        self.results.path().join(self.runs.to_string())
    }

    fn state(&self) -> PathBuf {
        self.results.path().join("state")
    }

    fn try_run(&mut self, observer: &dyn Observer) -> Result<(Vec<Clip>, Sources), IngestError> {
        let last = self.result();
        let out = self.results.path().join((self.runs + 1).to_string());
        fs::create_dir_all(&out).expect("folder");
        let ctx = Context {
            base_dir: self.folder.path(),
            previous_dir: (self.runs > 0).then_some(last.as_path()),
            state_dir: &self.state(),
            observer,
            ..Context::alone(&out)
        };
        let reading = ser_ingest::read(&self.params, &ctx)?.expect("nobody else is at work");
        reading.write(&out, &ctx.provenance)?;
        self.runs += 1;
        Ok((Clip::read_in(&out).expect("clips"), reading.sources().clone()))
    }

    /// The rows by their files, and what was read.
    fn run(&mut self) -> (BTreeMap<String, Clip>, Sources) {
        let (rows, sources) = self.try_run(&Quiet).expect("ingest");
        (rows.into_iter().map(|row| (row.path.clone(), row)).collect(), sources)
    }

    fn sources(&self) -> Sources {
        find_sources(&self.params, self.folder.path(), &self.state(), true).expect("sources").sources().clone()
    }

    /// What changed since the last run, in words.
    fn changes(&self, since: &Sources) -> String {
        self.sources().changes_since(&self.result(), &since.parts())
    }

    /// Changes the last result, so that rows taken from it can be told from rows that were decoded.
    fn mark(&self) {
        let path = Clip::file_in(self.result());
        let mut rows = Clip::read(&path).expect("clips");
        for row in &mut rows {
            row.silence_fraction = Some(0.125);
        }
        Clip::write(&path, &rows, &Provenance::default()).expect("write");
    }
}

fn is_marked(row: &Clip) -> bool {
    row.silence_fraction == Some(0.125)
}

#[test]
fn a_second_run_says_the_same_and_so_do_the_sources() {
    let mut corpus = Corpus::new();
    corpus.folder.bytes("tess/OAF_cut_sad.wav", &pcm_wav(&tone(1, 8_000), 16_000)[..4_000]);
    corpus.folder.text("tess/OAF_text_sad.wav", "no audio");
    fs::create_dir(corpus.file("OAF_folder_sad.wav")).expect("folder");
    let (first, read) = corpus.run();
    assert_eq!(corpus.sources().digest(), read.digest());
    let (second, again) = corpus.run();
    assert_eq!(first, second);
    assert_eq!(read, again);
    assert_eq!(corpus.changes(&again), "");
    assert_eq!(first["tess/OAF_cut_sad.wav"].problem, Some(Reason::Truncated));
    fs::remove_dir_all(corpus.state()).expect("state");
    assert_eq!(corpus.run().0, first, "without the index");
}

#[test]
fn only_new_content_is_decoded() {
    let mut corpus = Corpus::new();
    corpus.run();
    corpus.mark();
    corpus.folder.wav("tess/OAF_base_sad.wav", 20);
    corpus.folder.wav("tess/OAF_new_happy.wav", 21);
    fs::rename(corpus.file("YAF_bar_angry.wav"), corpus.file("YAF_bar_fear.wav")).expect("rename");
    let (rows, _) = corpus.run();
    let marked: Vec<&str> = rows.values().filter(|row| is_marked(row)).map(|row| row.path.as_str()).collect();
    assert_eq!(marked, ["tess/OAF_bar_sad.wav", "tess/YAF_bar_fear.wav"]);
    assert_eq!(rows["tess/YAF_bar_fear.wav"].emotion, Some(Emotion::FEAR), "the name is new");
    assert_eq!(rows["tess/OAF_new_happy.wav"].problem, None);
}

#[test]
fn what_is_wrong_with_content_is_remembered_and_what_is_wrong_with_a_name_is_not() {
    let mut corpus = Corpus::new();
    corpus.folder.bytes("tess/OAF_cut_sad.wav", &pcm_wav(&tone(1, 8_000), 16_000)[..4_000]);
    corpus.folder.wav("tess/nonsense.wav", 30);
    let (before, _) = corpus.run();
    assert_eq!(before["tess/nonsense.wav"].problem, Some(Reason::NameNotUnderstood));
    corpus.mark();
    fs::rename(corpus.file("nonsense.wav"), corpus.file("OAF_word_ps.wav")).expect("rename");
    fs::rename(corpus.file("OAF_cut_sad.wav"), corpus.file("OAF_cut_fear.wav")).expect("rename");
    let (rows, _) = corpus.run();
    let (named, cut) = (&rows["tess/OAF_word_ps.wav"], &rows["tess/OAF_cut_fear.wav"]);
    assert!(is_marked(named) && is_marked(cut));
    assert_eq!((named.problem, &named.problem_detail), (None, &None));
    assert_eq!(cut.problem, Some(Reason::Truncated));
    assert_eq!(cut.problem_detail, before["tess/OAF_cut_sad.wav"].problem_detail);
}

#[cfg(unix)]
#[test]
fn a_file_that_could_not_be_opened_is_tried_again() {
    let mut corpus = Corpus::new();
    std::os::unix::fs::symlink("elsewhere.bin", corpus.file("OAF_link_sad.wav")).expect("link");
    let (rows, sources) = corpus.run();
    assert_eq!(rows["tess/OAF_link_sad.wav"].problem, Some(Reason::Unreadable));
    corpus.folder.wav("tess/elsewhere.bin", 9);
    assert_eq!(corpus.changes(&sources), "1 file changed: OAF_link_sad.wav");
    let (rows, _) = corpus.run();
    assert_eq!(rows["tess/OAF_link_sad.wav"].problem, None);
}

#[test]
fn touching_every_file_changes_nothing() {
    let mut corpus = Corpus::new();
    let (_, sources) = corpus.run();
    for item in fs::read_dir(corpus.file("")).expect("corpus") {
        let file = fs::File::options().write(true).open(item.expect("file").path()).expect("file");
        file.set_modified(SystemTime::now() - Duration::from_secs(500)).expect("time");
    }
    assert_eq!(corpus.sources().digest(), sources.digest());
}

#[test]
fn a_file_of_equal_size_and_time_with_other_content_is_noticed() {
    let mut corpus = Corpus::new();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let date = |path: &Path| {
        fs::File::options().write(true).open(path).expect("file").set_modified(long_ago).expect("time");
    };
    date(&corpus.file("OAF_bar_sad.wav"));
    let (_, sources) = corpus.run();
    corpus.folder.wav("tess/OAF_bar_sad.wav", 40);
    date(&corpus.file("OAF_bar_sad.wav"));
    assert_eq!(corpus.changes(&sources), "1 file changed: OAF_bar_sad.wav");
}

#[cfg(unix)]
#[test]
fn a_link_that_is_turned_to_a_file_of_equal_size_and_time_is_a_changed_file() {
    use std::os::unix::fs::symlink;
    let mut corpus = Corpus::new();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (object, seed) in [("store/one.bin", 50), ("store/two.bin", 51)] {
        corpus.folder.wav(object, seed);
        let file = fs::File::options().write(true).open(corpus.folder.path().join(object)).expect("file");
        file.set_modified(long_ago).expect("time");
    }
    let link = corpus.file("OAF_link_sad.wav");
    symlink("../store/one.bin", &link).expect("link");
    let (before, sources) = corpus.run();
    fs::remove_file(&link).expect("removed");
    symlink("../store/two.bin", &link).expect("link");
    assert_eq!(corpus.changes(&sources), "1 file changed: OAF_link_sad.wav");
    let (after, sources) = corpus.run();
    let hash = |rows: &BTreeMap<String, Clip>| rows["tess/OAF_link_sad.wav"].content_hash.clone();
    assert_ne!(hash(&after), hash(&before));
    // Its object goes: one row says so, the others stay.
    fs::remove_file(corpus.folder.path().join("store/two.bin")).expect("removed");
    assert_eq!(corpus.changes(&sources), "1 file changed: OAF_link_sad.wav");
    let (lost, _) = corpus.run();
    let problems: Vec<&str> = lost.values().filter(|row| row.problem.is_some()).map(|row| row.path.as_str()).collect();
    assert_eq!(problems, ["tess/OAF_link_sad.wav"]);
    let detail = lost["tess/OAF_link_sad.wav"].problem_detail.clone().unwrap_or_default();
    assert!(detail.contains("a link that leads nowhere"), "{detail}");
}

#[test]
fn changes_are_told_in_words() {
    let mut corpus = Corpus::new();
    let (_, sources) = corpus.run();
    corpus.folder.wav("tess/OAF_new_happy.wav", 21);
    corpus.folder.wav("tess/OAF_base_sad.wav", 22);
    assert_eq!(corpus.changes(&sources), "1 file added, 1 changed: OAF_base_sad.wav, OAF_new_happy.wav");
    fs::rename(corpus.file("OAF_bar_sad.wav"), corpus.file("OAF_bar_ps.wav")).expect("rename");
    fs::remove_file(corpus.file("YAF_bar_angry.wav")).expect("remove");
    assert_eq!(
        corpus.changes(&sources),
        "1 file added, 1 changed, 1 removed, 1 renamed: OAF_bar_ps.wav, OAF_base_sad.wav, OAF_new_happy.wav and 1 more"
    );
    corpus.folder.text("tess/SYNTHETIC.txt", "demo");
    assert!(corpus.changes(&sources).ends_with("; it is marked as synthetic now"), "{}", corpus.changes(&sources));
    fs::remove_dir_all(corpus.file("")).expect("remove");
    assert_eq!(corpus.changes(&sources), "its folder is not there");
    let (rows, gone) = corpus.run();
    assert!(rows.is_empty());
    corpus.folder.wav("tess/OAF_bar_sad.wav", 1);
    assert_eq!(corpus.changes(&gone), "its folder is there now; 1 file added: OAF_bar_sad.wav");
}

#[test]
fn tables_and_the_descriptor_count_by_their_content() {
    let mut corpus = Corpus::new();
    corpus.params.corpus = "mine.toml".into();
    let text = ser_ingest::template("mine");
    corpus.folder.text("mine.toml", &text);
    let (_, sources) = corpus.run();
    corpus.folder.text("mine.toml", &text);
    assert_eq!(corpus.changes(&sources), "", "written again");
    corpus.folder.text("mine.toml", &format!("{text}\n# a comment\n"));
    assert_eq!(corpus.changes(&sources), "the descriptor of the corpus changed");

    corpus.params = Params { corpus: "crema_d".into(), root: "CREMA-D/AudioWAV".into(), ..Params::default() };
    corpus.folder.wav("CREMA-D/AudioWAV/1001_IEO_ANG_HI.wav", 1);
    let (_, sources) = corpus.run();
    let table = "CREMA-D/VideoDemographics.csv";
    corpus.folder.text(table, "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,x,y\n");
    assert_eq!(corpus.changes(&sources), "`VideoDemographics.csv` is there now");
    let (rows, sources) = corpus.run();
    assert_eq!(rows["CREMA-D/AudioWAV/1001_IEO_ANG_HI.wav"].age_years, Some(51.0));
    assert_eq!(corpus.sources().digest(), sources.digest());
    corpus.folder.text(table, "ActorID,Age,Sex,Race,Ethnicity\n1001,52,Male,x,y\n");
    assert_eq!(corpus.changes(&sources), "`VideoDemographics.csv` changed");
    fs::remove_file(corpus.folder.path().join(table)).expect("remove");
    assert_eq!(corpus.changes(&sources), "`VideoDemographics.csv` is gone");
}

#[test]
fn a_file_that_changes_before_it_is_read_is_recorded_as_it_was_read() {
    let mut corpus = Corpus::new();
    let (path, bytes) = (corpus.file("OAF_bar_sad.wav"), pcm_wav(&tone(50, 4_000), 16_000));
    let (rows, sources) = corpus.try_run(&Then(|| fs::write(&path, &bytes).expect("write"))).expect("ingest");
    let row = rows.iter().find(|row| row.path == "tess/OAF_bar_sad.wav").expect("row");
    assert_eq!(row.content_hash, Some(blake3::hash(&bytes).to_hex().to_string()));
    assert_eq!((row.bytes, row.duration_s), (bytes.len() as u64, Some(0.25)));
    assert_eq!(corpus.sources().digest(), sources.digest());
}

#[test]
fn a_corpus_that_disappears_while_it_is_read_is_an_error() {
    let mut corpus = Corpus::new();
    let (here, there) = (corpus.file(""), corpus.folder.path().join("moved"));
    let error = corpus.try_run(&Then(|| fs::rename(&here, &there).expect("rename"))).expect_err("gone");
    assert_eq!(
        error.to_string(),
        "3 of the files of corpus `tess` disappeared while they were read, the first is `OAF_bar_sad.wav`: run again when \
         the folder is complete"
    );
    fs::rename(&there, &here).expect("rename");
    assert_eq!(corpus.run().0.len(), 3);
}

#[test]
fn a_file_that_is_written_while_it_is_read_is_never_remembered_wrongly() {
    let mut corpus = Corpus::new();
    let path = corpus.file("OAF_bar_sad.wav");
    let versions: Vec<Vec<u8>> = (0..4).map(|seed| pcm_wav(&tone(60 + seed, 40_000), 16_000)).collect();
    // Whichever thread comes first, what is found is one of the versions or a part of one.
    fs::write(&path, &versions[0]).expect("write");
    for round in 0..12 {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for version in versions.iter().cycle() {
                    fs::write(&path, version).expect("write");
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            let (rows, _) = corpus.try_run(&Quiet).expect("ingest");
            stop.store(true, Ordering::Relaxed);
            let row = rows.iter().find(|row| row.path == "tess/OAF_bar_sad.wav").expect("row");
            // Half a version is another content, and never a whole clip.
            let hashes = versions.iter().map(|version| Some(blake3::hash(version).to_hex().to_string()));
            assert_eq!(row.problem.is_none(), row.duration_s == Some(2.5), "round {round}");
            if hashes.clone().any(|hash| hash == row.content_hash) {
                assert_eq!((row.problem, row.bytes), (None, versions[0].len() as u64), "round {round}");
            }
        });
        let (rows, sources) = corpus.run();
        let now = blake3::hash(&fs::read(&path).expect("file")).to_hex().to_string();
        assert_eq!(rows["tess/OAF_bar_sad.wav"].content_hash, Some(now), "round {round}");
        assert_eq!(corpus.sources().digest(), sources.digest(), "round {round}");
    }
}
