//! The rows of `cross_corpus`: each corpus, or each language, held out of training in turn.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{CrossCorpus, Emotion, Grouping, Role};

use crate::figures::{Figures, Resampling};
use crate::groups::Scored;
use crate::means::means;
use crate::subject::Subject;

/// The matrix of every subject whose split leaves one corpus, or one language, out at a time.
pub(crate) fn matrix(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<CrossCorpus> {
    let column = |subject: &Subject<'_>| match subject.held_out.first() {
        Some(column @ (Grouping::Corpus | Grouping::Language)) => Some(*column),
        _ => None,
    };
    subjects
        .iter()
        .filter_map(|subject| Some(Rows { subject, column: column(subject)?, resampling }))
        .flat_map(|rows| rows.all())
        .collect()
}

struct Rows<'a> {
    subject: &'a Subject<'a>,
    column: Grouping,
    resampling: Resampling,
}

/// Clips of one cell, by their role there and what they are of.
type Cells<'a> = BTreeMap<(Role, String), Vec<&'a Scored<'a>>>;

impl Rows<'_> {
    fn all(&self) -> Vec<CrossCorpus> {
        let mut tested: BTreeMap<u32, BTreeSet<Option<String>>> = BTreeMap::new();
        for clip in &self.subject.clips {
            tested.entry(clip.prediction.fold).or_default().insert(self.column.of(clip.clip));
        }
        let mut folds: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (fold, values) in tested {
            // Copies can tie two that are then held out together: such a fold would be no cell of the matrix.
            if let (Some(Some(value)), 1) = (values.first(), values.len()) {
                folds.entry(value.clone()).or_default().push(fold);
            }
        }
        let mut rows = Vec::new();
        for (without, folds) in &folds {
            for ((role, tested_on), clips) in self.cells(folds) {
                rows.extend(self.cell(without, &tested_on, role, folds, &clips));
            }
        }
        rows.sort_by(|a, b| (&a.trained_without, &a.tested_on).cmp(&(&b.trained_without, &b.tested_on)));
        rows
    }

    /// A clip that several folds validate on, where texts are held out too, counts once.
    fn cells(&self, folds: &[u32]) -> Cells<'_> {
        let mut cells: Cells<'_> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (role, clips) in [(Role::Validation, &self.subject.validation), (Role::Test, &self.subject.clips)] {
            for clip in clips.iter().filter(|clip| folds.contains(&clip.prediction.fold)) {
                let value = self.column.of(clip.clip);
                if let Some(value) = value.filter(|_| seen.insert((role, &clip.prediction.clip_id))) {
                    cells.entry((role, value)).or_default().push(clip);
                }
            }
        }
        cells
    }

    fn cell(
        &self,
        trained_without: &str,
        tested_on: &str,
        role: Role,
        folds: &[u32],
        clips: &[&Scored<'_>],
    ) -> Vec<CrossCorpus> {
        let (subject, column) = (self.subject, self.column.as_str());
        let (kind, group) = (format!("cross-{column}"), format!("{trained_without}/{tested_on}"));
        let classes = subject.classes.len();
        let figures = Figures::of(clips, classes, |sample| self.resampling.draws(&kind, &group, sample));
        let (scores, intervals) = (&figures.scores, figures.intervals.as_ref());
        let mut each = vec![
            ("uar", scores.uar, intervals.map(|intervals| intervals.uar)),
            ("accuracy", scores.accuracy, intervals.map(|intervals| intervals.accuracy)),
            ("macro_f1", scores.macro_f1, intervals.map(|intervals| intervals.macro_f1)),
        ];
        let means = means(clips, classes, |sample| self.resampling.draws(&kind, &group, sample));
        each.extend(means.into_iter().map(|mean| (mean.metric, mean.value, mean.interval)));
        let emotions: BTreeSet<Emotion> = clips.iter().map(|clip| clip.prediction.emotion).collect();
        let trained: Vec<&BTreeSet<Emotion>> = folds.iter().filter_map(|fold| subject.trained_on.get(fold)).collect();
        let listed = |emotions: &[Emotion]| emotions.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(",");
        let tested: Vec<Emotion> = emotions.into_iter().collect();
        let never: Vec<Emotion> =
            tested.iter().copied().filter(|emotion| !trained.iter().any(|trained| trained.contains(emotion))).collect();
        each.into_iter()
            .map(|(metric, value, interval)| CrossCorpus {
                model: subject.about.model.clone(),
                split: subject.about.split.clone(),
                held_out: Some(column.to_owned()),
                trained_without: trained_without.to_owned(),
                tested_on: tested_on.to_owned(),
                role,
                metric: metric.to_owned(),
                value,
                low: interval.map(|interval| interval.low),
                high: interval.map(|interval| interval.high),
                support: clips.len() as u64,
                speakers: figures.sample.count() as u64,
                emotions: Some(listed(&tested)),
                untrained: (!trained.is_empty()).then(|| listed(&never)),
            })
            .collect()
    }
}
