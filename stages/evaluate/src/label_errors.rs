//! Labels that a model disputes with confidence (confident learning; Northcutt, Jiang & Chuang, "Confident Learning:
//! Estimating Uncertainty in Dataset Labels", JAIR 2021, section 3).
//!
//! A class's threshold is the mean probability that the model gives to the class over the clips labelled with it
//! (equation 2). A clip is confidently of the class whose probability reaches that class's threshold, and of the most
//! probable class where several do (equation 1 and its rule for collisions, as the authors' cleanlab has it); where
//! that is not its label, it is a candidate. The same clips in the same order as cleanlab's
//! `find_label_issues(filter_by="confident_learning", return_indices_ranked_by="normalized_margin")`.

use crate::calibration::most_probable;

/// A clip that may be labelled wrongly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Index of the clip.
    pub clip: usize,
    /// The class that the model is confident of.
    pub suggested: usize,
    /// Probability of the label less the highest probability of another class, -1 to 1.
    pub margin: f64,
}

/// Candidates among clips of (out-of-fold probabilities of the classes, labelled class), lowest margin first, ties in
/// the order of the clips. Clips whose label is beyond the last class are passed over.
pub fn candidates(clips: &[(Vec<f64>, usize)], classes: usize) -> Vec<Candidate> {
    let mut sums = vec![(0.0_f64, 0_u64); classes];
    for (probabilities, label) in clips {
        if let (Some(sum), Some(probability)) = (sums.get_mut(*label), probabilities.get(*label)) {
            *sum = (sum.0 + probability, sum.1 + 1);
        }
    }
    // A class without clips has no threshold that could be reached.
    let thresholds: Vec<f64> =
        sums.iter().map(|(sum, clips)| if *clips == 0 { f64::INFINITY } else { sum / *clips as f64 }).collect();
    let mut found: Vec<Candidate> = clips
        .iter()
        .enumerate()
        .filter_map(|(clip, (probabilities, label))| {
            let given = *probabilities.get(*label)?;
            let suggested = confident_class(probabilities, &thresholds)?;
            let others = probabilities.iter().enumerate().filter(|(class, _)| class != label);
            let highest = others.map(|(_, probability)| *probability).fold(f64::NEG_INFINITY, f64::max);
            (suggested != *label).then_some(Candidate { clip, suggested, margin: given - highest })
        })
        // What the label itself is more probable than is no dispute.
        .filter(|candidate| candidate.margin < 0.0)
        .collect();
    found.sort_by(|a, b| a.margin.total_cmp(&b.margin).then(a.clip.cmp(&b.clip)));
    found
}

/// The class that a clip is confidently of: the one that reaches its threshold, or where several do, the most probable
/// one.
fn confident_class(probabilities: &[f64], thresholds: &[f64]) -> Option<usize> {
    let classes = probabilities.len().min(thresholds.len());
    let mut reaching = (0..classes).filter(|class| probabilities[*class] >= thresholds[*class]);
    let first = reaching.next()?;
    Some(if reaching.next().is_some() { most_probable(probabilities) } else { first })
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// Thresholds: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.7 + 0.9) / 2 = 0.8. The third clip, labelled 0, has
    /// 0.9 of class 1 and is disputed; the fourth, labelled 1 with 0.7, reaches no threshold.
    #[test]
    fn one_clip_is_disputed() {
        let clips =
            [(vec![0.9, 0.1], 0), (vec![0.8, 0.2], 0), (vec![0.1, 0.9], 0), (vec![0.3, 0.7], 1), (vec![0.1, 0.9], 1)];
        let found = candidates(&clips, 2);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].clip, found[0].suggested), (2, 1));
        assert!((found[0].margin + 0.8).abs() < 1e-12);
    }

    #[test]
    fn a_class_without_clips_is_never_suggested() {
        let clips = [(vec![0.4, 0.1, 0.5], 0), (vec![0.1, 0.4, 0.5], 1)];
        assert_eq!(candidates(&clips, 3), Vec::new());
        assert_eq!(candidates(&[], 3), Vec::new());
    }

    proptest! {
        #[test]
        fn ranks_rise_and_no_clip_is_named_twice(
            rows in prop::collection::vec((prop::collection::vec(0.01_f64..1.0, 4), 0_usize..5), 0..40),
        ) {
            let found = candidates(&rows, 4);
            prop_assert!(found.windows(2).all(|pair| pair[0].margin <= pair[1].margin));
            let mut clips: Vec<usize> = found.iter().map(|one| one.clip).collect();
            clips.sort_unstable();
            clips.dedup();
            prop_assert_eq!(clips.len(), found.len());
            prop_assert!(found.iter().all(|one| one.suggested != rows[one.clip].1));
        }
    }
}
