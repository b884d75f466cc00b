//! Matrices in Parquet: lists of fixed-size lists, written from where their values are.
//!
//! Arrow's own path collects a row group's values in one array and works out the nesting of every single one, which for
//! frame features takes longer than computing them. The nesting of a matrix is known beforehand: the levels below are made
//! once and cut to length. (Melnik et al., "Dremel", VLDB 2010, section 4.1, has the levels; the tests compare with arrow.)

use parquet::column::writer::ColumnWriter;
use parquet::errors::ParquetError;

/// Repetition levels: a value begins a row, or a list of its row, or continues a list.
const NEW_ROW: i16 = 0;
const NEW_LIST: i16 = 1;
const SAME_LIST: i16 = 2;
/// Definition levels: of a row without lists, and of a value.
const EMPTY: i16 = 0;
const VALUE: i16 = 2;

/// Writes columns of matrices whose rows have `width` values.
#[derive(Debug)]
pub(crate) struct MatrixColumn {
    width: usize,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

impl MatrixColumn {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, definition: Vec::new(), repetition: Vec::new() }
    }

    /// Appends `matrices` to `column`, each as one row; what is not a whole list of `width` values is left out.
    pub(crate) fn write<'a>(
        &mut self,
        column: &mut ColumnWriter<'_>,
        matrices: impl Iterator<Item = &'a [f32]>,
    ) -> Result<(), ParquetError> {
        let ColumnWriter::FloatColumnWriter(column) = column else {
            return Err(ParquetError::General("a column of matrices does not hold 32-bit floats".to_owned()));
        };
        for matrix in matrices {
            let count = matrix.len().checked_div(self.width).unwrap_or(0) * self.width;
            if count == 0 {
                column.write_batch(&[], Some(&[EMPTY]), Some(&[NEW_ROW]))?;
            } else {
                self.extend_levels(count);
                column.write_batch(
                    &matrix[..count],
                    Some(&self.definition[..count]),
                    Some(&self.repetition[..count]),
                )?;
            }
        }
        Ok(())
    }

    /// Makes levels for at least `count` values.
    fn extend_levels(&mut self, count: usize) {
        self.definition.resize(self.definition.len().max(count), VALUE);
        for value in self.repetition.len()..count {
            let level = if value.is_multiple_of(self.width) { NEW_LIST } else { SAME_LIST };
            self.repetition.push(if value == 0 { NEW_ROW } else { level });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, ListArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
    use proptest::prelude::*;

    use crate::{Provenance, parquet_io, part_file};

    fn schema(width: usize) -> SchemaRef {
        let frame = DataType::FixedSizeList(Arc::new(Field::new_list_field(DataType::Float32, false)), width as i32);
        let list = DataType::List(Arc::new(Field::new_list_field(frame, false)));
        let metadata = parquet_io::metadata(&Provenance::default(), "matrices", 1, &[]);
        Arc::new(Schema::new(vec![Field::new("frames", list, false)]).with_metadata(metadata))
    }

    /// The same rows as one arrow array.
    fn array(width: usize, matrices: &[Vec<f32>]) -> ArrayRef {
        let inner = Arc::new(Field::new_list_field(DataType::Float32, false));
        let values: Vec<f32> = matrices.iter().flatten().copied().collect();
        let lists = FixedSizeListArray::new(inner, width as i32, Arc::new(Float32Array::from(values)), None);
        let offsets = OffsetBuffer::from_lengths(matrices.iter().map(|matrix| matrix.len() / width));
        let field = Arc::new(Field::new_list_field(
            DataType::FixedSizeList(Arc::new(Field::new_list_field(DataType::Float32, false)), width as i32),
            false,
        ));
        Arc::new(ListArray::new(field, offsets, Arc::new(lists), None))
    }

    fn read(path: &Path) -> ArrayRef {
        let (_, mut batches) = crate::parquet_io::open(path, "matrices", 1).expect("open");
        let batch = batches.next().expect("a batch").expect("rows");
        assert!(batches.next().is_none());
        Arc::clone(batch.column(0))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn rows_are_those_that_arrow_writes(
            width in 1_usize..5, frames in prop::collection::vec(0_usize..6, 1..12), long in 0_usize..2,
        ) {
            let folder = tempfile::tempdir().expect("temporary folder");
            // Sometimes a row longer than a page.
            let frames = frames.into_iter().map(|frames| frames + long * frames * 100_000);
            let matrices: Vec<Vec<f32>> =
                frames.map(|frames| (0..frames * width).map(|value| value as f32 + 0.5).collect()).collect();
            let expected = array(width, &matrices);
            let write = |name: &str, ours: bool| {
                let path = folder.path().join(name);
                let rows = matrices.len();
                if ours {
                    let matrices = matrices.iter().map(Vec::as_slice);
                    part_file::write(&path, &schema(width), rows, std::iter::empty(), Some((width, matrices)))
                } else {
                    let none = None::<(usize, std::iter::Empty<&[f32]>)>;
                    part_file::write(&path, &schema(width), rows, std::iter::once(Arc::clone(&expected)), none)
                }
                .expect("write");
                read(&path)
            };
            prop_assert_eq!(&write("ours.parquet", true), &expected);
            prop_assert_eq!(&write("arrow.parquet", false), &expected);
        }
    }
}
