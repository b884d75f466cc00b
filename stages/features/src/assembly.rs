//! Tables put together from new rows and from rows of the last result, group by group.
//!
//! A group whose clips are exactly those of a group of the last result is copied unread. In any other group the rows
//! taken over are read, and the group is written: with the same bytes as if all its rows had been computed.

use std::ops::Range;
use std::path::Path;

use ser_schemas::frames::{ClipFrames, FrameLayout, FramesReader, FramesRow, FramesWriter};
use ser_schemas::functionals::{Functionals, FunctionalsReader, FunctionalsWriter};
use ser_schemas::{Provenance, TableResult};

use crate::grouping::Grouping;
use crate::previous::Match;

/// Groups of the last result that are kept in memory: rows taken over usually come from the same one as their
/// neighbours.
const KEPT_GROUPS: usize = 2;

/// Rows per group of a table of frames in the mean, and the audio in it at most: 24 000 frames of 10 ms.
const FRAMES_PER_GROUP: usize = 64;
const FRAMES_S_PER_GROUP: f64 = 240.0;
/// Rows per group of functionals at most, and in the mean if there were no most. A thousand columns make a thousand
/// descriptions per group in the footer, of which a reader of one column decodes all: groups must be few.
const MOST_FUNCTIONALS_PER_GROUP: usize = 8192;
const MEAN_FUNCTIONALS_PER_GROUP: usize = 2 * MOST_FUNCTIONALS_PER_GROUP;

/// Facts that a table tells about a clip beside its values.
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
    /// Values of one clip.
    type Row;
    /// The rows of a group, put together before it is written.
    type Rows: Default;
    /// A group of the last result.
    type Read;

    /// The clips of each group of the last result.
    fn groups(&self) -> &[Range<usize>];
    /// Copies a group of the last result.
    fn copy(&mut self, group: usize) -> TableResult<()>;
    /// Reads a group of the last result.
    fn read(&self, group: usize) -> TableResult<Self::Read>;
    /// Appends a clip.
    fn push(rows: &mut Self::Rows, key: &Key, row: Self::Row);
    /// Appends a clip whose values are row `at` of `read`.
    fn push_read(rows: &mut Self::Rows, key: &Key, read: &Self::Read, at: usize);
    /// Writes a group and leaves `rows` empty.
    fn write(&mut self, rows: &mut Self::Rows) -> TableResult<()>;
    /// Completes the table.
    fn finish(self) -> TableResult<()>;
}

/// A table being put together.
pub(crate) struct Assembly<T: Grouped> {
    table: T,
    grouping: Grouping,
    /// The group's clips as long as all of them stand in the last result, unread: the whole group may.
    taken: Vec<(Key, Match)>,
    /// The group's clips otherwise.
    rows: T::Rows,
    /// True if there are any.
    begun: bool,
    /// Groups of the last result read last, the latest at the end.
    read: Vec<(usize, T::Read)>,
}

impl<T: Grouped> Assembly<T> {
    fn new(table: T, grouping: Grouping) -> Self {
        Self { table, grouping, taken: Vec::new(), rows: T::Rows::default(), begun: false, read: Vec::new() }
    }

    /// Appends a clip.
    pub(crate) fn push(&mut self, key: &Key, source: Source<T::Row>) -> TableResult<()> {
        match source {
            Source::Taken(found) if !self.begun => self.taken.push((key.clone(), found)),
            Source::Taken(found) => self.push_read(key, found.row)?,
            Source::New(row) => {
                self.begin()?;
                T::push(&mut self.rows, key, row);
            }
        }
        if self.grouping.ends_with(&key.clip_id, key.seconds) { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and completes the table.
    pub(crate) fn finish(mut self) -> TableResult<()> {
        self.flush()?;
        let Self { table, rows, read, .. } = self;
        // Their memory is free for what the table needs at its end.
        drop((rows, read));
        table.finish()
    }

    fn flush(&mut self) -> TableResult<()> {
        if let Some(group) = self.unchanged() {
            self.taken.clear();
            return self.table.copy(group);
        }
        if !self.taken.is_empty() {
            self.begin()?;
        }
        if std::mem::take(&mut self.begun) { self.table.write(&mut self.rows) } else { Ok(()) }
    }

    /// The group cannot be copied: its clips so far are read.
    fn begin(&mut self) -> TableResult<()> {
        self.begun = true;
        for (key, found) in std::mem::take(&mut self.taken) {
            self.push_read(&key, found.row)?;
        }
        Ok(())
    }

    /// The group of the last result that has exactly the clips of this one.
    fn unchanged(&self) -> Option<usize> {
        let (_, first) = self.taken.first()?;
        let group = self.group_of(first.row);
        let rows = self.table.groups()[group].clone();
        let stays = |(row, (_, found)): (usize, &(Key, Match))| *found == Match { row, same_id: true };
        (rows.len() == self.taken.len() && rows.zip(&self.taken).all(stays)).then_some(group)
    }

    /// Appends a clip whose values are a row of the last result.
    fn push_read(&mut self, key: &Key, row: usize) -> TableResult<()> {
        let group = self.group_of(row);
        let entry = if let Some(at) = self.read.iter().position(|(kept, _)| *kept == group) {
            self.read.remove(at)
        } else {
            // Before the next one is read: a group may be large.
            if self.read.len() == KEPT_GROUPS {
                self.read.remove(0);
            }
            (group, self.table.read(group)?)
        };
        T::push_read(&mut self.rows, key, &entry.1, row - self.table.groups()[group].start);
        self.read.push(entry);
        Ok(())
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
    type Rows = Vec<(Key, Self::Row)>;
    type Read = Vec<Self::Row>;

    fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    fn copy(&mut self, group: usize) -> TableResult<()> {
        self.previous.as_ref().map_or(Ok(()), |previous| self.writer.copy_group(previous, group))
    }

    fn read(&self, group: usize) -> TableResult<Self::Read> {
        let Some(previous) = &self.previous else { return Ok(Vec::new()) };
        let mut values = previous.read_group(group)?.into_iter().map(|clip| clip.values);
        let clips = self.groups[group].len();
        Ok((0..clips).map(|_| values.by_ref().take(self.variants.len()).collect()).collect())
    }

    fn push(rows: &mut Self::Rows, key: &Key, row: Self::Row) {
        rows.push((key.clone(), row));
    }

    fn push_read(rows: &mut Self::Rows, key: &Key, read: &Self::Read, at: usize) {
        rows.push((key.clone(), read[at].clone()));
    }

    fn write(&mut self, rows: &mut Self::Rows) -> TableResult<()> {
        let mut group = Vec::with_capacity(rows.len() * self.variants.len());
        for (key, matrices) in rows.drain(..) {
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
        let grouping = Grouping::new(MEAN_FUNCTIONALS_PER_GROUP, MOST_FUNCTIONALS_PER_GROUP, f64::INFINITY);
        Ok(Assembly::new(Self { writer, previous, groups }, grouping))
    }
}

/// A group of functionals: thousands of clips, so that one block of memory holds the values of all of them. Many small
/// ones, alive much longer than the frames computed meanwhile, would leave holes between those.
#[derive(Debug, Default)]
pub(crate) struct FunctionalsRows {
    clip_ids: Vec<String>,
    values: Vec<f32>,
}

impl Grouped for FunctionalsTable {
    type Row = Vec<f32>;
    type Rows = FunctionalsRows;
    type Read = Functionals;

    fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    fn copy(&mut self, group: usize) -> TableResult<()> {
        self.previous.as_ref().map_or(Ok(()), |previous| self.writer.copy_group(previous, group))
    }

    fn read(&self, group: usize) -> TableResult<Self::Read> {
        self.previous.as_ref().map_or_else(|| Ok(Functionals::default()), |previous| previous.read_group(group))
    }

    fn push(rows: &mut Self::Rows, key: &Key, row: Self::Row) {
        rows.clip_ids.push(key.clip_id.clone());
        rows.values.extend_from_slice(&row);
    }

    fn push_read(rows: &mut Self::Rows, key: &Key, read: &Self::Read, at: usize) {
        rows.clip_ids.push(key.clip_id.clone());
        rows.values.extend_from_slice(read.row(at));
    }

    fn write(&mut self, rows: &mut Self::Rows) -> TableResult<()> {
        self.writer.write_group(&rows.clip_ids, &rows.values)?;
        rows.clip_ids.clear();
        rows.values.clear();
        Ok(())
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
        type Rows = Vec<usize>;
        type Read = Vec<usize>;

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

        fn push(rows: &mut Vec<usize>, _: &Key, row: usize) {
            rows.push(row);
        }

        fn push_read(rows: &mut Vec<usize>, _: &Key, read: &Vec<usize>, at: usize) {
            rows.push(read[at]);
        }

        fn write(&mut self, rows: &mut Vec<usize>) -> TableResult<()> {
            self.written.push(std::mem::take(rows));
            Ok(())
        }

        fn finish(self) -> TableResult<()> {
            Ok(())
        }
    }

    /// Ids decide where groups end, so a row's id is its number.
    fn key(row: usize) -> Key {
        Key { clip_id: format!("clip/{row}"), content_hash: None, seconds: 1.0 }
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
