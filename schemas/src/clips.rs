//! `clips`: audio files as examples. Ingest writes every file found, manifest the usable ones.

use ser_stage::Output;

use crate::{Emotion, Reason};

/// Time from one word of a clip's fingerprint to the next, in seconds.
pub const FINGERPRINT_STEP_S: f64 = 0.02;

/// Words of a fingerprint that count before altered copies can be told from other takes: half a second of speech.
pub const FINGERPRINT_MIN_STEPS: usize = 25;

crate::table::table! {
    /// One audio file. In an ingest stage's `clips.parquet`: every file found, usable or not. In a manifest's: the
    /// clips that later stages use.
    pub struct Clip ("clips", version 3, Default) {
        /// `<corpus>/<path below the corpus root, without extension>`, with forward slashes, in Unicode's composed form
        /// (NFC); where both spellings of a path lie side by side, the second ends in `~2`. In a manifest, the second
        /// of two recordings that share it ends in its extension. Joins all tables.
        clip_id: String,
        /// Name of the corpus, from its descriptor.
        corpus: String,
        /// The file: corpus root and path below it, relative to the folder of the pipeline file unless the root is
        /// absolute.
        path: String,
        /// Size of the file in bytes.
        bytes: u64,
        /// BLAKE3 hash of the file's bytes, 64 hexadecimal digits; null when the file could not be read.
        content_hash: Option<String>,
        /// BLAKE3 hash of sample rate, channel count and decoded samples: equal for a WAV and its lossless FLAC copy;
        /// null when nothing was decoded.
        audio_hash: Option<String>,
        /// Container found in the content: `wav`, `aiff`, `flac`, `mp3`, `ogg`; null when not recognised.
        container: Option<String>,
        /// Codec found in the content: `pcm_s16le`, `flac`, `mp3`, `vorbis`, ...; null when not recognised.
        codec: Option<String>,
        /// Sample rate of the file in hertz, before any resampling.
        sample_rate_hz: Option<u32>,
        /// Number of channels.
        channels: Option<u16>,
        /// Bits per sample of the stored audio; null for lossy codecs.
        bits_per_sample: Option<u16>,
        /// Duration of the decoded audio in seconds.
        duration_s: Option<f64>,
        /// `<corpus>:<id>`: the corpora's own ids collide. Null when the name is not understood.
        speaker: Option<String>,
        /// `female`, `male` or another word of the descriptor; null when unknown.
        gender: Option<String>,
        /// Age of the speaker in years at recording, where the corpus tells.
        age_years: Option<f64>,
        /// BCP 47 language tag of the speech, for example `pl` or `en-GB`. Clips are grouped by the language alone,
        /// before the first `-`.
        language: Option<String>,
        /// The corpus's own word for the emotion, before mapping: `fearful`, `pleasant_surprise`, `boredom`.
        emotion_raw: Option<String>,
        /// Emotion after mapping; in a manifest also after merging, and never null.
        emotion: Option<Emotion>,
        /// Intensity of the portrayal, in the descriptor's words.
        intensity: Option<String>,
        /// Code of the sentence spoken.
        sentence: Option<String>,
        /// Repetition or version code.
        take: Option<String>,
        /// Emotion that most raters heard (CREMA-D: voice only); null when unrated or tied.
        perceived_emotion: Option<Emotion>,
        /// Share of raters who agreed with the most frequent answer, 0 to 1.
        perceived_agreement: Option<f64>,
        /// Highest absolute sample in decibels relative to full scale; null for digital silence. This and all
        /// measurements of sound below, where nothing else is said, are of the mix that features hear: the mean of all
        /// channels, each less its offset.
        peak_dbfs: Option<f64>,
        /// Root mean square level of the whole clip in decibels relative to full scale; null for digital silence.
        rms_dbfs: Option<f64>,
        /// Root mean square level of all channels before they are mixed, each less its offset, in decibels relative to
        /// full scale; null for digital silence. Far above `rms_dbfs` where channels cancel.
        channel_rms_dbfs: Option<f64>,
        /// Largest absolute offset of a channel, the mean of its samples, full scale = 1; null when nothing was
        /// decoded. Later stages take it off.
        dc_offset: Option<f64>,
        /// Share of stored samples at full scale or in flat tops (3 and more equal samples at the highest or lowest
        /// value of their channel), 0 to 1.
        clipped_fraction: Option<f64>,
        /// Share of 25 ms frames more than 40 dB below the loudest frame, 0 to 1.
        silence_fraction: Option<f64>,
        /// Silence before the first 25 ms frame that is within 40 dB of the loudest, in seconds; null for digital
        /// silence.
        leading_silence_s: Option<f64>,
        /// Silence after the last such frame, in seconds; null for digital silence.
        trailing_silence_s: Option<f64>,
        /// Highest frequency that the recording holds sound at, in hertz: below half the sample rate where it was
        /// upsampled, low-passed or coded with loss; null for digital silence.
        bandwidth_hz: Option<f64>,
        /// Acoustic fingerprint: 32 bits for each 20 ms, alike for copies of one take whatever their format, level or
        /// padding; null for digital silence.
        fingerprint: Option<Vec<u32>>,
        /// Phase of the sound from 300 to 1000 Hz: for each 20 ms the quadrants of 8 samples of each half of that band
        /// around 0 Hz, two bits each; 0 where the band is 45 dB and more below its loudest. In step for copies of one
        /// take, and not for two takes of one phrase; null for digital silence.
        phase: Option<Vec<u32>>,
        /// Agreement of folder and file name about speaker and emotion; null where only one of them tells.
        name_matches_folder: Option<bool>,
        /// Oddity of a file that was decoded nonetheless, in words: bytes behind its end that begin another file, a tag
        /// that cannot be true; null for nearly every file.
        remark: Option<String>,
        /// Why ingest could not make a clip of this file; null when it could. A manifest holds none.
        problem: Option<Reason>,
        /// Exact finding, in words; null without a problem.
        problem_detail: Option<String>,
    }
}

impl Clip {
    /// Name of the table where it lists every file found, usable or not.
    pub const RECORDINGS: &'static str = "recordings";
    /// The table as an ingest writes it: [`RECORDINGS`](Self::RECORDINGS).
    pub const FOUND: Output = Output::table(Self::RECORDINGS, <Self as crate::Table>::FILE);

    /// `true` if so little of it counts that only copies of equal sound can be found. A clip without a fingerprint is
    /// not compared at all.
    pub fn is_too_short_to_compare(&self) -> bool {
        let counting = |words: &Vec<u32>| words.iter().filter(|word| **word != 0).count();
        self.fingerprint.as_ref().is_some_and(|words| counting(words) < FINGERPRINT_MIN_STEPS)
    }

    /// A file that was found and of which nothing more is known yet.
    pub fn found(clip_id: String, corpus: String, path: String, bytes: u64) -> Self {
        Self { clip_id, corpus, path, bytes, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Provenance, Table, TableError};

    #[test]
    fn a_clip_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("clips.parquet");
        let mut clip = Clip::found("tess/a".into(), "tess".into(), "data/tess/a.wav".into(), 44);
        clip.emotion = Some(Emotion::SAD);
        clip.problem = Some(Reason::Truncated);
        clip.duration_s = Some(2.5);
        clip.name_matches_folder = Some(false);
        clip.fingerprint = Some(vec![0, u32::MAX]);
        clip.phase = Some(vec![u32::MAX, 0]);
        let rows = vec![clip, Clip::found("tess/b".into(), "tess".into(), "data/tess/b.wav".into(), 0)];
        let provenance = Provenance { pipeline: "p".into(), stage: "tess".into(), fingerprint: "f".into() };
        Clip::write(&path, &rows, &provenance).expect("write");
        assert_eq!(Clip::read(&path).expect("read"), rows);
        let metadata = crate::read_metadata(&path).expect("metadata");
        assert_eq!(metadata["ser.table"], "clips");
        assert_eq!(metadata["ser.fingerprint"], "f");
        assert!(!folder.path().join("clips.parquet.partial").exists());
    }

    #[test]
    fn another_table_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("clips.parquet");
        Clip::write(&path, &[], &Provenance::default()).expect("write");
        let error = crate::Exclusion::read(&path).expect_err("a clips table is no exclusions table");
        assert!(matches!(error, TableError::WrongTable { .. }), "{error}");
        assert!(
            error.to_string().contains("holds table `clips, version 3`, expected `exclusions, version 2`"),
            "{error}"
        );
    }

    #[test]
    fn a_text_file_named_parquet_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("clips.parquet");
        std::fs::write(&path, "not a table").expect("write");
        assert!(matches!(Clip::read(&path), Err(TableError::Parquet { .. })));
    }
}
