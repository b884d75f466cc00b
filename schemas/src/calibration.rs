//! `calibration`: whether a model is right as often as it says.

crate::table::table! {
    /// One bin of a reliability diagram: the test clips whose predicted emotion has a probability in the bin. Bins that
    /// no clip falls into are left out. Equally wide bins over all test clips of a model on a split (Guo et al., "On
    /// Calibration of Modern Neural Networks", ICML 2017). Of a model with several seeds, the answers of all of them;
    /// the error in `summary` is the mean of each seed's own, which is no less than that of these bins.
    pub struct CalibrationBin ("calibration", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// `true` if probabilities were scaled by a temperature fitted on the validation clips of each fold.
        scaled: bool,
        /// Number of the bin from 0.
        bin: u32,
        /// Probabilities above this, 0 to 1, are in the bin; the first bin has its lower end too.
        confidence_low: f64,
        /// Probabilities up to and including this, 0 to 1, are in the bin.
        confidence_high: f64,
        /// Number of clips. Of several seeds, the mean over them, rounded up or down so that the bins add up to all
        /// clips.
        clips: u64,
        /// Mean probability of their predicted emotion, 0 to 1.
        confidence: f64,
        /// Share of them that are of the predicted emotion, 0 to 1.
        accuracy: f64,
    }
}
