//! `findings`: what an analyst should know about the dataset before trusting a number.

crate::column::words! {
    /// How much a finding matters.
    pub enum Severity ("severity") {
        /// Good to know.
        Info = "info",
        /// Can mislead an evaluation.
        Warning = "warning",
        /// An evaluation on these data is wrong.
        Error = "error",
    }
}

crate::table::table! {
    /// One finding.
    pub struct Finding ("findings", version 1) {
        /// How much it matters.
        severity: Severity,
        /// Short stable name of the kind of finding, for example `class_in_one_corpus`.
        code: String,
        /// One sentence that names the thing.
        message: String,
        /// The figures behind it.
        evidence: String,
    }
}
