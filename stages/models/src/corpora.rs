//! Which corpora a model is trained on, and which it is only tested on.

use std::collections::BTreeSet;

use crate::{Dataset, Fold, ModelsError};

impl Dataset {
    /// Leaves the training and validation clips of all but `corpora` out of every fold; test clips stay. No `corpora`
    /// means all. `advice` makes of a name, the names there are and a word for them what was probably meant.
    ///
    /// Fails where a name is that of no corpus, or a fold is left without training clips.
    pub fn train_on(
        &mut self,
        corpora: &[String],
        advice: fn(&str, &[&str], &str) -> Option<String>,
    ) -> Result<(), ModelsError> {
        if corpora.is_empty() {
            return Ok(());
        }
        let known: BTreeSet<&str> = self.clips.iter().map(|clip| clip.corpus.as_str()).collect();
        if let Some(corpus) = corpora.iter().find(|corpus| !known.contains(corpus.as_str())) {
            let known: Vec<&str> = known.into_iter().collect();
            let advice = advice(corpus, &known, "corpora there").unwrap_or_default();
            return Err(ModelsError::UnknownCorpus { corpus: corpus.clone(), advice });
        }
        let clips = &self.clips;
        for fold in &mut self.folds {
            for part in [&mut fold.train, &mut fold.validation] {
                part.retain(|at| corpora.contains(&clips[*at].corpus));
            }
            if fold.train.is_empty() {
                return Err(ModelsError::NothingToTrainOn { fold: fold.number, corpora: corpora.join(", ") });
            }
        }
        Ok(())
    }

    /// All clips of the corpora of which `fold` tests clips and trains on none, ascending: what standardisation per
    /// corpus takes their statistics from.
    pub fn unheard(&self, fold: &Fold) -> Vec<usize> {
        let corpora = |clips: &[usize]| clips.iter().map(|at| self.clips[*at].corpus.as_str()).collect::<BTreeSet<_>>();
        let (heard, tested) = (corpora(&fold.train), corpora(&[fold.validation.as_slice(), &fold.test].concat()));
        let is_unheard = |corpus: &str| tested.contains(corpus) && !heard.contains(corpus);
        (0..self.clips.len()).filter(|at| is_unheard(&self.clips[*at].corpus)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelledClip;

    /// Clips 0 to 5 of the corpora a, a, b, b, c, c; one fold trains on a and b, validates on b and tests a and c.
    fn dataset() -> Dataset {
        let clip = |corpus: &str| LabelledClip {
            clip_id: String::new(),
            corpus: corpus.to_owned(),
            speaker: String::new(),
            class: 0,
        };
        Dataset {
            clips: ["a", "a", "b", "b", "c", "c"].map(clip).into(),
            folds: vec![Fold { number: 3, train: vec![0, 2], validation: vec![3], test: vec![1, 4] }],
            ..Dataset::default()
        }
    }

    fn on(corpora: &[&str]) -> Result<Dataset, String> {
        let mut dataset = dataset();
        let corpora: Vec<String> = corpora.iter().map(|corpus| (*corpus).to_owned()).collect();
        let advice = |typed: &str, known: &[&str], valid: &str| Some(format!("{typed}? {valid}: {}", known.join(", ")));
        dataset.train_on(&corpora, advice).map(|()| dataset).map_err(|error| error.to_string())
    }

    #[test]
    fn others_are_tested_and_nothing_else() {
        assert_eq!(on(&[]), Ok(dataset()));
        assert_eq!(on(&["b", "a"]), Ok(dataset()));
        let fold = on(&["a"]).expect("a training clip").folds.remove(0);
        assert_eq!(fold, Fold { number: 3, train: vec![0], validation: vec![], test: vec![1, 4] });
    }

    #[test]
    fn names_of_no_corpus_and_of_no_training_clip_are_refused() {
        assert_eq!(
            on(&["a", "bb"]).expect_err("no such corpus"),
            "`train_corpora` names `bb`, of which the split has no clips; bb? corpora there: a, b, c"
        );
        let error = on(&["c"]).expect_err("no training clips");
        assert!(error.starts_with("fold 3 has no training clips of `train_corpora` (c)"), "{error}");
    }

    #[test]
    fn a_corpus_is_unheard_where_nothing_of_it_is_trained_on() {
        let dataset = dataset();
        assert_eq!(dataset.unheard(&dataset.folds[0]), [4, 5]);
        let of_a = on(&["a"]).expect("a training clip");
        assert_eq!(of_a.unheard(&of_a.folds[0]), [4, 5], "b is neither tested nor trained on");
        assert_eq!(dataset.unheard(&Fold { train: vec![0, 4], ..dataset.folds[0].clone() }), [2, 3]);
    }
}
