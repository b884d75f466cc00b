//! `history`: how a training went, epoch by epoch.

crate::table::table! {
    /// One epoch of one network.
    pub struct Epoch ("history", version 2) {
        /// Fold number from 0.
        fold: u32,
        /// Number of the network within the fold from 0, where several are trained there; null where one is.
        seed: Option<u32>,
        /// Epoch number from 1.
        epoch: u32,
        /// Mean training loss (cross-entropy with the declared class weights and label smoothing).
        train_loss: f64,
        /// Accuracy on the training batches as they were trained on, augmentation included, 0 to 1.
        train_accuracy: f64,
        /// Mean cross-entropy on the validation clips; null without validation clips.
        validation_loss: Option<f64>,
        /// Accuracy on the validation clips, 0 to 1; null without validation clips.
        validation_accuracy: Option<f64>,
        /// Unweighted average recall on the validation clips, 0 to 1; null without validation clips.
        validation_uar: Option<f64>,
        /// Learning rate of the epoch's last step.
        learning_rate: f64,
        /// Wall-clock time of the epoch in seconds.
        seconds: f64,
        /// `true` if the weights of this epoch were kept.
        best: bool,
    }
}
