//! Where row groups end.
//!
//! A group ends behind a clip whose id has a certain hash, so the division follows from the clips and not from history:
//! one clip more or less changes one group, all others stay as they are and can be copied. Bounds on rows and duration
//! keep groups small enough for memory; they too depend on nothing before the last group's end.

/// Decides after each clip whether its row group ends there.
#[derive(Debug, Clone)]
pub(crate) struct Grouping {
    mean_clips: u64,
    most_clips: usize,
    most_s: f64,
    clips: usize,
    seconds: f64,
}

impl Grouping {
    /// Groups that end behind one clip of `mean_clips` in the mean, behind `most_clips` at the latest, and where
    /// `most_s` seconds of audio are reached.
    pub(crate) fn new(mean_clips: usize, most_clips: usize, most_s: f64) -> Self {
        Self { mean_clips: mean_clips.max(1) as u64, most_clips, most_s, clips: 0, seconds: 0.0 }
    }

    /// True if the group ends behind this clip of `seconds` seconds, which follows the one last asked about.
    pub(crate) fn ends_with(&mut self, clip_id: &str, seconds: f64) -> bool {
        self.clips += 1;
        self.seconds += seconds;
        let ends = hash(clip_id).is_multiple_of(self.mean_clips)
            || self.clips >= self.most_clips
            || self.seconds >= self.most_s;
        if ends {
            (self.clips, self.seconds) = (0, 0.0);
        }
        ends
    }
}

/// FNV-1a, finished by the mixing step of SplitMix64: evenly distributed, and the same everywhere and for ever.
fn hash(text: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3_u64);
    let mut z = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, fnv);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn divide(ids: &[String], mean: usize, seconds: f64) -> Vec<Vec<String>> {
        let mut grouping = Grouping::new(mean, 4 * mean, 100.0);
        let mut groups = vec![Vec::new()];
        for id in ids {
            let last = groups.len() - 1;
            groups[last].push(id.clone());
            if grouping.ends_with(id, seconds) {
                groups.push(Vec::new());
            }
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("tess/OAF_{index:05}")).collect()
    }

    #[test]
    fn groups_have_the_mean_asked_for_and_keep_their_bounds() {
        let groups = divide(&ids(20_000), 64, 0.1);
        let mean = 20_000.0 / groups.len() as f64;
        assert!((48.0..72.0).contains(&mean), "{mean}");
        assert!(groups.iter().all(|group| group.len() <= 256));
        assert!(divide(&ids(1_000), 64, 20.0).iter().all(|group| group.len() <= 5));
    }

    proptest! {
        #[test]
        fn one_clip_more_changes_the_groups_around_it_only(at in 0usize..2_000) {
            let before = divide(&ids(2_000), 16, 1.0);
            let mut more = ids(2_000);
            more.insert(at, "tess/new".into());
            let after = divide(&more, 16, 1.0);
            let changed = after.iter().filter(|group| !before.contains(group)).count();
            // Its own group, and where a bound was reached the next ones, up to an end by hash.
            prop_assert!(changed <= 4, "{} of {} groups changed", changed, after.len());
        }
    }
}
