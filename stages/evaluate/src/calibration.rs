//! Calibration of probabilities: reliability, Brier score, log loss, and a temperature that puts them right.

use crate::confusion::shared;
use crate::metrics::ratio;
use crate::sample::Sums;

/// Probabilities are not taken for smaller than this where their logarithm is needed: that of single precision's smallest
/// normal number is about -87.
const LEAST: f64 = f32::MIN_POSITIVE as f64;
/// Temperatures are sought between these.
const TEMPERATURES: [f64; 2] = [0.05, 20.0];
/// Steps of the search for a temperature: each leaves 0.618 of the range of logarithms, 60 of them 2e-12 of it.
const STEPS: usize = 60;

/// Sums that the calibration figures of some clips are made of; those of several groups of clips add up.
///
/// A model with several seeds answers for each clip as often. Every seed has bins of its own, so that the expected calibration
/// error is the mean of theirs: what one seed is too sure of does not make up for what another is not sure enough of.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    seeds: usize,
    /// Per bin, seed after seed: answers, sum of the probabilities of what was predicted, answers that are right.
    bins: Vec<[f64; 3]>,
    brier: f64,
    log_loss: f64,
}

/// All that the calibration figures know of a clip, or of what one seed says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    truth: usize,
    bin: usize,
    confidence: f64,
    right: bool,
    brier: f64,
    log_loss: f64,
}

impl Answer {
    /// These probabilities of the classes for a clip of class `truth`, in one of `bins` bins. The class with the highest is
    /// the predicted one, the first of equals. A truth beyond the last class has probability 0.
    pub fn new(probabilities: &[f64], truth: usize, bins: usize) -> Self {
        let predicted = most_probable(probabilities);
        let confidence = probabilities.get(predicted).copied().unwrap_or_default();
        let of_truth = probabilities.get(truth).copied().unwrap_or_default();
        let squares: f64 = probabilities.iter().map(|probability| probability * probability).sum();
        Self {
            truth,
            bin: bin_of(confidence, bins.max(1)),
            confidence,
            right: predicted == truth,
            brier: squares - 2.0 * of_truth + 1.0,
            log_loss: -of_truth.max(LEAST).ln(),
        }
    }

    /// The same as the answer of `seed`, of the first without this, in one of its `bins` bins.
    #[must_use]
    pub fn of_seed(self, seed: usize, bins: usize) -> Self {
        Self { bin: self.bin + seed * bins.max(1), ..self }
    }
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Number of the bin from 0.
    pub number: usize,
    /// Clips in it.
    pub clips: u64,
    /// Mean probability of what was predicted.
    pub confidence: f64,
    /// Share predicted right.
    pub accuracy: f64,
}

impl Tally {
    /// Of no clips, with `bins` equally wide bins of confidence, of one seed.
    pub fn new(bins: usize) -> Self {
        Self::of_seeds(bins, 1)
    }

    /// The same of `seeds` seeds, each of which answers for every clip: none is as one.
    pub fn of_seeds(bins: usize, seeds: usize) -> Self {
        let seeds = seeds.max(1);
        Self { seeds, bins: vec![[0.0; 3]; bins * seeds], brier: 0.0, log_loss: 0.0 }
    }

    /// Counts a clip of class `truth` with these probabilities of the classes, of one seed: see [`Answer::new`].
    pub fn add(&mut self, probabilities: &[f64], truth: usize) {
        self.add_clip(Answer::new(probabilities, truth, self.bins.len()));
    }

    /// Adds `times` another tally with as many bins.
    pub fn add_tally(&mut self, other: &Self, times: f64) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.iter_mut().zip(more).for_each(|(sum, more)| *sum += times * more);
        }
        self.brier += times * other.brier;
        self.log_loss += times * other.log_loss;
    }

    /// Clips counted.
    pub fn clips(&self) -> f64 {
        self.answered() / self.seeds as f64
    }

    /// Answers counted: one of each seed for every clip.
    fn answered(&self) -> f64 {
        self.bins.iter().map(|bin| bin[0]).sum()
    }

    /// Expected calibration error, 0 to 1: the distance between confidence and accuracy of each bin, weighted by its
    /// clips (Naeini, Cooper & Hauskrecht, AAAI 2015; Guo et al., ICML 2017, equation 3). The mean over the seeds. 0 without clips.
    pub fn ece(&self) -> f64 {
        ratio(self.bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum(), self.answered())
    }

    /// Per bin of each seed, mean confidence less accuracy, weighted by the bin's share of all answers. 0 without clips.
    pub fn gaps(&self) -> impl Iterator<Item = f64> {
        let answers = self.answered();
        self.bins.iter().map(move |bin| ratio(bin[1] - bin[2], answers))
    }

    /// Brier score: the mean squared distance between the probabilities of all classes and what is true, summed over
    /// classes, 0 to 2 (G. W. Brier, Monthly Weather Review 1950). 0 without clips.
    pub fn brier(&self) -> f64 {
        ratio(self.brier, self.answered())
    }

    /// Mean negative natural logarithm of the probability of what is true. 0 without clips.
    pub fn log_loss(&self) -> f64 {
        ratio(self.log_loss, self.answered())
    }

    /// The bins that have answers, those of all seeds together. Clips are the mean over the seeds, rounded so that they add up.
    pub fn reliability(&self) -> impl Iterator<Item = Bin> {
        let bins = self.bins.len() / self.seeds;
        let of_bin = |number: usize| {
            let mut sums = [0.0; 3];
            for bin in self.bins.iter().skip(number).step_by(bins.max(1)) {
                sums.iter_mut().zip(bin).for_each(|(sum, more)| *sum += more);
            }
            sums
        };
        let sums: Vec<[f64; 3]> = (0..bins).map(of_bin).collect();
        let clips = shared(sums.iter().map(|bin| bin[0] as u64), self.seeds as u64);
        let each = sums.into_iter().zip(clips).enumerate().filter(|(_, (bin, _))| bin[0] > 0.0);
        each.map(|(number, ([answers, confidence, right], clips))| Bin {
            number,
            clips,
            confidence: confidence / answers,
            accuracy: right / answers,
        })
    }
}

/// Expected calibration error, Brier score and log loss.
impl Sums for Tally {
    type Clip = Answer;
    type Figures = [f64; 3];

    fn answers(&self) -> usize {
        self.seeds
    }

    fn class(answer: Answer) -> usize {
        answer.truth
    }

    fn add_clip(&mut self, answer: Answer) {
        if let Some(bin) = self.bins.get_mut(answer.bin) {
            bin[0] += 1.0;
            bin[1] += answer.confidence;
            bin[2] += f64::from(u8::from(answer.right));
        }
        self.brier += answer.brier;
        self.log_loss += answer.log_loss;
    }

    fn add_sums(&mut self, other: &Self, times: u64) {
        self.add_tally(other, times as f64);
    }

    fn reset(&mut self) {
        self.bins.fill([0.0; 3]);
        (self.brier, self.log_loss) = (0.0, 0.0);
    }

    fn count(&self) -> u64 {
        self.clips() as u64
    }

    /// Scores of probabilities keep giving way where nearly everything is right: the same correlation within speakers in every corpus.
    fn slope(&self) -> f64 {
        1.0
    }

    fn figures(&self) -> [f64; 3] {
        [self.ece(), self.brier(), self.log_loss()]
    }
}

/// Position of the highest value, the first of equals.
pub fn most_probable(probabilities: &[f64]) -> usize {
    (0..probabilities.len()).fold(0, |best, at| if probabilities[at] > probabilities[best] { at } else { best })
}

/// The bin of a confidence: the first is [0, 1/bins], every other (k/bins, (k+1)/bins], as in scikit-learn's `calibration_curve`.
fn bin_of(confidence: f64, bins: usize) -> usize {
    (0..bins.saturating_sub(1)).take_while(|below| confidence > (below + 1) as f64 / bins as f64).count()
}

/// Probabilities at a temperature: softmax of their logarithms divided by it. 1 leaves them, more levels them out.
pub fn at_temperature(probabilities: &[f64], temperature: f64) -> Vec<f64> {
    let logits: Vec<f64> = probabilities.iter().map(|probability| probability.max(LEAST).ln() / temperature).collect();
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut scaled: Vec<f64> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f64 = scaled.iter().sum();
    for value in &mut scaled {
        *value /= sum;
    }
    scaled
}

/// The temperature of 0.05 to 20 with the lowest log loss on clips of (probabilities, truth) (Guo et al., ICML 2017,
/// section 4.2); `None` without clips.
///
/// The loss is convex in 1 / temperature, so it has one minimum along the logarithm of the temperature as well, which
/// golden-section search closes in on.
pub fn fit_temperature(clips: &[(Vec<f64>, usize)]) -> Option<f64> {
    if clips.is_empty() {
        return None;
    }
    let loss = |logarithm: f64| {
        let temperature = f64::exp(logarithm);
        let each = clips.iter().map(|(probabilities, truth)| {
            at_temperature(probabilities, temperature).get(*truth).copied().unwrap_or_default().max(LEAST).ln()
        });
        -each.sum::<f64>()
    };
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (TEMPERATURES[0].ln(), TEMPERATURES[1].ln());
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    for _ in 0..STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = loss(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = loss(right);
        }
    }
    Some(f64::midpoint(low, high).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn tally(clips: &[(&[f64], usize)]) -> Tally {
        let mut tally = Tally::new(10);
        for (probabilities, truth) in clips {
            tally.add(probabilities, *truth);
        }
        tally
    }

    /// Two clips at 0.8, one right; two at 0.6, both right: (2 |0.8 - 0.5| + 2 |0.6 - 1|) / 4 = 0.35. Brier: 0.08 for a
    /// right and 1.28 for a wrong 0.8, 0.32 for a right 0.6.
    #[test]
    fn four_clips_by_hand() {
        let tally = tally(&[(&[0.8, 0.2], 0), (&[0.8, 0.2], 1), (&[0.4, 0.6], 1), (&[0.6, 0.4], 0)]);
        assert!((tally.ece() - 0.35).abs() < 1e-12);
        assert!((tally.brier() - (0.08 + 1.28 + 0.32 + 0.32) / 4.0).abs() < 1e-12);
        let expected = -(0.8_f64.ln() + 0.2_f64.ln() + 2.0 * 0.6_f64.ln()) / 4.0;
        assert!((tally.log_loss() - expected).abs() < 1e-12);
        let bins: Vec<(usize, u64)> = tally.reliability().map(|bin| (bin.number, bin.clips)).collect();
        assert_eq!(bins, [(5, 2), (7, 2)]);
    }

    #[test]
    fn bins_are_closed_above() {
        assert_eq!([0.0, 0.1, 0.100_001, 0.5, 0.95, 1.0].map(|value| bin_of(value, 10)), [0, 0, 1, 4, 9, 9]);
        assert_eq!(bin_of(0.7, 1), 0);
    }

    #[test]
    fn nothing_is_known_of_no_clips() {
        let tally = tally(&[]);
        assert_eq!([tally.ece(), tally.brier(), tally.log_loss(), tally.clips()], [0.0; 4]);
        assert_eq!(fit_temperature(&[]), None);
    }

    /// Half of the clips said to be right with 0.9 are: the temperature must make it 0.5... of two classes, at infinity;
    /// at three right of four it is that where softmax gives 0.75, ln 9 / ln 3 = 2.
    #[test]
    fn the_temperature_makes_confidence_what_is_true() {
        let clips: Vec<(Vec<f64>, usize)> = (0..4).map(|number| (vec![0.9, 0.1], usize::from(number == 0))).collect();
        let temperature = fit_temperature(&clips).expect("four clips");
        assert!((temperature - 2.0).abs() < 1e-5, "{temperature}");
        assert!((at_temperature(&[0.9, 0.1], temperature)[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_probability_of_zero_is_no_infinite_loss() {
        let tally = tally(&[(&[1.0, 0.0], 1)]);
        assert!(tally.log_loss() > 80.0 && tally.log_loss().is_finite());
        assert!(fit_temperature(&[(vec![1.0, 0.0], 1)]).is_some_and(f64::is_finite));
    }

    proptest! {
        #[test]
        fn a_temperature_never_changes_the_prediction_nor_raises_the_loss_it_was_fitted_on(
            rows in prop::collection::vec((prop::collection::vec(0.001_f64..1.0, 3), 0_usize..3), 1..30),
        ) {
            let clips: Vec<(Vec<f64>, usize)> = rows
                .into_iter()
                .map(|(row, truth)| { let sum: f64 = row.iter().sum(); (row.iter().map(|value| value / sum).collect(), truth) })
                .collect();
            let temperature = fit_temperature(&clips).expect("clips");
            let (mut before, mut after) = (Tally::new(15), Tally::new(15));
            for (row, truth) in &clips {
                let scaled = at_temperature(row, temperature);
                prop_assert!((scaled.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!(scaled[most_probable(row)] >= scaled[most_probable(&scaled)] - 1e-12);
                before.add(row, *truth);
                after.add(&scaled, *truth);
            }
            prop_assert!(after.log_loss() <= before.log_loss() + 1e-9);
            for tally in [&before, &after] {
                prop_assert!((0.0..=1.0).contains(&tally.ece()) && (0.0..=2.0).contains(&tally.brier()));
            }
        }

        #[test]
        fn figures_of_several_seeds_are_means_over_them(
            rows in prop::collection::vec((prop::collection::vec(0.0_f64..1.0, 4), 0_usize..2), 1..40),
        ) {
            let mut all = Tally::of_seeds(15, 4);
            let mut each = vec![Tally::new(15); 4];
            for (said, truth) in &rows {
                for (seed, p) in said.iter().enumerate() {
                    let answer = Answer::new(&[*p, 1.0 - p], *truth, 15);
                    all.add_clip(answer.of_seed(seed, 15));
                    each[seed].add_clip(answer);
                }
            }
            for figure in [Tally::ece, Tally::brier, Tally::log_loss] {
                let mean = each.iter().map(figure).sum::<f64>() / 4.0;
                prop_assert!((figure(&all) - mean).abs() < 1e-9, "{} {mean}", figure(&all));
            }
            prop_assert_eq!(all.clips(), rows.len() as f64);
            prop_assert_eq!(all.reliability().map(|bin| bin.clips).sum::<u64>(), rows.len() as u64);
        }

        #[test]
        fn tallies_add_up(rows in prop::collection::vec((0.0_f64..1.0, 0_usize..2), 1..40), cut in 0_usize..40) {
            let rows: Vec<([f64; 2], usize)> = rows.into_iter().map(|(p, truth)| ([p, 1.0 - p], truth)).collect();
            let of = |rows: &[([f64; 2], usize)]| {
                let mut tally = Tally::new(15);
                for (row, truth) in rows {
                    tally.add(row, *truth);
                }
                tally
            };
            let cut = cut.min(rows.len());
            let mut sum = of(&rows[..cut]);
            sum.add_tally(&of(&rows[cut..]), 1.0);
            let all = of(&rows);
            prop_assert!((sum.ece() - all.ece()).abs() < 1e-9 && (sum.brier() - all.brier()).abs() < 1e-9);
            prop_assert!((sum.log_loss() - all.log_loss()).abs() < 1e-9);
        }
    }
}
