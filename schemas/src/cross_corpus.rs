//! `cross_corpus`: what a model does on a corpus that it never heard, and on those that it did.

use crate::Role;

crate::table::table! {
    /// One cell of the cross-corpus matrix, from a split that leaves one corpus out at a time.
    pub struct CrossCorpus ("cross_corpus", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage, of protocol `leave-one-corpus-out`.
        split: String,
        /// The corpus that was held out of training.
        trained_without: String,
        /// The corpus that is scored.
        tested_on: String,
        /// `test` where the two are the same corpus. Else `validation`: clips of corpora that the model knows, by
        /// speakers whom it was not trained on, though they chose its epoch or its regularisation.
        role: Role,
        /// `uar`, `accuracy` or `macro_f1`, over the emotions that the scored clips have.
        metric: String,
        /// The metric, 0 to 1.
        value: f64,
        /// Lower end of the 95 % interval from a bootstrap over the speakers of the corpus; null where speakers are too few to resample.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// Number of clips scored.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
    }
}
