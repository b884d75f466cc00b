//! `summary`: one number per model, group and metric.

crate::table::table! {
    /// One metric of one model within one group of test clips.
    pub struct SummaryMetric ("summary", version 4, Default) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Property that groups the clips: `overall`, `fold`, `corpus`, `gender`, `speaker`, `intensity`, `language`,
        /// `sentence` (its corpus and its text), `agreement` (share of listeners who agree on what they heard).
        group: String,
        /// Which group; `all` for `overall`. A language is one whatever its region: `en` for `en-GB`.
        group_value: String,
        /// `accuracy`, `uar`, `macro_f1`, `weighted_f1`, over all clips of the group together, so that they follow the
        /// largest corpus. Of clips of several corpora, `uar_over_corpora`: the unweighted mean of the corpora's UARs,
        /// each over the emotions that the corpus has, and the figure to quote; of several languages,
        /// `uar_over_languages`: the same over languages, of which one of several corpora is the mean over these. `ece`
        /// (expected calibration error), `brier` (summed over classes, 0 to 2) and `log_loss` (natural logarithm), each
        /// also as `..._scaled` after temperature scaling; for folds, `temperature`.
        metric: String,
        /// The metric, 0 to 1 where not said otherwise. Of a model with several seeds, the mean over the seeds of each
        /// one's own figure; an ensemble of it is scored on their answers together.
        value: f64,
        /// Lower end of the 95 % interval. Corpora are given, each with its share of the clips; the interval is about
        /// other speakers of the same corpora, from a bootstrap over speakers corpus by corpus. Where the model was
        /// trained on other clips of the test speakers, as under a random split, it is about other clips of these same
        /// speakers, and says nothing of others. Null where speakers are too few to resample (of one corpus fewer than
        /// three, for `ece` and `ece_scaled` fewer than four; of several, as few beyond the first of each), and for
        /// `temperature`. That of `ece` is about the error of the same bins over all speakers, which the estimate
        /// overshoots: it reaches further down than up.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// Number of test clips.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
        /// How many of them the model was trained on other clips of. Where it is all, the interval is about other clips
        /// of these speakers; where it is none, about other speakers; in between, each speaker is what they are. Null
        /// in files of before this column.
        known_speakers: Option<u64>,
        /// Networks of the model in each fold, alike but for their seeds: 1 where one is trained. Clips, speakers and
        /// intervals do not grow with it. Null in files of before this column.
        seeds: Option<u64>,
        /// Standard deviation, with n - 1, of the metric over the seeds: how much a figure owes to chance in training,
        /// of which the interval says nothing. Null with one seed.
        seed_sd: Option<f64>,
    }
}

impl SummaryMetric {
    /// Code of UAR over all clips together.
    pub const UAR: &'static str = "uar";
    /// Code of UAR in the mean over corpora.
    pub const UAR_OVER_CORPORA: &'static str = "uar_over_corpora";
    /// Code of UAR in the mean over languages.
    pub const UAR_OVER_LANGUAGES: &'static str = "uar_over_languages";

    /// The row among `rows` that stands for a group of clips of a model on a split: UAR in the mean over corpora where
    /// there are several, or else UAR. A pooled figure follows the largest corpus.
    pub fn headline<'a>(rows: &'a [Self], [model, split, group, group_value]: [&str; 4]) -> Option<&'a Self> {
        let find = |metric: &str| {
            rows.iter().find(|row| {
                row.metric == metric
                    && row.model == model
                    && row.split == split
                    && row.group == group
                    && row.group_value == group_value
            })
        };
        find(Self::UAR_OVER_CORPORA).or_else(|| find(Self::UAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_over_corpora_stands_for_clips_of_several() {
        let row = |model: &str, metric: &str| SummaryMetric {
            model: model.into(),
            split: "s".into(),
            group: "overall".into(),
            group_value: "all".into(),
            metric: metric.into(),
            ..SummaryMetric::default()
        };
        let rows = [row("a", "uar"), row("b", "uar"), row("b", "uar_over_corpora")];
        let of =
            |model: &str| SummaryMetric::headline(&rows, [model, "s", "overall", "all"]).map(|row| row.metric.as_str());
        assert_eq!([of("a"), of("b"), of("c")], [Some("uar"), Some("uar_over_corpora"), None]);
    }
}
