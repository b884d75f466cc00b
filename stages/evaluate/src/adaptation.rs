//! A model's answers adapted to a speaker by a few clips whose emotion is known.
//!
//! Nothing of the model is trained, and all that is asked of it are probabilities: those of the labelled clips say where the model puts
//! each emotion of this speaker, on the scale of logarithms. An answer is mixed with what its distance from these places says (nearest
//! centroids, Snell et al., "Prototypical Networks for Few-shot Learning", NeurIPS 2017, equation 2, with the model in place of their
//! embedding). How much, and how fast likelihood falls with distance, was chosen on validation clips: docs/experiments.md.
//!
//! Which clips somebody labels says nothing of how often the speaker is angry, so it does not count how many clips a class has. A class
//! without labelled clips keeps its probability: what the model gives to the others together is divided anew among them. Clips of a
//! single class change nothing.

/// Share of an answer that is decided by distances; the rest is the model's own.
const SHARE: f64 = 0.7;
/// Precision of the answers to clips of one class around their centroid, in each direction.
const PRECISION: f64 = 0.7;
/// Probabilities are not taken for smaller than this where their logarithm is needed.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

/// What labelled clips of a speaker change about a model's answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Adapter {
    /// Positions of the classes that have labelled clips, each with the mean place of the answers to these.
    centroids: Vec<(usize, Vec<f64>)>,
}

impl Adapter {
    /// Of the answers to labelled clips, probabilities of each class with the position of the true one. It is the same in whatever
    /// order they come. Clips of no class of the model are passed over.
    pub fn fit(clips: &[(&[f64], usize)]) -> Self {
        let classes = clips.iter().map(|(said, _)| said.len()).max().unwrap_or_default();
        let centroid = |class: usize| {
            let own = clips.iter().filter(|(said, truth)| *truth == class && said.len() == classes);
            let mut places: Vec<Vec<f64>> = own.map(|(said, _)| place(said)).collect();
            // Sums of floats depend on the order of their terms.
            places.sort_by(|one, other| {
                let orders = one.iter().zip(other).map(|(one, other)| one.total_cmp(other));
                orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            });
            let mut mean = vec![0.0; classes];
            for place in &places {
                mean.iter_mut().zip(place).for_each(|(sum, value)| *sum += value / places.len() as f64);
            }
            (!places.is_empty()).then_some((class, mean))
        };
        Self { centroids: (0..classes).filter_map(centroid).collect() }
    }

    /// `true` if it changes nothing.
    pub fn is_idle(&self) -> bool {
        self.centroids.len() < 2
    }

    /// Probabilities of an answer, adapted.
    pub fn adapted(&self, probabilities: &[f64]) -> Vec<f64> {
        let mut adapted = probabilities.to_vec();
        if self.is_idle() || self.centroids.iter().any(|(_, centroid)| centroid.len() != probabilities.len()) {
            return adapted;
        }
        let place = place(probabilities);
        let likelihood = |(_, centroid): &(usize, Vec<f64>)| {
            let squares = centroid.iter().zip(&place).map(|(centre, value)| (value - centre).powi(2));
            -PRECISION / 2.0 * squares.sum::<f64>()
        };
        let logarithms: Vec<f64> = self.centroids.iter().map(likelihood).collect();
        let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logarithms.iter().map(|value| (value - highest).exp()).collect();
        let all: f64 = powers.iter().sum();
        let mass: f64 = self.centroids.iter().map(|(class, _)| probabilities[*class]).sum();
        for ((class, _), power) in self.centroids.iter().zip(powers) {
            adapted[*class] = (1.0 - SHARE) * probabilities[*class] + SHARE * mass * power / all;
        }
        adapted
    }
}

/// Where an answer is: its logarithms less their mean.
fn place(probabilities: &[f64]) -> Vec<f64> {
    let logarithms: Vec<f64> = probabilities.iter().map(|probability| probability.max(LEAST).ln()).collect();
    let mean = logarithms.iter().sum::<f64>() / logarithms.len().max(1) as f64;
    logarithms.into_iter().map(|logarithm| logarithm - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// An answer of three classes with these logits.
    fn said(logits: [f64; 3]) -> Vec<f64> {
        let powers = logits.map(f64::exp);
        powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect()
    }

    fn fit(clips: &[(Vec<f64>, usize)]) -> Adapter {
        Adapter::fit(&clips.iter().map(|(said, truth)| (said.as_slice(), *truth)).collect::<Vec<_>>())
    }

    fn most(probabilities: &[f64]) -> usize {
        (0..probabilities.len()).fold(0, |best, at| if probabilities[at] > probabilities[best] { at } else { best })
    }

    #[test]
    fn no_clips_and_clips_of_one_class_change_nothing() {
        let answer = said([0.3, -0.2, 0.1]);
        let of_one = [(said([2.0, 0.0, 0.0]), 1), (said([0.0, 2.0, 0.0]), 1)];
        let of_none = [(said([2.0, 0.0, 0.0]), 3), (said([0.0, 2.0, 0.0]), usize::MAX)];
        for clips in [&[][..], &of_one, &of_none] {
            let adapter = fit(clips);
            assert!(adapter.is_idle());
            assert_eq!(adapter.adapted(&answer), answer);
        }
        // Answers about other classes are not its own.
        let two = fit(&[(said([2.0, 0.0, 0.0]), 0), (said([0.0, 2.0, 0.0]), 1)]);
        assert_eq!((two.is_idle(), two.adapted(&[0.4, 0.6])), (false, vec![0.4, 0.6]));
    }

    /// Odds of 4 and of 1/4 are at ln 4 / 2 and its negative on each of two axes: their squared distance is twice that of ln 4.
    #[test]
    fn two_classes_by_hand() {
        let adapter = fit(&[(vec![0.8, 0.2], 0), (vec![0.2, 0.8], 1)]);
        let found = adapter.adapted(&[0.8, 0.2]);
        let near = 1.0 / (1.0 + (-PRECISION * 4.0_f64.ln().powi(2)).exp());
        assert!((found[0] - (1.0 - SHARE) * 0.8 - SHARE * near).abs() < 1e-12, "{found:?}");
        let between = adapter.adapted(&[0.5, 0.5]);
        assert!((between[0] - 0.5).abs() < 1e-12, "{between:?}");
    }

    /// In this voice everything sounds angry to the model: the first class has five more, whatever is said.
    #[test]
    fn a_speaker_of_whom_everything_sounds_alike_is_understood_by_one_clip_of_each_class() {
        let shifted = |class: usize, strength: f64| {
            let mut logits = [5.0, 0.0, 0.0];
            logits[class] += strength;
            said(logits)
        };
        let adapter = fit(&[(shifted(0, 3.0), 0), (shifted(1, 3.0), 1), (shifted(2, 3.0), 2)]);
        for class in 0..3 {
            for strength in [2.0, 2.5, 3.5, 4.0] {
                let answer = shifted(class, strength);
                assert_eq!((most(&answer), most(&adapter.adapted(&answer))), (0, class), "{class} {strength}");
            }
        }
    }

    #[test]
    fn a_class_without_clips_keeps_its_probability() {
        let adapter = fit(&[(said([4.0, 0.0, 1.0]), 0), (said([3.0, 0.0, 2.0]), 2)]);
        let answer = said([2.0, 1.0, 1.5]);
        let found = adapter.adapted(&answer);
        assert_eq!(found[1], answer[1]);
        assert!(found[2] > answer[2] && found[0] < answer[0], "{found:?}");
    }

    proptest! {
        #[test]
        fn neither_order_nor_number_of_a_class_s_clips_counts(
            clips in prop::collection::vec(([-6.0_f64..6.0, -6.0..6.0, -6.0..6.0], 0_usize..3), 0..20),
            answer in [-6.0_f64..6.0, -6.0..6.0, -6.0..6.0],
            turn in any::<prop::sample::Index>(),
        ) {
            let clips: Vec<(Vec<f64>, usize)> = clips.into_iter().map(|(logits, class)| (said(logits), class)).collect();
            let answer = said(answer);
            let found = fit(&clips).adapted(&answer);
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{found:?}");
            prop_assert!(found.iter().all(|value| (0.0..=1.0).contains(value)), "{found:?}");
            let mut turned = clips.clone();
            if !turned.is_empty() {
                let by = turn.index(turned.len());
                turned.rotate_left(by);
            }
            prop_assert_eq!(&fit(&turned).adapted(&answer), &found);
            turned.reverse();
            prop_assert_eq!(&fit(&turned).adapted(&answer), &found);
            // Every clip of the first class three times.
            let first = clips.iter().filter(|(_, class)| *class == 0).cloned();
            let more: Vec<_> = clips.iter().cloned().chain(first.clone()).chain(first).collect();
            for (one, other) in fit(&more).adapted(&answer).iter().zip(&found) {
                prop_assert!((one - other).abs() < 1e-9);
            }
        }
    }
}
