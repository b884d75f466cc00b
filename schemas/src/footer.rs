//! The footer of a Parquet file in the making, kept small.
//!
//! A footer describes every column of every row group, in memory with half a kilobyte each: a table of a thousand columns
//! and fifteen groups would carry more descriptions along than it needs for computing. The groups of one table differ in a
//! few numbers only. Those are kept; the descriptions are made of them when the file is complete.

use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats, RowGroupMetaData};

/// Descriptions of row groups, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Footer {
    /// Reference that the others differ from.
    first: Option<RowGroupMetaData>,
    others: Vec<Group>,
}

/// A row group after the first.
#[derive(Debug)]
enum Group {
    /// It differs from the first in these numbers.
    Like(Numbers),
    /// It differs in something else.
    Unlike(Box<RowGroupMetaData>),
}

#[derive(Debug)]
struct Numbers {
    rows: i64,
    bytes: i64,
    offset: Option<i64>,
    chunks: Box<[Chunk]>,
}

/// One column of one group.
#[derive(Debug)]
struct Chunk {
    values: i64,
    bytes: i64,
    bytes_uncompressed: i64,
    offset: i64,
    pages: i32,
}

impl Footer {
    /// Number of groups.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// Number of groups that are kept in full for their difference from the first.
    #[cfg(test)]
    pub(crate) fn unlike(&self) -> usize {
        self.others.iter().filter(|group| matches!(group, Group::Unlike(_))).count()
    }

    /// Appends the description of the next group.
    pub(crate) fn push(&mut self, group: &RowGroupMetaData) -> Result<(), ParquetError> {
        let Some(first) = &self.first else {
            self.first = Some(group.clone());
            return Ok(());
        };
        let numbers = Numbers::of(group);
        let alike = numbers.group(first, self.len())? == *group;
        self.others.push(if alike { Group::Like(numbers) } else { Group::Unlike(Box::new(group.clone())) });
        Ok(())
    }

    /// The descriptions in full.
    pub(crate) fn into_groups(self) -> Result<Vec<RowGroupMetaData>, ParquetError> {
        let mut groups = Vec::with_capacity(self.len());
        groups.extend(self.first);
        for other in self.others {
            groups.push(match other {
                Group::Like(numbers) => numbers.group(&groups[0], groups.len())?,
                Group::Unlike(group) => *group,
            });
        }
        Ok(groups)
    }
}

impl Numbers {
    fn of(group: &RowGroupMetaData) -> Self {
        Self {
            rows: group.num_rows(),
            bytes: group.total_byte_size(),
            offset: group.file_offset(),
            chunks: group.columns().iter().map(Chunk::of).collect(),
        }
    }

    /// The description of group `index` that has these numbers, and is otherwise like `first`.
    fn group(&self, first: &RowGroupMetaData, index: usize) -> Result<RowGroupMetaData, ParquetError> {
        let mut columns = Vec::with_capacity(self.chunks.len());
        for (column, chunk) in first.columns().iter().zip(&self.chunks) {
            columns.push(chunk.column(column)?);
        }
        let mut builder = RowGroupMetaData::builder(first.schema_descr_ptr())
            .set_num_rows(self.rows)
            .set_total_byte_size(self.bytes)
            .set_sorting_columns(first.sorting_columns().cloned())
            .set_column_metadata(columns);
        if let Some(offset) = self.offset {
            builder = builder.set_file_offset(offset);
        }
        if first.ordinal().is_some() {
            builder = builder.set_ordinal(index as i32);
        }
        builder.build()
    }
}

impl Chunk {
    fn of(column: &ColumnChunkMetaData) -> Self {
        Self {
            values: column.num_values(),
            bytes: column.compressed_size(),
            bytes_uncompressed: column.uncompressed_size(),
            offset: column.data_page_offset(),
            pages: column.page_encoding_stats().and_then(|stats| stats.first()).map_or(0, |stats| stats.count),
        }
    }

    fn column(&self, first: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData, ParquetError> {
        let mut builder = first
            .clone()
            .into_builder()
            .set_num_values(self.values)
            .set_total_compressed_size(self.bytes)
            .set_total_uncompressed_size(self.bytes_uncompressed)
            .set_data_page_offset(self.offset);
        if let Some([stats]) = first.page_encoding_stats().map(Vec::as_slice) {
            builder = builder.set_page_encoding_stats(vec![PageEncodingStats { count: self.pages, ..stats.clone() }]);
        }
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor};

    use super::*;

    fn schema() -> SchemaDescPtr {
        let message = parse_message_type("message table { required float a; required float b; }").expect("a schema");
        Arc::new(SchemaDescriptor::new(Arc::new(message)))
    }

    fn group(schema: &SchemaDescPtr, index: i32, compression: Compression) -> RowGroupMetaData {
        let rows = i64::from(index) * 7 + 1;
        let columns = schema.columns().iter().map(|column| {
            ColumnChunkMetaData::builder(Arc::clone(column))
                .set_num_values(rows)
                .set_total_compressed_size(4 * rows)
                .set_total_uncompressed_size(5 * rows)
                .set_data_page_offset(1_000 * i64::from(index))
                .set_compression(compression)
                .build()
                .expect("a column")
        });
        RowGroupMetaData::builder(Arc::clone(schema))
            .set_num_rows(rows)
            .set_total_byte_size(10 * rows)
            .set_file_offset(1_000 * i64::from(index))
            .set_ordinal(index)
            .set_column_metadata(columns.collect())
            .build()
            .expect("a group")
    }

    #[test]
    fn every_group_comes_back_whatever_it_says() {
        let schema = schema();
        let plain = Compression::UNCOMPRESSED;
        let compressions = [plain, plain, Compression::SNAPPY, plain];
        let groups: Vec<RowGroupMetaData> =
            (0..).zip(compressions).map(|(index, compression)| group(&schema, index, compression)).collect();
        let mut footer = Footer::default();
        for group in &groups {
            footer.push(group).expect("a group");
        }
        assert_eq!((footer.len(), footer.unlike()), (4, 1), "compression is none of the numbers that are kept");
        assert_eq!(footer.into_groups().expect("groups"), groups);
        assert!(Footer::default().into_groups().expect("none").is_empty());
    }
}
