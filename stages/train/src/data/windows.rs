//! Clips that are longer than the network hears at once.
//!
//! Such a clip is heard in windows of `max_frames` frames. They are spread evenly over it, the first at its start and the
//! last at its end, and each overlaps the next by at least half. What is said of the clip is the mean over its windows.

use std::ops::Range;

/// The windows of a clip of `frames` frames, in order: each `max_frames` long, spread evenly from start to end, each
/// overlapping the next by at least half. The clip itself where it is no longer than `max_frames` (0: no limit).
pub fn windows(frames: usize, max_frames: usize) -> Vec<Range<usize>> {
    if max_frames == 0 || frames <= max_frames {
        return std::iter::once(0..frames).collect();
    }
    let rest = frames - max_frames;
    let steps = rest.div_ceil((max_frames / 2).max(1));
    (0..=steps)
        .map(|step| {
            let start = step * rest / steps;
            start..start + max_frames
        })
        .collect()
}

/// Which window of which clip each row of a prediction is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowRows {
    /// Position of the clip, and frames.
    pub(crate) rows: Vec<(usize, Range<usize>)>,
    clips: usize,
}

impl WindowRows {
    /// Of clips with so many frames each.
    pub(crate) fn new(frame_counts: impl Iterator<Item = usize>, max_frames: usize) -> Self {
        let mut rows = Vec::new();
        let mut clips = 0;
        for frames in frame_counts {
            rows.extend(windows(frames, max_frames).into_iter().map(|window| (clips, window)));
            clips += 1;
        }
        Self { rows, clips }
    }

    /// Frames of each row.
    pub(crate) fn lens(&self) -> Vec<usize> {
        self.rows.iter().map(|(_, window)| window.len()).collect()
    }

    /// For each clip the mean over its rows, `width` values each; a clip of one row keeps its values to the bit.
    pub(crate) fn means(&self, values: &[f32], width: usize) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.clips * width];
        let mut counts = vec![0_u32; self.clips];
        for ((clip, _), values) in self.rows.iter().zip(values.chunks_exact(width.max(1))) {
            counts[*clip] += 1;
            for (sum, value) in sums[clip * width..(clip + 1) * width].iter_mut().zip(values) {
                *sum += f64::from(*value);
            }
        }
        sums.chunks_exact(width.max(1))
            .zip(counts)
            .flat_map(|(sums, count)| sums.iter().map(move |sum| (sum / f64::from(count)) as f32))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_that_fits_is_one_window() {
        for (frames, max_frames) in [(1, 600), (600, 600), (5000, 0)] {
            assert_eq!(windows(frames, max_frames), std::slice::from_ref(&(0..frames)));
        }
    }

    #[test]
    fn windows_are_whole_overlap_by_half_and_leave_nothing_out() {
        assert_eq!(windows(1201, 600), [0..600, 200..800, 400..1000, 601..1201]);
        for max_frames in [1, 2, 3, 7, 600] {
            for frames in max_frames + 1..max_frames * 5 + 2 {
                let windows = windows(frames, max_frames);
                assert_eq!((windows[0].start, windows[windows.len() - 1].end), (0, frames));
                assert!(windows.iter().all(|window| window.len() == max_frames));
                let step = (max_frames / 2).max(1);
                assert!(windows.windows(2).all(|pair| pair[0].start < pair[1].start), "{windows:?}");
                assert!(windows.windows(2).all(|pair| pair[1].start - pair[0].start <= step), "{windows:?}");
            }
        }
    }

    #[test]
    fn a_clip_says_the_mean_of_its_windows() {
        let rows = WindowRows::new([2, 5, 4].into_iter(), 4);
        assert_eq!(rows.rows, [(0, 0..2), (1, 0..4), (1, 1..5), (2, 0..4)]);
        assert_eq!(rows.lens(), [2, 4, 4, 4]);
        let third = 1.0 / 3.0;
        let values = [third, 1.0 - third, 1.0, 0.0, 0.5, 0.5, 0.1, 0.9];
        assert_eq!(rows.means(&values, 2), [third, 1.0 - third, 0.75, 0.25, 0.1, 0.9]);
    }
}
