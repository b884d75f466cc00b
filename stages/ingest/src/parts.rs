//! Files in parts: what was found in those of a part is kept until the stage has its result, so that a run which is interrupted
//! decodes little again, and other processes find it.
//!
//! A part is taken for what its files hold by their content alone, whatever their times say: it saves decoding, and no
//! reading.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use ser_schemas::{Clip, Provenance, Table as _, TableResult};
use ser_stage::{Claim, Claims, Context, Cut, PartId};

use crate::seen::Seen;
use crate::walk::Found;

/// Bytes of the files of a part at most.
const MOST_BYTES: f64 = 1e9;

/// The places in `files` where each part lies.
pub(crate) fn divide(files: &[Found]) -> Vec<Range<usize>> {
    let mut cut = Cut::new(MOST_BYTES);
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, found) in files.iter().enumerate() {
        if cut.ends_with(&found.below_root, found.stat.bytes as f64) || at + 1 == files.len() {
            parts.push(start..at + 1);
            start = at + 1;
        }
    }
    parts
}

/// What processes share of a corpus that is being read.
pub(crate) struct Parts<'a> {
    folder: PathBuf,
    claims: Claims<'a>,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(ctx: &Context<'a>) -> Self {
        Self { folder: ctx.parts_dir.to_owned(), claims: Claims::new(ctx) }
    }

    /// Identity of the part of `files`.
    pub(crate) fn id(files: &[Found]) -> PartId {
        let item = |found: &Found| {
            let stat = &found.stat;
            let written = if stat.etag == 0 { stat.modified_ns.to_string() } else { format!("{:x}", stat.etag) };
            [found.below_root.clone(), stat.bytes.to_string(), written]
        };
        let items: Vec<String> = files.iter().flat_map(item).collect();
        PartId::of(&format!("ingest {}", crate::VERSION), items.iter().map(String::as_str))
    }

    /// What was found in the files of a part, if anybody has read it.
    pub(crate) fn known(&self, id: &PartId) -> Option<Seen> {
        Seen::read_part(&self.place(id))
    }

    /// See [`Claims::take`].
    pub(crate) fn claim(&self, id: &PartId) -> io::Result<Option<Claim>> {
        self.claims.take(id.as_str())
    }

    /// Keeps what was found.
    pub(crate) fn keep(&self, id: &PartId, rows: &[Clip], provenance: &Provenance) -> TableResult<()> {
        Clip::write(&self.place(id), rows, provenance)
    }

    fn place(&self, id: &PartId) -> PathBuf {
        self.folder.join(id.file())
    }
}

#[cfg(test)]
mod tests {
    use ser_storage::Place;

    use super::*;
    use crate::index::Stat;

    #[test]
    fn every_file_is_in_one_part_and_a_part_is_its_files() {
        let found = |at: usize| Found {
            place: Place::File(PathBuf::from(format!("{at}.wav"))),
            below_root: format!("{at}.wav"),
            stat: Stat { bytes: 1_000_000, ..Stat::default() },
            problem: None,
        };
        let files: Vec<Found> = (0..3000).map(found).collect();
        let parts = divide(&files);
        assert!(parts.len() > 3 && parts.iter().all(|part| !part.is_empty() && part.len() <= 1000));
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, 3000));
        assert!(divide(&[]).is_empty());
        let mut touched = files[..2].to_vec();
        touched[1].stat.modified_ns = 1;
        assert_ne!(Parts::id(&files[..2]), Parts::id(&touched));
        assert_eq!(Parts::id(&files[..2]), Parts::id(&files[..2]));
    }
}
