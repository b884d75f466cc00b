//! `cross_corpus`: what a model does on a corpus, or in a language, that it never heard, and on those that it did.

use crate::Role;

crate::table::table! {
    /// One cell of the matrix of a split that leaves one corpus, or one language, out at a time.
    pub struct CrossCorpus ("cross_corpus", version 2) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage, of protocol `leave-one-out`.
        split: String,
        /// What the split leaves out: `corpus` or `language`. Null in files of before this column: `corpus`.
        held_out: Option<String>,
        /// The corpus, or language, that was held out of training.
        trained_without: String,
        /// The corpus, or language, that is scored.
        tested_on: String,
        /// `test` where the two are the same. Else `validation`: clips of those that the model knows, by
        /// speakers whom it was not trained on, though they chose its epoch or its regularisation.
        role: Role,
        /// `uar`, `accuracy` or `macro_f1`, over the emotions that the scored clips have; where these are of several
        /// corpora, `uar_over_corpora`, as in `summary`.
        metric: String,
        /// The metric, 0 to 1.
        value: f64,
        /// Lower end of the 95 % interval from a bootstrap over the speakers of each corpus; null where speakers are
        /// too few to resample.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// Number of clips scored.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
        /// The emotions that the scored clips have, comma-separated: those that the metric is over.
        emotions: Option<String>,
        /// Those of them of which the model was trained on no clip, comma-separated: their recall can only be 0. Null
        /// where nobody tells what it was trained on.
        untrained: Option<String>,
    }
}
