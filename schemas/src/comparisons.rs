//! `comparisons`: one model against another on the same clips.

use crate::SummaryMetric;

crate::column::words! {
    /// Purpose of a comparison of two models.
    pub enum ComparisonKind ("comparison kind") {
        /// The same recipe under a random split (a) and a speaker-independent one (b): what knowing the speaker is
        /// worth.
        ProtocolGap = "protocol-gap",
        /// Two models on one split.
        Paired = "paired",
        /// The same recipe under a split that holds out more than speakers, as each corpus or each language or
        /// sentences too (a), and a speaker-independent one (b): what never having heard it costs.
        Unheard = "unheard",
    }
}

crate::column::words! {
    /// The test behind a p-value; two-sided, of the null hypothesis that the two models are equally good.
    pub enum ComparisonTest ("comparison test") {
        /// The two models' answers are exchanged for whole speakers at random: does not take clips for independent.
        SpeakerPermutation = "speaker-permutation",
        /// McNemar's mid-p test on the clips that one of the two gets right (Fagerland, Lydersen & Laake 2013); of
        /// several seeds, on the clips that a larger share of one model's seeds gets right. It takes clips for
        /// independent, which clips of one speaker are not, and so promises too much.
        McnemarMidP = "mcnemar-mid-p",
    }
}

crate::table::table! {
    /// One figure of two models on the clips that both were tested on. A model with several seeds counts for each clip
    /// with the share of its seeds that are right, so its figure is the mean over them, however many the other has.
    pub struct Comparison ("comparisons", version 2) {
        /// Why these two.
        kind: ComparisonKind,
        /// The first model: name of the stage that made it.
        model_a: String,
        /// Its split.
        split_a: String,
        /// The second model.
        model_b: String,
        /// Its split.
        split_b: String,
        /// Property that groups the clips compared, as in `summary`: `corpus` or `language` where `unheard` compares
        /// clips of each that is held out; null for all common clips.
        group: Option<String>,
        /// Which group.
        group_value: Option<String>,
        /// `uar` or `accuracy`; of clips of several corpora or languages, `uar_over_corpora` and `uar_over_languages`,
        /// as in `summary`.
        metric: String,
        /// The figure of the first model on the common clips, 0 to 1.
        value_a: f64,
        /// The figure of the second model on them, 0 to 1.
        value_b: f64,
        /// `value_a` minus `value_b`, -1 to 1.
        value: f64,
        /// Lower end of the 95 % interval of `value`, from a paired bootstrap over the speakers of each corpus; over
        /// clips within speakers where both models were trained on other clips of them. Null where speakers are too
        /// few.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// The test behind `p_value`.
        test: ComparisonTest,
        /// Two-sided p-value, 0 to 1; null where speakers are too few for the test.
        p_value: Option<f64>,
        /// `p_value` after Holm's correction for all comparisons of this kind, split, metric and test, those of groups
        /// apart from those of all clips.
        p_adjusted: Option<f64>,
        /// Number of clips that both were tested on.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
    }
}

impl Comparison {
    /// `true` if it is, among `rows`, what stands for its two models on its clips: the difference of their UARs in the
    /// mean over corpora where the clips are of several, or else of their UARs.
    pub fn is_headline(&self, rows: &[Self]) -> bool {
        match self.metric.as_str() {
            SummaryMetric::UAR_OVER_CORPORA => true,
            SummaryMetric::UAR => {
                !rows.iter().any(|row| row.metric == SummaryMetric::UAR_OVER_CORPORA && row.is_of(self))
            }
            _ => false,
        }
    }

    /// The same seen from the second model, whose figure less that of the first it is then.
    #[must_use]
    pub fn turned(&self) -> Self {
        let less = |end: Option<f64>| end.map(|end| -end);
        Self {
            model_a: self.model_b.clone(),
            split_a: self.split_b.clone(),
            model_b: self.model_a.clone(),
            split_b: self.split_a.clone(),
            value_a: self.value_b,
            value_b: self.value_a,
            value: -self.value,
            low: less(self.high),
            high: less(self.low),
            ..self.clone()
        }
    }

    /// `true` if it is of the same models on the same clips as `other`.
    fn is_of(&self, other: &Self) -> bool {
        let of = |row: &Self| {
            let models = [&row.model_a, &row.split_a, &row.model_b, &row.split_b].map(String::clone);
            (row.kind, models, row.group.clone(), row.group_value.clone())
        };
        of(self) == of(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group_value: Option<&str>, metric: &str) -> Comparison {
        Comparison {
            kind: ComparisonKind::Unheard,
            model_a: "a".into(),
            split_a: "across".into(),
            model_b: "b".into(),
            split_b: "si".into(),
            group: group_value.map(|_| "language".into()),
            group_value: group_value.map(str::to_owned),
            metric: metric.into(),
            value_a: 0.3,
            value_b: 0.5,
            value: -0.2,
            low: Some(-0.3),
            high: Some(0.1),
            test: ComparisonTest::SpeakerPermutation,
            p_value: Some(0.04),
            p_adjusted: None,
            support: 9,
            speakers: 3,
        }
    }

    #[test]
    fn seen_from_the_other_side_signs_ends_and_models_are_exchanged() {
        let row = row(None, "uar");
        let turned = row.turned();
        assert_eq!((turned.model_a.as_str(), turned.split_a.as_str(), turned.value_a), ("b", "si", 0.5));
        assert_eq!((turned.value, turned.low, turned.high), (0.2, Some(-0.1), Some(0.3)));
        assert_eq!((turned.p_value, turned.support), (row.p_value, row.support));
        assert_eq!(turned.turned(), row);
    }

    #[test]
    fn the_difference_over_corpora_stands_for_clips_of_several() {
        let rows =
            [row(None, "uar"), row(None, "uar_over_corpora"), row(Some("it"), "uar"), row(Some("it"), "accuracy")];
        let found: Vec<bool> = rows.iter().map(|row| row.is_headline(&rows)).collect();
        assert_eq!(found, [false, true, true, false]);
    }
}
