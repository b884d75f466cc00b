//! Over which corpora, and with which weights, the means of some clips are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ser_schemas::{Grouping, SummaryMetric};

use crate::bootstrap::{Draws, uar_over_corpora};
use crate::by_corpus::ByCorpus;
use crate::confusion::Confusion;
use crate::figures::seed_sd;
use crate::groups::{Said, Scored};
use crate::interval::Interval;
use crate::metrics::Scores;
use crate::sample::Sample;

/// A mean over the corpora of some clips.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Over {
    /// Code of UAR in this mean.
    pub metric: &'static str,
    /// Position of each clip's corpus.
    pub places: Vec<usize>,
    /// Weight of each corpus.
    pub weights: Arc<[f64]>,
}

/// UAR in a mean over corpora.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    pub metric: &'static str,
    pub value: f64,
    pub interval: Option<Interval>,
    /// Standard deviation over the seeds; `None` of one.
    pub seed_sd: Option<f64>,
}

impl Over {
    /// The means of `clips`: over corpora where they are of several; over languages where they are of several and every
    /// clip's is known. A language of several corpora is the mean over these.
    pub(crate) fn all(clips: &[&Scored<'_>]) -> Vec<Self> {
        let corpora = clips.iter().map(|clip| Some(("", clip.prediction.corpus.as_str())));
        let codes: Vec<Option<String>> = clips.iter().map(|clip| Grouping::Language.of(clip.clip)).collect();
        let languages = clips
            .iter()
            .zip(&codes)
            .map(|(clip, language)| Some((language.as_deref()?, clip.prediction.corpus.as_str())));
        let several_languages = codes.iter().collect::<BTreeSet<_>>().len() > 1;
        let over_corpora = Self::new(SummaryMetric::UAR_OVER_CORPORA, corpora.collect());
        let over_languages = Self::new(SummaryMetric::UAR_OVER_LANGUAGES, languages.collect());
        over_corpora.into_iter().chain(over_languages.filter(|_| several_languages)).collect()
    }

    /// By the group and the corpus of each clip: every group counts the same, and every corpus of a group. `None` for
    /// one corpus, or where a clip has no group.
    fn new(metric: &'static str, of: Vec<Option<(&str, &str)>>) -> Option<Self> {
        let of: Vec<(&str, &str)> = of.into_iter().collect::<Option<_>>()?;
        let mut corpora: BTreeMap<(&str, &str), usize> = of.iter().map(|corpus| (*corpus, 0)).collect();
        corpora.values_mut().zip(0..).for_each(|(place, number)| *place = number);
        if corpora.len() < 2 {
            return None;
        }
        let of_group = |group: &str| corpora.keys().filter(|(other, _)| *other == group).count();
        let weights = corpora.keys().map(|(group, _)| 1.0 / of_group(group) as f64).collect();
        Some(Self { metric, places: of.iter().map(|corpus| corpora[corpus]).collect(), weights })
    }
}

/// UAR of `clips` over `classes` classes in every mean that they have.
pub(crate) fn means(
    clips: &[&Scored<'_>],
    classes: usize,
    draws: impl Fn(&Sample<ByCorpus<Confusion>>) -> Draws,
) -> Vec<Mean> {
    let seeds = clips.first().map_or(1, |clip| clip.answers.len());
    let mean = |over: Over| {
        let confusion = Confusion::of_seeds(classes, seeds);
        let none = ByCorpus::new(&confusion, Arc::clone(&over.weights));
        let each = clips.iter().zip(&over.places).flat_map(|(clip, place)| {
            let column = |(seed, said): (usize, &Said)| confusion.column(seed, said.class);
            clip.answers.iter().enumerate().map(move |said| (clip.origin(), (*place, (clip.truth, column(said)))))
        });
        let sample = Sample::of(&none, each);
        let (value, interval) = uar_over_corpora(&sample, &draws(&sample));
        let of_seed = |seed: usize| sample.all.mean(|sums| Scores::of(&sums.of_seed(seed)).uar);
        Mean { metric: over.metric, value, interval, seed_sd: seed_sd((0..seeds).map(of_seed)) }
    };
    Over::all(clips).into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_count_the_same_and_so_do_the_corpora_of_a_group() {
        let of = vec![Some(("en", "tess")), Some(("pl", "nemo")), Some(("en", "ravdess")), Some(("en", "tess"))];
        let over = Over::new("m", of.clone()).expect("three corpora");
        assert_eq!(over.places, [1, 2, 0, 1]);
        assert_eq!(over.weights[..], [0.5, 0.5, 1.0]);
        assert_eq!(Over::new("m", vec![Some(("", "a")); 3]), None, "one corpus");
        assert_eq!(Over::new("m", [of, vec![None]].concat()), None, "a clip of no group");
    }
}
