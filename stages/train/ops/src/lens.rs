//! The lengths of a batch's clips, and its division into parts, which threads compute side by side.
//!
//! How a batch is divided follows from its clips alone, and sums over parts are taken in their order: the numbers do not
//! depend on how many threads there are.

use std::ops::{Deref, Range};
use std::sync::Arc;

use rayon::prelude::*;

/// Clips per part, about: enough for products of good shape, few enough for several threads.
const CLIPS_PER_PART: usize = 16;
const MOST_PARTS: usize = 16;

/// Number of frames of each clip of a batch, falling. The frames themselves are the rows of a tensor (frames, width), clip
/// after clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens(Arc<[usize]>);

/// Neighbouring clips of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Their positions.
    pub(crate) clips: Range<usize>,
    /// Their frames.
    pub(crate) rows: Range<usize>,
}

impl Lens {
    /// Of clips in falling order, each of at least one frame.
    pub fn new(lens: impl Into<Arc<[usize]>>) -> Self {
        let lens = lens.into();
        debug_assert!(lens.is_sorted_by(|a, b| a >= b), "clips come by falling length");
        Self(lens)
    }

    /// Number of frames of all clips.
    pub fn frames(&self) -> usize {
        self.iter().sum()
    }

    /// What each length becomes.
    #[must_use]
    pub fn map(&self, each: impl Fn(usize) -> usize) -> Self {
        Self(self.iter().map(|len| each(*len)).collect())
    }

    /// First frame of each clip.
    pub(crate) fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        self.iter().scan(0, |next, len| {
            let start = *next;
            *next += len;
            Some(start)
        })
    }

    /// The batch in parts of about the same number of frames.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let count = self.len().div_ceil(CLIPS_PER_PART).min(MOST_PARTS);
        let total = self.frames();
        let (mut clip, mut row) = (0, 0);
        (0..count)
            .map(|index| {
                let (first_clip, first_row) = (clip, row);
                // Up to the share that this part and those before it have of all frames; at least one clip for each.
                let latest = self.len() - (count - 1 - index);
                (clip, row) = (clip + 1, row + self[clip]);
                while clip < latest && (row + self[clip] / 2) * count <= total * (index + 1) {
                    row += self[clip];
                    clip += 1;
                }
                if index + 1 == count {
                    (clip, row) = (self.len(), total);
                }
                Part { clips: first_clip..clip, rows: first_row..row }
            })
            .collect()
    }
}

impl Deref for Lens {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

/// Does `work` to every part, on the threads of the current pool that have nothing else to do.
pub(crate) fn each<T: Send, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
    if parts.len() < 2 || rayon::current_num_threads() < 2 {
        parts.into_iter().map(work).collect()
    } else {
        parts.into_par_iter().with_max_len(1).map(work).collect()
    }
}

/// Divides `rest`, rows of `width` values, into pieces of so many rows each.
pub(crate) fn pieces(mut rest: &mut [f32], width: usize, rows: impl Iterator<Item = usize>) -> Vec<&mut [f32]> {
    rows.map(|rows| rest.split_off_mut(..rows * width).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clip_is_in_one_part_and_parts_are_of_like_size() {
        for clips in [0, 1, 15, 16, 17, 64, 65, 700] {
            let lens = Lens::new((0..clips).map(|clip| 2 * clips - clip).collect::<Vec<_>>());
            let parts = lens.parts();
            assert_eq!(parts.len(), clips.div_ceil(16).min(16), "{clips} clips");
            let (mut clip, mut row) = (0, 0);
            for part in &parts {
                assert_eq!((part.clips.start, part.rows.start), (clip, row));
                assert_eq!(part.rows.len(), lens[part.clips.clone()].iter().sum::<usize>());
                assert!(part.rows.len() <= lens.frames() / parts.len() + 2 * clips);
                (clip, row) = (part.clips.end, part.rows.end);
            }
            assert_eq!((clip, row), (clips, lens.frames()));
        }
    }
}
