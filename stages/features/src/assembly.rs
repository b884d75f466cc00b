//! Tables put together from new rows and from rows of the last result, group by group.
//!
//! A group whose clips are exactly those of a group of the last result is copied unread. In any other group the rows
//! taken over are read, and the group is written: with the same bytes as if all its rows had been computed.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ser_schemas::frames::{ClipFrames, FrameLayout, FramesReader, FramesRow, FramesWriter};
use ser_schemas::functionals::{FunctionalsReader, FunctionalsWriter};
use ser_schemas::{Provenance, TableResult};

use crate::grouping::Grouping;
use crate::previous::Match;

/// Groups of the last result that are kept in memory: rows taken over usually come from the same one as their neighbours.
const KEPT_GROUPS: usize = 2;

/// Rows per group of a table of frames in the mean, and the audio in it at most: 24 000 frames of 10 ms.
const FRAMES_PER_GROUP: usize = 64;
const FRAMES_S_PER_GROUP: f64 = 240.0;
/// Rows per group of functionals in the mean: a thousand columns make large footers, unless groups are few.
const FUNCTIONALS_PER_GROUP: usize = 4096;

/// What a table says about a clip beside its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) clip_id: String,
    pub(crate) content_hash: Option<String>,
    pub(crate) seconds: f64,
}

/// Where a row comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source<R> {
    /// It was computed now.
    New(R),
    /// It stands in the last result.
    Taken(Match),
}

/// A table that is written in groups of clips.
pub(crate) trait Grouped {
    /// What it holds of one clip.
    type Row: Clone;

    /// The clips of each group of the last result.
    fn groups(&self) -> &[Range<usize>];
    /// Copies a group of the last result.
    fn copy(&mut self, group: usize) -> TableResult<()>;
    /// Reads a group of the last result, row by row.
    fn read(&self, group: usize) -> TableResult<Vec<Self::Row>>;
    /// Writes a group.
    fn write(&mut self, rows: Vec<(Arc<Key>, Self::Row)>) -> TableResult<()>;
    /// Completes the table.
    fn finish(self) -> TableResult<()>;
}

/// A table being put together.
pub(crate) struct Assembly<T: Grouped> {
    table: T,
    grouping: Grouping,
    pending: Vec<(Arc<Key>, Source<T::Row>)>,
    /// Groups of the last result read last, the latest at the end.
    read: Vec<(usize, Vec<T::Row>)>,
}

impl<T: Grouped> Assembly<T> {
    fn new(table: T, grouping: Grouping) -> Self {
        Self { table, grouping, pending: Vec::new(), read: Vec::new() }
    }

    /// Appends a clip.
    pub(crate) fn push(&mut self, key: &Arc<Key>, source: Source<T::Row>) -> TableResult<()> {
        self.pending.push((Arc::clone(key), source));
        if self.grouping.ends_with(&key.clip_id, key.seconds) { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and completes the table.
    pub(crate) fn finish(mut self) -> TableResult<()> {
        self.flush()?;
        self.table.finish()
    }

    fn flush(&mut self) -> TableResult<()> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(());
        }
        if let Some(group) = self.unchanged(&pending) {
            return self.table.copy(group);
        }
        let mut rows = Vec::with_capacity(pending.len());
        for (key, source) in pending {
            let row = match source {
                Source::New(row) => row,
                Source::Taken(found) => self.taken(found.row)?,
            };
            rows.push((key, row));
        }
        self.table.write(rows)
    }

    /// The group of the last result that has exactly these clips.
    fn unchanged(&self, pending: &[(Arc<Key>, Source<T::Row>)]) -> Option<usize> {
        let Source::Taken(first) = &pending[0].1 else { return None };
        let group = self.group_of(first.row);
        let rows = self.table.groups()[group].clone();
        let stays = |row, source: &Source<T::Row>| match source {
            Source::Taken(found) => *found == Match { row, same_id: true },
            Source::New(_) => false,
        };
        let whole = rows.len() == pending.len() && rows.zip(pending).all(|(row, (_, source))| stays(row, source));
        whole.then_some(group)
    }

    /// A row of the last result.
    fn taken(&mut self, row: usize) -> TableResult<T::Row> {
        let group = self.group_of(row);
        let start = self.table.groups()[group].start;
        let kept = self.read.iter().position(|(kept, _)| *kept == group);
        let (group, rows) = match kept {
            Some(at) => self.read.remove(at),
            None => (group, self.table.read(group)?),
        };
        let found = rows[row - start].clone();
        if self.read.len() == KEPT_GROUPS {
            self.read.remove(0);
        }
        self.read.push((group, rows));
        Ok(found)
    }

    fn group_of(&self, row: usize) -> usize {
        self.table.groups().partition_point(|rows| rows.end <= row)
    }
}

/// Frames of clips, or of their altered copies: one matrix per variant.
pub(crate) struct FramesTable {
    writer: FramesWriter,
    variants: Vec<String>,
    previous: Option<FramesReader>,
    groups: Vec<Range<usize>>,
}

impl FramesTable {
    /// Starts a table at `path` that may take rows from `previous`, with a row for each of `variants` of every clip.
    pub(crate) fn create(
        path: &Path,
        (layout, recipe): (&FrameLayout, &str),
        variants: Vec<String>,
        previous: Option<FramesReader>,
        provenance: &Provenance,
    ) -> TableResult<Assembly<Self>> {
        let writer = FramesWriter::create_from(path, layout, recipe, provenance)?;
        let count = variants.len().max(1);
        let groups = previous.as_ref().map(FramesReader::groups).unwrap_or_default();
        let groups = groups.into_iter().map(|rows| rows.start / count..rows.end / count).collect();
        // As many rows per group, however many variants a clip has.
        let mean = FRAMES_PER_GROUP.div_ceil(count);
        let grouping = Grouping::new(mean, 4 * mean, FRAMES_S_PER_GROUP / count as f64);
        Ok(Assembly::new(Self { writer, variants, previous, groups }, grouping))
    }
}

impl Grouped for FramesTable {
    type Row = Vec<Vec<f32>>;

    fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    fn copy(&mut self, group: usize) -> TableResult<()> {
        self.previous.as_ref().map_or(Ok(()), |previous| self.writer.copy_group(previous, group))
    }

    fn read(&self, group: usize) -> TableResult<Vec<Self::Row>> {
        let Some(previous) = &self.previous else { return Ok(Vec::new()) };
        let mut values = previous.read_group(group)?.into_iter().map(|clip| clip.values);
        let clips = self.groups[group].len();
        Ok((0..clips).map(|_| values.by_ref().take(self.variants.len()).collect()).collect())
    }

    fn write(&mut self, rows: Vec<(Arc<Key>, Self::Row)>) -> TableResult<()> {
        let mut group = Vec::with_capacity(rows.len() * self.variants.len());
        for (key, matrices) in rows {
            for (variant, values) in self.variants.iter().zip(matrices) {
                let clip = ClipFrames { clip_id: key.clip_id.clone(), variant: variant.clone(), values };
                group.push(FramesRow { content_hash: key.content_hash.clone(), clip });
            }
        }
        self.writer.write_group(&group)
    }

    fn finish(self) -> TableResult<()> {
        self.writer.finish()
    }
}

/// Functionals of clips.
pub(crate) struct FunctionalsTable {
    writer: FunctionalsWriter,
    previous: Option<FunctionalsReader>,
    groups: Vec<Range<usize>>,
}

impl FunctionalsTable {
    /// Starts a table at `path` that may take rows from `previous`.
    pub(crate) fn create(
        path: &Path,
        names: &[String],
        previous: Option<FunctionalsReader>,
        provenance: &Provenance,
    ) -> TableResult<Assembly<Self>> {
        let writer = FunctionalsWriter::create(path, names, provenance)?;
        let groups = previous.as_ref().map(FunctionalsReader::groups).unwrap_or_default();
        let grouping = Grouping::new(FUNCTIONALS_PER_GROUP, 2 * FUNCTIONALS_PER_GROUP, f64::INFINITY);
        Ok(Assembly::new(Self { writer, previous, groups }, grouping))
    }
}

impl Grouped for FunctionalsTable {
    type Row = Vec<f32>;

    fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    fn copy(&mut self, group: usize) -> TableResult<()> {
        self.previous.as_ref().map_or(Ok(()), |previous| self.writer.copy_group(previous, group))
    }

    fn read(&self, group: usize) -> TableResult<Vec<Self::Row>> {
        let Some(previous) = &self.previous else { return Ok(Vec::new()) };
        let table = previous.read_group(group)?;
        let clips = table.clip_ids.len();
        Ok((0..clips).map(|row| table.row(row).to_vec()).collect())
    }

    fn write(&mut self, rows: Vec<(Arc<Key>, Self::Row)>) -> TableResult<()> {
        let (keys, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let ids: Vec<&str> = keys.iter().map(|key| key.clip_id.as_str()).collect();
        self.writer.write_group(&ids, &rows)
    }

    fn finish(self) -> TableResult<()> {
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    /// A table in memory, whose last result holds the numbers from 0 on in groups of the given sizes.
    #[derive(Default)]
    struct Fake {
        groups: Vec<Range<usize>>,
        written: Vec<Vec<usize>>,
        copied: Vec<usize>,
        reads: Cell<usize>,
    }

    impl Fake {
        fn new(sizes: &[usize]) -> Self {
            let mut start = 0;
            let groups = sizes
                .iter()
                .map(|size| {
                    start += size;
                    start - size..start
                })
                .collect();
            Self { groups, ..Self::default() }
        }
    }

    impl Grouped for Fake {
        type Row = usize;

        fn groups(&self) -> &[Range<usize>] {
            &self.groups
        }

        fn copy(&mut self, group: usize) -> TableResult<()> {
            self.copied.push(group);
            self.written.push(self.groups[group].clone().collect());
            Ok(())
        }

        fn read(&self, group: usize) -> TableResult<Vec<usize>> {
            self.reads.set(self.reads.get() + 1);
            Ok(self.groups[group].clone().collect())
        }

        fn write(&mut self, rows: Vec<(Arc<Key>, usize)>) -> TableResult<()> {
            self.written.push(rows.into_iter().map(|(_, row)| row).collect());
            Ok(())
        }

        fn finish(self) -> TableResult<()> {
            Ok(())
        }
    }

    /// Ids decide where groups end, so a row's id is its number.
    fn key(row: usize) -> Arc<Key> {
        Arc::new(Key { clip_id: format!("clip/{row}"), content_hash: None, seconds: 1.0 })
    }

    fn taken(row: usize) -> Source<usize> {
        Source::Taken(Match { row, same_id: true })
    }

    /// The groups that `rows` fall into.
    fn divide(rows: &[usize]) -> Vec<Vec<usize>> {
        let mut assembly = Assembly::new(Fake::default(), Grouping::new(4, 16, 1e9));
        for row in rows {
            assembly.push(&key(*row), Source::New(*row)).expect("push");
        }
        assembly.flush().expect("flush");
        assembly.table.written
    }

    #[test]
    fn nothing_changed_is_nothing_read() {
        let rows: Vec<usize> = (0..100).collect();
        let groups = divide(&rows);
        let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
        let mut assembly = Assembly::new(Fake::new(&sizes), Grouping::new(4, 16, 1e9));
        for row in rows {
            assembly.push(&key(row), taken(row)).expect("push");
        }
        assembly.flush().expect("flush");
        assert_eq!(assembly.table.written, groups);
        assert_eq!(assembly.table.copied, (0..groups.len()).collect::<Vec<_>>());
        assert_eq!(assembly.table.reads.get(), 0);
    }

    #[test]
    fn a_clip_of_another_name_is_read_and_its_group_written() {
        let mut assembly = Assembly::new(Fake::new(&[2, 3]), Grouping::new(1, 4, 1e9));
        assembly.push(&key(9), Source::Taken(Match { row: 1, same_id: false })).expect("push");
        assert_eq!((assembly.table.copied.len(), &assembly.table.written[..]), (0, &[vec![1]][..]));
    }

    proptest! {
        #[test]
        fn rows_are_the_right_ones_in_the_same_groups(
            gone in prop::collection::btree_set(0usize..200, 0..10),
            redone in prop::collection::btree_set(0usize..200, 0..10),
            reverse in any::<bool>(),
        ) {
            let before = divide(&(0..200).collect::<Vec<_>>());
            let sizes: Vec<usize> = before.iter().map(Vec::len).collect();
            let mut rows: Vec<usize> = (0..200).filter(|row| !gone.contains(row)).collect();
            if reverse {
                rows.reverse();
            }
            let mut assembly = Assembly::new(Fake::new(&sizes), Grouping::new(4, 16, 1e9));
            for row in &rows {
                let source = if redone.contains(row) { Source::New(*row) } else { taken(*row) };
                assembly.push(&key(*row), source).expect("push");
            }
            assembly.flush().expect("flush");
            prop_assert_eq!(&assembly.table.written, &divide(&rows));
            if !reverse {
                let dirty = assembly.table.written.len() - assembly.table.copied.len();
                prop_assert!(dirty <= 3 * (gone.len() + redone.len()), "{} groups written", dirty);
            }
        }
    }
}
