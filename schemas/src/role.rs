//! Which part a clip plays in a fold.

crate::column::words! {
    /// The part that a clip plays in a fold.
    pub enum Role ("role") {
        /// Weights are fitted on it.
        Train = "train",
        /// Chooses the epoch; never tested on, never fitted on.
        Validation = "validation",
        /// Held out; scored once.
        Test = "test",
    }
}
