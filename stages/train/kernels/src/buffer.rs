//! Memory that is used again: a training step allocates nothing once the sizes of its batches have been seen.
//!
//! Fresh large allocations cost more than the arithmetic on them (the system clears every page on first touch).

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Values kept at most; what is returned beyond is freed.
const MOST_VALUES_KEPT: usize = 1 << 27;

/// Sizes are rounded up to one of so many steps between powers of two, so that ragged batches fit each other's buffers.
const STEPS_PER_DOUBLING: usize = 8;

/// Values of type float that go back to a common stock when dropped.
#[derive(Debug, Default, PartialEq)]
pub struct Buffer {
    /// The whole allocation.
    values: Vec<f32>,
    len: usize,
}

#[derive(Default)]
struct Stock {
    /// Free allocations by their size.
    free: BTreeMap<usize, Vec<Vec<f32>>>,
    values: usize,
}

static STOCK: Mutex<Stock> = Mutex::new(Stock { free: BTreeMap::new(), values: 0 });

impl Buffer {
    /// `len` values of any content, for callers that write every one of them.
    pub fn any(len: usize) -> Self {
        let size = rounded(len);
        let reused = {
            let mut stock = STOCK.lock().unwrap_or_else(PoisonError::into_inner);
            let reused = stock.free.get_mut(&size).and_then(Vec::pop);
            if reused.is_some() {
                stock.values -= size;
            }
            reused
        };
        Self { values: reused.unwrap_or_else(|| vec![0.0; size]), len }
    }

    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::any(len);
        buffer.fill(0.0);
        buffer
    }

    /// A copy of `values`.
    pub fn copy_of(values: &[f32]) -> Self {
        let mut buffer = Self::any(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if values.is_empty() {
            return;
        }
        let mut stock = STOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if stock.values + values.len() <= MOST_VALUES_KEPT {
            stock.values += values.len();
            stock.free.entry(values.len()).or_default().push(values);
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::copy_of(self)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }
}

/// Frees what is kept: a stage that has ended leaves its memory to the next.
pub fn free_all() {
    let freed = std::mem::take(&mut *STOCK.lock().unwrap_or_else(PoisonError::into_inner));
    drop(freed);
}

fn rounded(len: usize) -> usize {
    let step = (len.max(64).next_power_of_two() / 2 / STEPS_PER_DOUBLING).max(1);
    len.max(64).div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_by_at_most_an_eighth() {
        for len in [0, 1, 64, 65, 1000, 4097, 100_003, 1 << 20] {
            let size = rounded(len);
            assert!(size >= len.max(64) && (len <= 64 || size <= len + len / 8 + 8), "{len}: {size}");
            assert_eq!(rounded(size), size);
        }
    }

    #[test]
    fn contents_are_as_asked_for_whatever_was_there_before() {
        drop(Buffer::copy_of(&[7.0; 500]));
        let zeros = Buffer::zeros(500);
        assert_eq!(zeros.len(), 500);
        assert!(zeros.iter().all(|value| *value == 0.0));
        assert_eq!(&*Buffer::copy_of(&[1.0, 2.0]), [1.0, 2.0]);
        assert!(Buffer::zeros(0).is_empty());
    }
}
