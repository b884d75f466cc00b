//! What earlier runs of the stage found in files, by their content: equal bytes say the same, so they are decoded once.

use std::collections::HashMap;
use std::path::Path;

use ser_schemas::{Clip, Reason, Table as _};

use crate::index::Hash;

/// Rows of the last result by content.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<Hash, Clip>);

impl Seen {
    /// The rows of the result in `folder`; none where there is no such table.
    pub(crate) fn read(folder: Option<&Path>) -> Self {
        let rows = folder.and_then(|folder| Clip::read_in(folder).ok()).unwrap_or_default();
        Self(rows.into_iter().filter_map(|row| Some((from_hex(row.content_hash.as_deref()?)?, row))).collect())
    }

    /// Fills in what content of `hash` says; `false` when it was not seen yet.
    pub(crate) fn fill(&self, hash: &Hash, clip: &mut Clip) -> bool {
        let Some(known) = self.0.get(hash) else { return false };
        clip.content_hash.clone_from(&known.content_hash);
        clip.audio_hash.clone_from(&known.audio_hash);
        clip.container.clone_from(&known.container);
        clip.codec.clone_from(&known.codec);
        clip.sample_rate_hz = known.sample_rate_hz;
        clip.channels = known.channels;
        clip.bits_per_sample = known.bits_per_sample;
        clip.duration_s = known.duration_s;
        clip.peak_dbfs = known.peak_dbfs;
        clip.rms_dbfs = known.rms_dbfs;
        clip.channel_rms_dbfs = known.channel_rms_dbfs;
        clip.dc_offset = known.dc_offset;
        clip.clipped_fraction = known.clipped_fraction;
        clip.silence_fraction = known.silence_fraction;
        clip.leading_silence_s = known.leading_silence_s;
        clip.trailing_silence_s = known.trailing_silence_s;
        clip.bandwidth_hz = known.bandwidth_hz;
        clip.fingerprint.clone_from(&known.fingerprint);
        clip.remark.clone_from(&known.remark);
        clip.phase.clone_from(&known.phase);
        // What is wrong with a name is judged anew, by what the name is now.
        if !matches!(known.problem, Some(Reason::NameNotUnderstood | Reason::OtherModality)) {
            clip.problem = known.problem;
            clip.problem_detail.clone_from(&known.problem_detail);
        }
        true
    }
}

/// 64 hexadecimal digits.
pub(crate) fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// The hash that 64 hexadecimal digits stand for.
pub(crate) fn from_hex(text: &str) -> Option<Hash> {
    blake3::Hash::from_hex(text).ok().map(|hash| *hash.as_bytes())
}
