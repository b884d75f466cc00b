//! `confusion`: which emotion was taken for which.

use crate::Emotion;

crate::table::table! {
    /// One cell of a confusion matrix; cells with zero clips are present.
    pub struct ConfusionCell ("confusion", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Property that groups the clips, as in `classes`.
        group: String,
        /// Which group; `all` for `overall`.
        group_value: String,
        /// The emotion of the clips.
        emotion: Emotion,
        /// Emotion that the model said.
        predicted: Emotion,
        /// Number of clips. Of a model with several seeds, the mean over the seeds, rounded up or down so that the
        /// cells of an emotion add up to its clips.
        clips: u64,
        /// Share of this emotion's clips, 0 to 1; 0 where the emotion has none. Of several seeds, the mean, not
        /// rounded.
        share: f64,
    }
}
