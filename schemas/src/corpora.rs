//! `corpora`: what each ingest stage was pointed at, and what it found there.

use ser_stage::Output;

crate::column::words! {
    /// Status of a declared corpus.
    pub enum CorpusStatus ("corpus status") {
        /// The folder was there and was read.
        Ingested = "ingested",
        /// The folder is missing: the corpus takes no part in this run.
        FolderMissing = "folder_missing",
        /// The folder is there and holds no audio file that the descriptor asks for.
        FolderEmpty = "folder_empty",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro declares the enum, and knows no default")]
impl Default for CorpusStatus {
    fn default() -> Self {
        Self::Ingested
    }
}

crate::column::words! {
    /// How the emotions of a corpus came about.
    pub enum Speech ("nature of speech") {
        /// Played on request.
        Acted = "acted",
        /// Felt, and brought about by the recording's set-up.
        Induced = "induced",
        /// As they came in talk that nobody asked for.
        Natural = "natural",
    }
}

crate::table::table! {
    /// One declared corpus.
    pub struct Corpus ("corpora", version 2, Default) {
        /// Name of the corpus, from its descriptor.
        corpus: String,
        /// Full name.
        title: String,
        /// Folder that was searched.
        root: String,
        /// Outcome of the search.
        status: CorpusStatus,
        /// `true` if the folder holds synthetic demo speech rather than the corpus.
        synthetic: bool,
        /// Audio files found.
        files: u64,
        /// Of these, usable as clips; in an ingest stage's table: those without a problem of their own.
        clips: u64,
        /// Files that the complete corpus has, from its descriptor; null when not stated.
        expected_files: Option<u64>,
        /// In words, what differs from the complete corpus; null when nothing does.
        shortfall: Option<String>,
        /// Language tag of the corpus.
        language: Option<String>,
        /// How its emotions came about, from its descriptor; null when not stated.
        speech: Option<Speech>,
        /// Licence, as its distributor states it.
        licence: Option<String>,
        /// How to cite it.
        citation: Option<String>,
        /// Where to get it.
        url: Option<String>,
    }
}

impl Corpus {
    /// Name of the table where it has one row.
    pub const SINGLE: &'static str = "corpus";
    /// The table as an ingest writes it: its one corpus.
    pub const INGESTED: Output = Output::table(Self::SINGLE, "corpus.parquet");
}
