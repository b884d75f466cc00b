//! Sorts columns of numbers side by side.
//!
//! Batcher's merge exchange (Knuth, "The Art of Computer Programming", vol. 3, 5.2.2, algorithm M): which places are
//! compared does not depend on the values, so one comparison works on whole rows.

use crate::vector::{LANES, Row};

/// Rows up to which the network is quicker: it makes more comparisons than sorting needs, and walks over all rows for
/// each of its rounds, which must then fit into the cache.
const MOST_ROWS: usize = 4096;

/// Sorts every column of `rows`, smallest first. No value may be not-a-number.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn sort_columns(rows: &mut [Row]) {
    if rows.len() <= MOST_ROWS { exchange(rows) } else { one_by_one(rows) }
}

#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn exchange(rows: &mut [Row]) {
    let count = rows.len();
    if count < 2 {
        return;
    }
    let top = count.next_power_of_two() / 2;
    let mut stride = top;
    while stride > 0 {
        let (mut reach, mut offset, mut distance) = (top, 0, stride);
        loop {
            // Runs of `stride` neighbours that are all compared with those `distance` further on.
            for start in (offset..count - distance).step_by(2 * stride) {
                let end = (start + stride).min(count - distance);
                let (low, high) = rows.split_at_mut(start + distance);
                for (low, high) in low[start..end].iter_mut().zip(high) {
                    // By value: stores between the comparisons would keep them from becoming vector instructions.
                    let (a, b) = (*low, *high);
                    *low = std::array::from_fn(|lane| if b[lane] < a[lane] { b[lane] } else { a[lane] });
                    *high = std::array::from_fn(|lane| if b[lane] < a[lane] { a[lane] } else { b[lane] });
                }
            }
            if reach == stride {
                break;
            }
            distance = reach - stride;
            reach /= 2;
            offset = stride;
        }
        stride /= 2;
    }
}

fn one_by_one(rows: &mut [Row]) {
    let mut column = Vec::with_capacity(rows.len());
    for lane in 0..LANES {
        column.clear();
        column.extend(rows.iter().map(|row| row[lane]));
        column.sort_unstable_by(f32::total_cmp);
        for (row, value) in rows.iter_mut().zip(&column) {
            row[lane] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_sorted() {
        let mut rng = crate::rng::Rng::new(5);
        for count in (0..140).chain([255, 256, 257, 370, 1_000, MOST_ROWS + 1]) {
            // Rounded, so that values repeat.
            let mut rows: Vec<Row> =
                (0..count).map(|_| std::array::from_fn(|_| (rng.gaussian() * 20.0).round() as f32)).collect();
            let mut expected = rows.clone();
            one_by_one(&mut expected);
            sort_columns(&mut rows);
            assert_eq!(rows, expected, "{count} rows");
            for lane in 0..LANES {
                assert!(rows.windows(2).all(|pair| pair[0][lane] <= pair[1][lane]), "{count} rows");
            }
        }
    }
}
