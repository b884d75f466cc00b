//! `examples`: one clip per emotion, drawn in the report as waveform and spectrogram.

use crate::Emotion;

crate::table::table! {
    /// One clip, small enough to draw.
    pub struct Example ("examples", version 1) {
        /// The clip.
        clip_id: String,
        /// Its emotion.
        emotion: Emotion,
        /// Its corpus.
        corpus: String,
        /// Its speaker.
        speaker: String,
        /// Duration of what is drawn, in seconds.
        duration_s: f64,
        /// Highest frequency of the spectrogram in hertz.
        max_hz: f64,
        /// Lowest sample in each of equally long pieces of the clip, relative to full scale.
        envelope_min: Vec<f32>,
        /// Highest sample in each of the same pieces.
        envelope_max: Vec<f32>,
        /// Number of frequency bands of the spectrogram.
        bands: u32,
        /// Log-mel power in decibels relative to its maximum, -80 to 0: frame after frame, lowest band first.
        spectrogram_db: Vec<f32>,
    }
}
