//! Models on their validation clips: a choice between models may rest on these, and never on test clips.

use std::collections::{BTreeMap, HashMap};

use ser_schemas::{Clip, Comparison, ComparisonKind, Prediction, SummaryMetric, Table as _};

use crate::comparisons::compare;
use crate::error::EvaluateError;
use crate::evaluation::overall;
use crate::figures::Resampling;
use crate::leaks::Evidence;
use crate::run::{Inputs, Part, Source, parts_of, read_source};
use crate::subject::Subject;

/// Figures of models on validation clips.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Validation {
    /// Figures of each model on each split, over the validation clips of all folds; a clip that several folds validate on counts
    /// in each of them. Group `overall`, as in the table of this name.
    pub summary: Vec<SummaryMetric>,
    /// Every two models of one split, on the same clips of the same folds.
    pub comparisons: Vec<Comparison>,
}

/// Scores what models said of their validation clips; models of splits without any have no figures here. Test clips are not scored.
///
/// # Errors
///
/// Tables that cannot be read, or predictions of clips that the manifest does not have.
pub fn on_validation(inputs: &Inputs<'_>, resamples: u32, seed: u64) -> Result<Validation, EvaluateError> {
    let clips = Clip::read_in(inputs.manifest)?;
    let by_id: HashMap<&str, &Clip> = clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
    let mut sources: Vec<Source> =
        inputs.models.iter().map(|(name, folder)| read_source(name, folder, &by_id)).collect::<Result<_, _>>()?;
    // From here on validation clips are all that there is.
    sources.iter_mut().for_each(Source::keep_validation_only);
    let parts = parts_of(&sources);
    parts.iter().try_for_each(Part::check_seeds)?;
    let subjects: Vec<Subject<'_>> = parts
        .iter()
        .map(|part| {
            let evidence: Evidence<'_> = part.evidence(None, &by_id);
            let trained_on = evidence.trained_on();
            Subject::new(part.about, &part.predictions, &[], &trained_on, &by_id, false)
        })
        .collect();
    let resampling = Resampling { resamples, seed };
    let mut comparisons = compare(&subjects, resampling);
    comparisons.retain(|row| row.kind == ComparisonKind::Paired);
    Ok(Validation { summary: overall(&subjects, resampling), comparisons })
}

impl Validation {
    /// The headline figure of every model, the best of each split first; splits by name.
    pub fn ranked(&self) -> Vec<&SummaryMetric> {
        let mut splits: BTreeMap<&str, Vec<&SummaryMetric>> = BTreeMap::new();
        for row in self.summary.iter().filter(|row| row.metric == SummaryMetric::UAR) {
            let of = [row.model.as_str(), row.split.as_str(), row.group.as_str(), row.group_value.as_str()];
            splits.entry(&row.split).or_default().extend(SummaryMetric::headline(&self.summary, of));
        }
        for rows in splits.values_mut() {
            rows.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.model.cmp(&b.model)));
        }
        splits.into_values().flatten().collect()
    }

    /// The first model's figure less the second's, in the metric of `figure`, with its 95 % interval where there is one.
    pub fn difference(&self, figure: &SummaryMetric, less: &str) -> Option<(f64, Option<(f64, f64)>)> {
        let of_metric = |row: &&Comparison| row.split_a == figure.split && row.metric == figure.metric;
        let (row, sign) = self.comparisons.iter().filter(of_metric).find_map(|row| {
            if row.model_a == figure.model && row.model_b == less {
                return Some((row, 1.0));
            }
            (row.model_b == figure.model && row.model_a == less).then_some((row, -1.0))
        })?;
        let ends = row.low.zip(row.high).map(|(low, high)| {
            let ends = (sign * low, sign * high);
            if sign > 0.0 { ends } else { (ends.1, ends.0) }
        });
        Some((sign * row.value, ends))
    }
}

impl Source {
    /// Lets the validation clips stand for those that are scored.
    fn keep_validation_only(&mut self) {
        self.predictions = std::mem::take::<Vec<Prediction>>(&mut self.validation);
        self.trials.clear();
    }
}
