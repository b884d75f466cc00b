//! Where parts end.
//!
//! A part ends behind an item whose id has a certain hash, so the division follows from the items and not from history:
//! one item more or less changes one part, all others stay as they are. Bounds on number and weight keep parts small enough
//! for memory; they too depend on nothing before the last part's end.

/// Items per part, in the mean and at most. Smaller parts make wide tables consist of descriptions, larger ones make a changed
/// item cost more than that item.
const ITEMS_PER_PART: u64 = 256;
const MOST_ITEMS: usize = 1024;

/// Decides after each item whether its part ends there.
#[derive(Debug, Clone)]
pub struct Cut {
    mean: u64,
    most: usize,
    most_weight: f64,
    items: usize,
    weight: f64,
}

impl Cut {
    /// Parts of some hundred items that end where a weight of `most_weight` is reached, if not before: seconds of audio, values,
    /// whatever memory or the loss of a part at work grows with.
    pub fn new(most_weight: f64) -> Self {
        Self { mean: ITEMS_PER_PART, most: MOST_ITEMS, most_weight, items: 0, weight: 0.0 }
    }

    /// True if the part ends behind the item `id` of this weight, which follows the one last asked about.
    pub fn ends_with(&mut self, id: &str, weight: f64) -> bool {
        self.items += 1;
        self.weight += weight;
        let ends = hash(id).is_multiple_of(self.mean) || self.items >= self.most || self.weight >= self.most_weight;
        if ends {
            (self.items, self.weight) = (0, 0.0);
        }
        ends
    }
}

/// The first eight bytes of the id's BLAKE3 hash: evenly distributed, and the same everywhere and for ever.
fn hash(id: &str) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divide(ids: &[String], mean: u64, weight: f64) -> Vec<Vec<String>> {
        let mut cut = Cut { mean, most: 4 * mean as usize, ..Cut::new(100.0) };
        let mut parts = vec![Vec::new()];
        for id in ids {
            let last = parts.len() - 1;
            parts[last].push(id.clone());
            if cut.ends_with(id, weight) {
                parts.push(Vec::new());
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("tess/OAF_{index:05}")).collect()
    }

    #[test]
    fn parts_have_the_mean_asked_for_and_keep_their_bounds() {
        let parts = divide(&ids(20_000), 64, 0.1);
        let mean = 20_000.0 / parts.len() as f64;
        assert!((48.0..72.0).contains(&mean), "{mean}");
        assert!(parts.iter().all(|part| part.len() <= 256));
        assert!(divide(&ids(1_000), 64, 20.0).iter().all(|part| part.len() <= 5));
    }

    #[test]
    fn one_item_more_changes_the_parts_around_it_only() {
        let before = divide(&ids(2_000), 16, 1.0);
        for at in (0..2_000).step_by(7) {
            let mut more = ids(2_000);
            more.insert(at, "tess/new".into());
            let after = divide(&more, 16, 1.0);
            let changed = after.iter().filter(|part| !before.contains(part)).count();
            // Its own part, and where a bound was reached the next ones, up to an end by hash.
            assert!(changed <= 4, "{at}: {changed} of {} parts changed", after.len());
        }
    }
}
