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
        Self::of(rows)
    }

    /// The rows of a part, a file of the same form; `None` where there is none that can be read.
    pub(crate) fn read_part(path: &Path) -> Option<Self> {
        path.is_file().then(|| Clip::read(path).ok().map(Self::of))?
    }

    fn of(rows: Vec<Clip>) -> Self {
        Self(rows.into_iter().filter_map(|row| Some((from_hex(row.content_hash.as_deref()?)?, row))).collect())
    }

    /// `true` if content of `hash` was seen.
    pub(crate) fn knows(&self, hash: &Hash) -> bool {
        self.0.contains_key(hash)
    }

    /// Makes `clip`, a file of which no more than its place is known, what content of `hash` says; `false` when that
    /// was not seen yet. What was told by the name and the tables of another file of this content is told with it.
    pub(crate) fn fill(&self, hash: &Hash, clip: &mut Clip) -> bool {
        let Some(known) = self.0.get(hash) else { return false };
        let Clip { clip_id, corpus, path, bytes, .. } = std::mem::replace(clip, known.clone());
        (clip.clip_id, clip.corpus, clip.path, clip.bytes) = (clip_id, corpus, path, bytes);
        // What is wrong with a name is judged anew, by what the name is now.
        if matches!(known.problem, Some(Reason::NameNotUnderstood | Reason::OtherModality)) {
            (clip.problem, clip.problem_detail) = (None, None);
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
