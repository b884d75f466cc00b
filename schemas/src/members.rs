//! `members`: whose answers an ensemble averages, and how much each counts.

crate::table::table! {
    /// One member of an ensemble in one fold.
    pub struct Member ("members", version 1) {
        /// Fold number from 0.
        fold: u32,
        /// Name of the stage that made the member.
        member: String,
        /// Its weight, 0 to 1; those of a fold add up to 1.
        weight: f64,
    }
}
