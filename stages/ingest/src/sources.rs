//! What an ingest reads: audio, side tables, the descriptor. It is identified by content, so that a file that was only
//! touched is no change, and told apart from what was read before, in words.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use ser_schemas::{Clip, Corpus, Table as _};
use ser_storage::{Root, pieces, side_by_side};

use crate::changes::{Change, describe};
use crate::descriptor::Descriptor;
use crate::error::IngestError;
use crate::index::{self, Entry, Hash, Index, Stat};
use crate::machine;
use crate::params::Params;
use crate::probe::{self, Unread};
use crate::seen::{from_hex, hex};
use crate::tables::{self, Tables};
use crate::walk::{self, Found, Walk};

const DESCRIPTOR: &str = "descriptor";
const FOLDER: &str = "folder";
const SYNTHETIC: &str = "synthetic";
const TABLE: &str = "table ";

/// What is in an audio file, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Hash(Hash),
    /// Why it cannot be read.
    Problem(String),
    /// Not read, because nothing depends on it yet.
    Unread(Stat),
}

/// Everything that an ingest reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// Path below the root and content of each audio file, in the order of paths.
    files: Vec<(String, Content)>,
    /// Digests of the rest, by name.
    parts: BTreeMap<String, String>,
}

/// [`Sources`] that were looked for, and what there is to remember of it.
#[derive(Debug, Clone)]
pub struct FoundSources {
    sources: Sources,
    index: Index,
    /// Whether the index says more than the one that is written down.
    is_news: bool,
}

/// Finds everything that [`read`](crate::read) would read with these parameters.
///
/// Audio, and whatever lies in a bucket, is read only where the index in `state_dir` does not know it as it is now, and only
/// with `read_changed`: without, sizes and times or entity tags stand for the content of such files. Writes nothing.
pub fn find_sources(
    params: &Params,
    base_dir: &Path,
    state_dir: &Path,
    read_changed: bool,
) -> Result<FoundSources, IngestError> {
    let looked_ns = index::now_ns();
    let descriptor = Descriptor::load(&params.corpus, base_dir)?;
    let root = Root::of(&params.root, base_dir)?;
    let walk = walk::walk(&descriptor, &root)?;
    let known = Index::load(state_dir);
    let known_now = |found: &Found| {
        if let Some(entry) = known.entry(&found.below_root, &found.stat, looked_ns) {
            return Some((Content::Hash(entry.hash), Some(*entry)));
        }
        if let Some(refusal) = probe::refusal(found) {
            return Some((Content::Problem(refusal), None));
        }
        (!read_changed).then_some((Content::Unread(found.stat), None))
    };
    let looked: Vec<Looked> = match root {
        Root::Folder(_) => {
            let look = |found: &Found| known_now(found).map_or_else(|| hash(found), Ok);
            walk.files.par_iter().map(look).collect::<Result<_, _>>()?
        }
        Root::Bucket(_) => {
            let mut looked: Vec<Option<Looked>> = walk.files.iter().map(known_now).collect();
            let unknown: Vec<usize> = (0..looked.len()).filter(|&at| looked[at].is_none()).collect();
            for piece in pieces(unknown.iter().map(|&at| walk.files[at].stat.bytes)) {
                let piece = &unknown[piece];
                for (at, hash) in piece.iter().zip(side_by_side(piece, |&at| hash(&walk.files[at]))) {
                    looked[*at] = Some(hash?);
                }
            }
            looked.into_iter().flatten().collect()
        }
    };
    let mut tables = Tables::default();
    if walk.exists {
        for table in &descriptor.tables {
            let places = tables::places(table, &root, &walk)?.read;
            tables.identify(table, &places, read_changed, &|name, stat| known.entry(name, stat, looked_ns).copied())?;
        }
    }
    let entries = walk.files.iter().zip(&looked);
    let entries = entries.filter_map(|(found, (_, entry))| Some((found.below_root.clone(), (*entry)?)));
    let entries: Vec<(String, Entry)> = entries.chain(tables.objects.iter().cloned()).collect();
    let was_known = |(name, entry): &&(String, Entry)| known.entry(name, &entry.stat, looked_ns).is_some();
    let all_known = entries.iter().filter(was_known).count() == known.len() && entries.len() == known.len();
    let index = Index::new(looked_ns, entries);
    let contents = looked.into_iter().map(|(content, _)| content);
    let sources = Sources::new(&descriptor, &walk, &tables, contents);
    Ok(FoundSources { sources, index, is_news: read_changed && !all_known })
}

/// What is in a file, and what there is to remember of it.
type Looked = (Content, Option<Entry>);

/// What is in a file that nothing is known of.
fn hash(found: &Found) -> Result<Looked, IngestError> {
    match probe::hash(&found.place) {
        Ok((hash, entry)) => Ok((Content::Hash(hash), entry)),
        Err(Unread::Io(error)) if machine::shortage(&error).is_some() => Err(probe::machine_error(&found.place, error)),
        Err(Unread::Io(error)) => Ok((Content::Problem(error.to_string()), None)),
        // Something is at work on the bucket. Whatever comes of it is another content than before.
        Err(Unread::Storage(error)) if error.is_about_change() => Ok((Content::Problem(error.to_string()), None)),
        Err(Unread::Storage(error)) => Err(error.into()),
    }
}

impl FoundSources {
    /// What was found.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Writes down in `state_dir` what was read, so that it need not be read again. Losing it costs time, never a
    /// result, so failing is no error.
    pub fn remember(&self, state_dir: &Path) {
        if self.is_news {
            let _ = self.index.save(state_dir);
        }
    }
}

impl Sources {
    fn new(descriptor: &Descriptor, walk: &Walk, tables: &Tables, contents: impl Iterator<Item = Content>) -> Self {
        let files =
            walk.files.iter().zip(contents).map(|(found, content)| (found.below_root.clone(), content)).collect();
        let text = |is: bool, yes: &str, no: &str| if is { yes.to_owned() } else { no.to_owned() };
        let mut parts = BTreeMap::from([
            (DESCRIPTOR.to_owned(), blake3::hash(descriptor.text.as_bytes()).to_hex().to_string()),
            (FOLDER.to_owned(), text(walk.exists, "present", tables::ABSENT)),
            (SYNTHETIC.to_owned(), text(walk.synthetic, "yes", "no")),
        ]);
        parts.extend(tables.digests.iter().map(|(file, digest)| (format!("{TABLE}{file}"), digest.clone())));
        Self { files, parts }
    }

    /// What `rows` were made from.
    pub(crate) fn of_rows(descriptor: &Descriptor, walk: &Walk, tables: &Tables, rows: &[Clip]) -> Self {
        Self::new(descriptor, walk, tables, rows.iter().map(Content::of))
    }

    /// Number of audio files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Digest of everything, 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for (name, digest) in &self.parts {
            add(name.as_bytes());
            add(digest.as_bytes());
        }
        for (path, content) in &self.files {
            add(path.as_bytes());
            match content {
                Content::Hash(hash) => add(hash),
                Content::Problem(problem) => add(format!("problem: {problem}").as_bytes()),
                Content::Unread(stat) => add(format!("unread: {stat:?}").as_bytes()),
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Digests of everything but the audio, by name.
    pub fn parts(&self) -> BTreeMap<String, String> {
        self.parts.clone()
    }

    /// In words, what changed since the result in `folder` was made of `parts`:
    /// `1 file added, 1 changed: a.wav, b.wav`. Empty when nothing did.
    pub fn changes_since(&self, folder: &Path, parts: &BTreeMap<String, String>) -> String {
        let mut told: Vec<String> = Vec::new();
        let there = |parts: &BTreeMap<String, String>| parts.get(FOLDER).is_none_or(|folder| folder != tables::ABSENT);
        match (there(parts), there(&self.parts)) {
            (true, false) => return "its folder is not there".to_owned(),
            (false, true) => told.push("its folder is there now".to_owned()),
            _ => {}
        }
        told.extend(describe(&self.file_changes(folder)));
        for (name, digest) in &self.parts {
            let old = parts.get(name).map_or(tables::ABSENT, String::as_str);
            let table = name.strip_prefix(TABLE);
            match (name.as_str(), table) {
                _ if old == digest => {}
                (DESCRIPTOR, _) => told.push("the descriptor of the corpus changed".to_owned()),
                (SYNTHETIC, _) if digest == "yes" => told.push("it is marked as synthetic now".to_owned()),
                (SYNTHETIC, _) => told.push("it is no longer marked as synthetic".to_owned()),
                (_, Some(table)) if old == tables::ABSENT => told.push(format!("`{table}` is there now")),
                (_, Some(table)) if digest == tables::ABSENT => told.push(format!("`{table}` is gone")),
                (_, Some(table)) => told.push(format!("`{table}` changed")),
                _ => {}
            }
        }
        told.join("; ")
    }

    fn file_changes(&self, folder: &Path) -> Vec<(String, Change)> {
        let (Ok(rows), Ok(corpus)) = (Clip::read_in(folder), Corpus::read(&folder.join(Corpus::INGESTED.file))) else {
            return Vec::new();
        };
        let root = corpus.first().map_or("", |corpus| corpus.root.as_str());
        let old: BTreeMap<String, String> =
            rows.iter().map(|row| (Root::below(root, &row.path).to_owned(), Content::of(row).key())).collect();
        let new: BTreeMap<String, String> =
            self.files.iter().map(|(path, content)| (path.clone(), content.key())).collect();
        Change::between(&old, &new)
    }
}

impl Content {
    /// What a row was made from.
    fn of(row: &Clip) -> Self {
        match row.content_hash.as_deref().and_then(from_hex) {
            Some(hash) => Self::Hash(hash),
            None => Self::Problem(row.problem_detail.clone().unwrap_or_default()),
        }
    }

    /// Equal for equal content.
    fn key(&self) -> String {
        match self {
            Self::Hash(hash) => hex(hash),
            Self::Problem(problem) => format!("problem: {problem}"),
            Self::Unread(stat) => format!("unread: {stat:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    /// A corpus of one file that says it was written long ago, and what finds its sources.
    fn corpus() -> (tempfile::TempDir, Params) {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path().join("tess");
        fs::create_dir(&root).expect("folder");
        fs::write(root.join("OAF_bar_sad.wav"), "x").expect("file");
        let file = fs::File::options().write(true).open(root.join("OAF_bar_sad.wav")).expect("file");
        file.set_modified(SystemTime::now() - Duration::from_mins(15)).expect("time");
        (folder, Params { corpus: "tess".into(), root: "tess".into(), ..Params::default() })
    }

    fn contents(found: &FoundSources) -> Vec<Content> {
        found.sources.files.iter().map(|(_, content)| content.clone()).collect()
    }

    /// An index that says of the corpus's file that it held something else when it was looked at.
    fn index_with_another_hash(folder: &Path, state: &Path, looked_ns: i64) {
        let stat = Stat::of(&fs::metadata(folder.join("tess/OAF_bar_sad.wav")).expect("file"));
        let entries = [("OAF_bar_sad.wav".to_owned(), Entry { stat, hash: [1; 32] })];
        Index::new(looked_ns, entries).save(state).expect("index");
    }

    #[test]
    fn a_file_that_the_index_knows_is_not_read() {
        let (folder, params) = corpus();
        let state = folder.path().join("state");
        std::thread::sleep(Duration::from_millis(40));
        index_with_another_hash(folder.path(), &state, index::now_ns());
        let found = find_sources(&params, folder.path(), &state, true).expect("sources");
        assert_eq!(contents(&found), [Content::Hash([1; 32])], "taken from the index");
        assert!(!found.is_news);

        fs::write(folder.path().join("tess/OAF_bar_sad.wav"), "y").expect("file");
        let found = find_sources(&params, folder.path(), &state, true).expect("sources");
        assert_eq!(contents(&found), [Content::Hash(*blake3::hash(b"y").as_bytes())], "the file changed");
        assert!(found.is_news);
    }

    #[test]
    fn after_the_clock_was_set_back_files_are_read_again() {
        let (folder, params) = corpus();
        let state = folder.path().join("state");
        index_with_another_hash(folder.path(), &state, index::now_ns() + 3_600_000_000_000);
        let found = find_sources(&params, folder.path(), &state, true).expect("sources");
        assert_eq!(contents(&found), [Content::Hash(*blake3::hash(b"x").as_bytes())]);
    }

    #[test]
    fn nothing_is_read_for_a_stage_that_runs_anyway() {
        let (folder, params) = corpus();
        let state = folder.path().join("state");
        let found = find_sources(&params, folder.path(), &state, false).expect("sources");
        assert!(matches!(contents(&found)[..], [Content::Unread(_)]));
        found.remember(&state);
        assert!(!state.exists(), "half of the truth is not written down");
        let read = find_sources(&params, folder.path(), &state, true).expect("sources");
        read.remember(&state);
        assert_eq!(Index::load(&state), read.index);
    }
}
