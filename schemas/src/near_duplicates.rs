//! `near_duplicates`: clips that hold the same recording though no hash says so.

crate::table::table! {
    /// Two clips with the same take: re-encoded, resampled, padded, cut, or at another level. Their fingerprints agree,
    /// and so does their waveform. Each pair stands once, with `clip_a` before `clip_b` in the order of ids.
    pub struct NearDuplicate ("near_duplicates", version 2) {
        /// Clip id of the one.
        clip_a: String,
        /// Clip id of the other.
        clip_b: String,
        /// Share of fingerprint bits that agree where both clips hold sound, 0 to 1: 0.5 for unrelated recordings, 1
        /// for equal ones.
        similarity: f64,
        /// Correlation of the waveforms' phases from 300 to 1000 Hz over the common audio, 1 for equal ones: that of
        /// the whole, or the median of parts of 0.2 s if that is lower. Different takes of one phrase by one voice
        /// reach 0.3; null in tables of version 1.
        correlation: Option<f64>,
        /// How much later the common audio lies in `clip_b` than in `clip_a`, in seconds.
        offset_s: f64,
        /// Duration of the common audio that was compared, in seconds.
        overlap_s: f64,
    }
}
