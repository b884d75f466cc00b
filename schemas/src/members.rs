//! `members`: whose answers an ensemble averages, how, and how much each counts.

crate::column::words! {
    /// Mean of probabilities.
    pub enum Averaging ("mean of probabilities") {
        /// The weighted sum of probabilities.
        Arithmetic = "arithmetic",
        /// The product of probabilities to the power of their weights, divided by its sum over the classes.
        Geometric = "geometric",
    }
}

crate::table::table! {
    /// One member of an ensemble in one fold.
    pub struct Member ("members", version 2) {
        /// Fold number from 0.
        fold: u32,
        /// Name of the stage that made the member.
        member: String,
        /// Its weight, 0 to 1; those of a fold add up to 1.
        weight: f64,
        /// Mean that the ensemble takes of its members' probabilities, and of a member's seeds first: `arithmetic` or
        /// `geometric`; null in tables of before.
        mean: Option<Averaging>,
    }
}
