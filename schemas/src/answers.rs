//! `answers`: what `ser predict` says of recordings that no table holds.

crate::column::words! {
    /// What an answer is about.
    pub enum Stretch ("stretch of a recording") {
        /// The recording.
        Recording = "recording",
        /// A window of a recording that is longer than a clip.
        Window = "window",
    }
}

crate::table::table! {
    /// One recording, or one window of a long one, as `ser predict --format parquet` answers it; windows follow their recording where
    /// `--by-window` asks for them. Times are seconds from the begin of the recording.
    pub struct Answer ("answers", version 2) {
        /// The recording, as it was named or found.
        path: String,
        /// Who speaks, where that was told.
        speaker: Option<String>,
        /// What the answer is about: `recording`, `window`.
        stretch: Stretch,
        /// Begin of the stretch, in seconds; null where there is no answer.
        start_s: Option<f64>,
        /// End of the stretch, in seconds; null where there is no answer.
        end_s: Option<f64>,
        /// How much of a window is not silent, in seconds: its weight in the answer for the recording; null for recordings.
        sound_s: Option<f64>,
        /// The answer: the most probable emotion, or `(unknown)` where its probability is less than `--min-confidence`; null where there
        /// is no answer.
        emotion: Option<String>,
        /// The most probable emotion, told or not; null where there is no answer.
        most_probable: Option<String>,
        /// Its probability, 0 to 1; null where there is no answer.
        confidence: Option<f64>,
        /// Probability of each class, in the order of `classes`; they add up to 1. Empty where there is no answer.
        probabilities: Vec<f32>,
        /// The class names, comma-separated, in the order of `probabilities`; empty where there is no answer.
        classes: String,
        /// `true` if probabilities are at the model's temperature; null where there is no answer.
        calibrated: Option<bool>,
        /// In how many windows the recording was heard; null for windows, and where there is no answer.
        windows: Option<u64>,
        /// Windows that are pauses, and were not heard; null for windows, and where there is no answer.
        silent_windows: Option<u64>,
        /// Whose statistics standardised the recording; null for a model that does not ask, and where there is no answer.
        standardised: Option<String>,
        /// By which labelled recordings of its speaker the answer was adapted, as `speaker ana, 4 labelled recordings: angry 2, sad 2`;
        /// null where it was not, where there is no answer, and in tables of before.
        adapted: Option<String>,
        /// Why there is no answer, a reason of `exclusions`; null where there is one.
        error: Option<String>,
        /// The same in words.
        detail: Option<String>,
    }
}
