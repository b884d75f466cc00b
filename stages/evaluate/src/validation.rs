//! Models on their validation clips: a choice between models may rest on these, and never on test clips.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// Splits whose models were validated on different clips, so that their figures are over those that all have in
    /// common.
    pub narrowed: Vec<Narrowed>,
    /// Figures of each model on each split, over the validation clips of all folds; a clip that several folds validate
    /// on counts in each of them. Group `overall`, as in the table of this name.
    pub summary: Vec<SummaryMetric>,
    /// Every two models of one split, on the same clips of the same folds.
    pub comparisons: Vec<Comparison>,
}

/// A split of which the models have only some validation clips in common: one that was trained on some corpora is
/// validated on these alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// The split.
    pub split: String,
    /// Validation clips that all models have, over all folds.
    pub common: usize,
    /// Validation clips that some model has.
    pub all: usize,
    /// Corpora of the common ones.
    pub corpora: Vec<String>,
}

/// Scores what models said of their validation clips; models of splits without any have no figures here. Models of one
/// split are scored on the clips that all of them were validated on. Test clips are not scored.
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
    let narrowed = keep_common(&mut sources);
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
    Ok(Validation { narrowed, summary: overall(&subjects, resampling), comparisons })
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

    /// The model of `figure` compared with the model `less` of the same split, in the metric of `figure`.
    pub fn difference(&self, figure: &SummaryMetric, less: &str) -> Option<Comparison> {
        let of_metric = |row: &&Comparison| row.split_a == figure.split && row.metric == figure.metric;
        self.comparisons.iter().filter(of_metric).find_map(|row| match [row.model_a.as_str(), row.model_b.as_str()] {
            [a, b] if a == figure.model && b == less => Some(row.clone()),
            [a, b] if b == figure.model && a == less => Some(row.turned()),
            _ => None,
        })
    }
}

/// Leaves of each split the clips that all its models were validated on; models without any do not count.
fn keep_common(sources: &mut [Source]) -> Vec<Narrowed> {
    let mut models: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // By clip of a fold of a split, the models that were validated on it.
    let mut validated: BTreeMap<(&str, u32, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in sources.iter().flat_map(|source| &source.predictions) {
        models.entry(&row.split).or_default().insert(&row.model);
        validated.entry((&row.split, row.fold, &row.clip_id)).or_default().insert(&row.model);
    }
    let is_common = |row: &Prediction| {
        let of_clip = &validated[&(row.split.as_str(), row.fold, row.clip_id.as_str())];
        of_clip.len() == models[row.split.as_str()].len()
    };
    let mut narrowed = Vec::new();
    for (split, of_split) in &models {
        let clips = || validated.iter().filter(|((of, ..), _)| of == split);
        let common = clips().filter(|(_, of_clip)| of_clip.len() == of_split.len()).count();
        let all = clips().count();
        if common < all {
            let rows = sources.iter().flat_map(|source| &source.predictions);
            let rows = rows.filter(|row| row.split == *split && is_common(row));
            let corpora: BTreeSet<&str> = rows.map(|row| row.corpus.as_str()).collect();
            let corpora = corpora.into_iter().map(str::to_owned).collect();
            narrowed.push(Narrowed { split: (*split).to_owned(), common, all, corpora });
        }
    }
    let kept: Vec<Vec<bool>> =
        sources.iter().map(|source| source.predictions.iter().map(is_common).collect()).collect();
    for (source, kept) in sources.iter_mut().zip(kept) {
        let mut kept = kept.into_iter();
        source.predictions.retain(|_| kept.next() == Some(true));
    }
    narrowed
}

impl Source {
    /// Lets the validation clips stand for those that are scored.
    fn keep_validation_only(&mut self) {
        self.predictions = std::mem::take::<Vec<Prediction>>(&mut self.validation);
        self.trials.clear();
    }
}
