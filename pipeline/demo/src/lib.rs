//! Small synthetic corpora, so that the whole pipeline runs where no real corpus is at hand.
//!
//! Four folders in the layouts, name grammars, sample rates and side tables of CREMA-D, RAVDESS, SAVEE and TESS, with
//! speech-like audio from a source-filter voice: speakers differ in pitch, vocal tract, breath and level, emotions in the
//! prosody that the literature ascribes to them, and both overlap. A handful of files is bad on purpose. Nothing here says
//! anything about real speech; every corpus folder carries a file [`MARKER`] that says so, by which ingest knows it.
//!
//! The same seed gives the same bytes on the same machine.

mod bad;
mod clip;
mod corpora;
mod error;
mod prosody;
mod random;
mod speaker;
mod tables;
mod utterance;
mod voice;
mod wave;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use crate::error::DemoError;

/// Name of the file that marks a corpus folder as synthetic.
pub const MARKER: &str = "SYNTHETIC.txt";

const MARKER_TEXT: &str = "The audio in this folder is synthetic: it was computed by `ser demo`, and no person speaks in it.\n\
    Names and folders follow a real corpus so that the pipeline can be tried out. It is not that corpus, it holds none of\n\
    its recordings, and results on it say nothing about real speech.\n";

/// Summary of the corpora and oddities that [`write_demo`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoSummary {
    /// One entry per corpus, in the order of their names.
    pub corpora: Vec<DemoCorpus>,
    /// The files that are bad or odd on purpose.
    pub oddities: Vec<Oddity>,
}

/// One corpus of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoCorpus {
    /// Name of the corpus and of its folder: `crema_d`, `ravdess`, `savee`, `tess`.
    pub name: &'static str,
    /// The folder.
    pub root: PathBuf,
    /// Number of good clips: spoken, whole, and named after the corpus' grammar. Files with an unexpected extension or
    /// container count, files of another modality (song) do not.
    pub clips: usize,
    /// Number of audio files in all, [`DemoSummary::oddities`] included.
    pub files: usize,
}

/// A file that is bad or odd on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The file.
    pub path: PathBuf,
    /// Kind of its oddity.
    pub kind: OddityKind,
}

/// Oddity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// Its header promises twice the samples that it holds.
    Truncated,
    /// Every sample is zero.
    Silent,
    /// A Git-LFS pointer in place of the audio.
    GitLfsPointer,
    /// A byte-identical copy of another file, under a name of the same emotion.
    Duplicate,
    /// An AIFF file named `.wav`: decodes, and is a good clip.
    WrongExtension,
    /// 0 bytes.
    Empty,
    /// Good audio under a name that the corpus' grammar does not know.
    UnknownName,
    /// Song instead of speech.
    Song,
}

impl OddityKind {
    /// `true` if the file is a good clip all the same.
    pub fn is_usable(self) -> bool {
        self == Self::WrongExtension
    }
}

/// Writes the four corpora below `dir`, which is made if need be.
///
/// A corpus folder that exists is written into only when it is empty or carries [`MARKER`]: real recordings are never
/// mixed with synthetic ones.
pub fn write_demo(dir: &Path, seed: u64) -> Result<DemoSummary, DemoError> {
    let corpora = corpora::all();
    for corpus in &corpora {
        refuse_foreign(&dir.join(corpus.name))?;
    }
    for corpus in &corpora {
        let root = dir.join(corpus.name);
        create_folder(&root)?;
        write_file(&root.join(MARKER), MARKER_TEXT.as_bytes())?;
    }
    let mut summary = DemoSummary { corpora: Vec::new(), oddities: Vec::new() };
    for corpus in &corpora {
        let root = dir.join(corpus.name);
        for clip in &corpus.clips {
            if let Some(folder) = root.join(&clip.path).parent() {
                create_folder(folder)?;
            }
        }
        corpus
            .clips
            .par_iter()
            .map(|clip| write_file(&root.join(&clip.path), &corpus.encode(clip, seed)))
            .collect::<Result<(), _>>()?;
        for (path, table) in tables::side_tables(corpus, seed) {
            let path = root.join(path);
            if let Some(folder) = path.parent() {
                create_folder(folder)?;
            }
            write_file(&path, table.as_bytes())?;
        }
        let oddities = bad::write_oddities(corpus, &root, seed)?;
        let unusable = oddities.iter().filter(|oddity| !oddity.kind.is_usable()).count();
        let files = corpus.clips.len() + oddities.len();
        summary.corpora.push(DemoCorpus { name: corpus.name, root, clips: files - unusable, files });
        summary.oddities.extend(oddities);
    }
    Ok(summary)
}

fn refuse_foreign(root: &Path) -> Result<(), DemoError> {
    if root.join(MARKER).is_file() || !root.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(root).map_err(|source| DemoError::Write { path: root.to_path_buf(), source })?;
    if entries.next().is_none() { Ok(()) } else { Err(DemoError::Occupied { path: root.to_path_buf() }) }
}

fn create_folder(path: &Path) -> Result<(), DemoError> {
    fs::create_dir_all(path).map_err(|source| DemoError::Write { path: path.to_path_buf(), source })
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), DemoError> {
    fs::write(path, bytes).map_err(|source| DemoError::Write { path: path.to_path_buf(), source })
}
