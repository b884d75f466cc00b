//! `regularisation`: how strongly each fold's linear model was held back, and why.

crate::table::table! {
    /// One strength that was tried in one fold.
    pub struct Regularisation ("regularisation", version 1) {
        /// Fold number from 0.
        fold: u32,
        /// Strength of the L2 penalty: the sum of squared weights, times half of this, is added to the summed
        /// cross-entropy of the training clips.
        l2: f64,
        /// Unweighted average recall on the validation clips, 0 to 1; null without validation clips.
        validation_uar: Option<f64>,
        /// Mean cross-entropy on the validation clips; null without validation clips.
        validation_loss: Option<f64>,
        /// `true` if this strength was kept.
        chosen: bool,
    }
}
