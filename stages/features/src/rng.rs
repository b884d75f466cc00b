//! Random numbers that follow from the pipeline's seed and the clip's name alone.
//!
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): the numbers are part of
//! what a seed means, so they must not change with the release of a library.

/// A generator for one altered copy of one clip.
#[derive(Debug, Clone)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator that depends on all three, and on nothing else.
    pub(crate) fn for_copy(seed: u64, clip_id: &str, variant: &str) -> Self {
        // FNV-1a, with a byte that occurs in no name between the two.
        let bytes = clip_id.bytes().chain(std::iter::once(0)).chain(variant.bytes());
        let hash =
            bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut mixed = Self::new(seed ^ hash);
        Self::new(mixed.next())
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform, 0 inclusive to 1 exclusive.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform between two bounds.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Normally distributed, mean 0, variance 1 (Box and Muller's method).
    pub(crate) fn gaussian(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // First outputs of SplitMix64 for seed 0.
        let mut rng = Rng::new(0);
        assert_eq!(rng.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(rng.next(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn gaussian_numbers_have_their_moments() {
        let mut rng = Rng::new(7);
        let values: Vec<f64> = (0..100_000).map(|_| rng.gaussian()).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|value| value * value).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn copies_differ_by_seed_clip_and_variant() {
        let first = |seed, clip, variant| Rng::for_copy(seed, clip, variant).next();
        let reference = first(1, "a", "noise_1");
        assert_eq!(reference, first(1, "a", "noise_1"));
        assert_ne!(reference, first(2, "a", "noise_1"));
        assert_ne!(reference, first(1, "b", "noise_1"));
        assert_ne!(reference, first(1, "a", "noise_2"));
    }
}
