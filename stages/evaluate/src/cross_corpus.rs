//! The rows of `cross_corpus`: each corpus held out of training in turn.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{CrossCorpus, Role};

use crate::figures::{Figures, Resampling};
use crate::groups::Scored;
use crate::subject::Subject;

/// The matrix of every subject whose split leaves one corpus out at a time.
pub(crate) fn matrix(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<CrossCorpus> {
    let subjects = subjects.iter().filter(|subject| subject.protocol() == "leave-one-corpus-out");
    subjects.flat_map(|subject| rows(subject, resampling)).collect()
}

fn rows(subject: &Subject<'_>, resampling: Resampling) -> Vec<CrossCorpus> {
    let mut held_out: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for clip in &subject.clips {
        held_out.entry(clip.prediction.fold).or_default().insert(&clip.prediction.corpus);
    }
    let mut rows = Vec::new();
    for (fold, corpora) in held_out {
        // The split promises one corpus per fold; a fold of several would be no cell of the matrix.
        let (Some(corpus), 1) = (corpora.first(), corpora.len()) else { continue };
        let mut cells: BTreeMap<(Role, &str), Vec<&Scored<'_>>> = BTreeMap::new();
        for (role, clips) in [(Role::Validation, &subject.validation), (Role::Test, &subject.clips)] {
            for clip in clips.iter().filter(|clip| clip.prediction.fold == fold) {
                cells.entry((role, &clip.prediction.corpus)).or_default().push(clip);
            }
        }
        for ((role, tested_on), clips) in cells {
            rows.extend(cell(subject, corpus, tested_on, role, &clips, resampling));
        }
    }
    rows.sort_by(|a, b| (&a.trained_without, &a.tested_on).cmp(&(&b.trained_without, &b.tested_on)));
    rows
}

fn cell(
    subject: &Subject<'_>,
    trained_without: &str,
    tested_on: &str,
    role: Role,
    clips: &[&Scored<'_>],
    resampling: Resampling,
) -> Vec<CrossCorpus> {
    let group = format!("{trained_without}/{tested_on}");
    let figures = Figures::of(clips, subject.classes.len(), |sample| resampling.draws("cross-corpus", &group, sample));
    let (scores, intervals) = (&figures.scores, figures.intervals.as_ref());
    let each = [
        ("uar", scores.uar, intervals.map(|intervals| intervals.uar)),
        ("accuracy", scores.accuracy, intervals.map(|intervals| intervals.accuracy)),
        ("macro_f1", scores.macro_f1, intervals.map(|intervals| intervals.macro_f1)),
    ];
    each.into_iter()
        .map(|(metric, value, interval)| CrossCorpus {
            model: subject.about.model.clone(),
            split: subject.about.split.clone(),
            trained_without: trained_without.to_owned(),
            tested_on: tested_on.to_owned(),
            role,
            metric: metric.to_owned(),
            value,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            support: clips.len() as u64,
            speakers: figures.sample.count() as u64,
        })
        .collect()
}
