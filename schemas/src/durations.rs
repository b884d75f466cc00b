//! `durations`: how long clips are, by emotion and corpus.

use crate::Emotion;

crate::table::table! {
    /// The distribution of clip durations in one group. Clips of unknown duration are left out. Quantiles interpolate
    /// linearly between order statistics.
    pub struct Durations ("durations", version 1) {
        /// The corpus; null for all corpora together.
        corpus: Option<String>,
        /// The emotion; null for all emotions together.
        emotion: Option<Emotion>,
        /// Number of clips of known duration.
        clips: u64,
        /// Mean in seconds.
        mean_s: f64,
        /// Standard deviation in seconds, with one degree of freedom taken off; null for a single clip.
        sd_s: Option<f64>,
        /// Shortest in seconds.
        min_s: f64,
        /// 5th percentile in seconds.
        p05_s: f64,
        /// 25th percentile in seconds.
        p25_s: f64,
        /// Median in seconds.
        median_s: f64,
        /// 75th percentile in seconds.
        p75_s: f64,
        /// 95th percentile in seconds.
        p95_s: f64,
        /// Longest in seconds.
        max_s: f64,
    }
}
