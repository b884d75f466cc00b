//! The division of a batch into parts, which threads compute side by side.
//!
//! How a batch is divided follows from its clips alone, and sums over parts are taken in their order: the numbers do not
//! depend on how many threads there are.

use rayon::prelude::*;

use super::Batch;
use super::plan::Plan;

/// Clips per part, about: enough for products of good shape, few enough for several threads.
const CLIPS_PER_PART: usize = 16;
const MOST_PARTS: usize = 16;

/// Neighbouring clips of a batch.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// Position of the first clip in the batch.
    pub(super) first_clip: usize,
    /// Frames of each clip.
    pub(super) lens: &'a [usize],
    /// Frames of all clips, one after another.
    pub(super) frames: &'a [f32],
    /// Frames of all clips before these, after each convolution.
    pub(super) rows_before: Vec<usize>,
}

/// Divides `batch` into parts of about the same number of frames.
pub(super) fn parts<'a>(plan: &Plan, batch: &'a Batch) -> Vec<Part<'a>> {
    let lens = &batch.lens;
    let count = lens.len().div_ceil(CLIPS_PER_PART).min(MOST_PARTS);
    let total: usize = lens.iter().sum();
    let mut rows_before = vec![0; plan.conv.len()];
    let (mut first, mut frame) = (0, 0);
    (0..count)
        .map(|index| {
            // Up to the share that this part and those before it have of all frames; at least one clip for each.
            let latest = lens.len() - (count - 1 - index);
            let (mut end, mut end_frame) = (first + 1, frame + lens[first]);
            while end < latest && (end_frame + lens[end] / 2) * count <= total * (index + 1) {
                end_frame += lens[end];
                end += 1;
            }
            if index + 1 == count {
                (end, end_frame) = (lens.len(), total);
            }
            let part = Part {
                first_clip: first,
                lens: &lens[first..end],
                frames: &batch.frames[frame * plan.width..end_frame * plan.width],
                rows_before: rows_before.clone(),
            };
            for len in part.lens {
                let mut len = *len;
                for (layer, rows) in plan.conv.iter().zip(&mut rows_before) {
                    len = len.div_ceil(layer.stride).div_ceil(layer.pool);
                    *rows += len;
                }
            }
            (first, frame) = (end, end_frame);
            part
        })
        .collect()
}

/// Does `work` to every part, on the threads of the current pool that have nothing else to do.
pub(super) fn each<T: Send>(parts: &mut [T], work: impl Fn(&mut T) + Send + Sync) {
    if parts.len() < 2 || rayon::current_num_threads() < 2 {
        parts.iter_mut().for_each(work);
    } else {
        parts.par_iter_mut().with_max_len(1).for_each(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;

    #[test]
    fn every_clip_is_in_one_part_and_parts_are_of_like_size() {
        let plan = Plan::new(&Params::default(), 2, 0, 2);
        for clips in [0, 1, 15, 16, 17, 64, 65, 700] {
            let lens: Vec<usize> = (0..clips).map(|clip| 2 * clips - clip).collect();
            let total: usize = lens.iter().sum();
            let batch = Batch { frames: vec![0.0; 2 * total], lens, ..Batch::default() };
            let parts = parts(&plan, &batch);
            assert_eq!(parts.len(), clips.div_ceil(16).min(16), "{clips} clips");
            let (mut clip, mut rows) = (0, 0);
            for part in &parts {
                assert_eq!(part.first_clip, clip);
                assert_eq!(part.rows_before[0], rows);
                assert_eq!(part.frames.len(), 2 * part.lens.iter().sum::<usize>());
                assert!(part.lens.iter().sum::<usize>() <= total / parts.len() + 2 * clips);
                clip += part.lens.len();
                rows += part.lens.iter().map(|len| len.div_ceil(2)).sum::<usize>();
            }
            assert_eq!(clip, clips);
        }
    }
}
