//! `models`: what each model is, in the words of the stage that made it, for whoever compares or shows models.

crate::column::words! {
    /// Family of a model. Models that answer together are of their members' family, where that is one.
    pub enum Family ("family of models") {
        /// A neural network.
        Network = "network",
        /// A linear model of a clip's functionals.
        Linear = "linear",
        /// The same answer to every clip.
        Constant = "constant",
        /// Anything else, as a model of which only the predictions are known.
        Other = "other",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro declares the enum, and knows no default")]
impl Default for Family {
    fn default() -> Self {
        Self::Other
    }
}

crate::column::words! {
    /// Over which clips mean and standard deviation of a model's features are taken.
    pub enum Standardisation ("standardisation") {
        /// Features are taken as they are.
        None = "none",
        /// Over the training clips of the fold.
        TrainingClips = "training-clips",
        /// Over the training clips of each corpus; of a corpus without any, over all its clips.
        Corpus = "per-corpus",
        /// Over all clips of each speaker, those of test speakers included; a model's settings tell how far they are
        /// blended with the training clips.
        Speaker = "per-speaker",
        /// Over the frames of each clip by itself.
        Clip = "per-clip",
    }
}

crate::table::table! {
    /// One model on one split, whatever its folds.
    pub struct Model ("models", version 3, Default) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Protocol of the split; null where its table does not tell.
        protocol: Option<String>,
        /// The columns of `clips` whose values the split holds out whole, comma-separated, as `language` or
        /// `speaker,sentence`; null where the protocol alone tells: `speaker-independent` holds out speakers, `random`
        /// nothing whole.
        held_out: Option<String>,
        /// Kind of the model: `network`, `linear`, `constant`, `other`.
        family: Family,
        /// `true` for a baseline: a model that a network has to beat.
        baseline: bool,
        /// The model in one sentence.
        description: String,
        /// Settings that a reader needs in order to judge how it was made, as `epochs 40, dropout 0.25`; null where
        /// there is nothing to set.
        settings: Option<String>,
        /// The tables that it reads beside the clips, comma-separated; empty where it reads none.
        inputs: String,
        /// Number of values fitted in each fold, of a model with several seeds by each of them; null where there are
        /// none.
        parameter_count: Option<u64>,
        /// Over which clips its features are standardised: `none`, `training-clips`, `per-corpus`, `per-speaker`,
        /// `per-clip`; null where not known.
        standardisation: Option<Standardisation>,
        /// `true` if it uses other clips of a test speaker, without their labels.
        uses_test_speakers: bool,
        /// How many clips are longer than the model hears at once, and what becomes of them; null where none is.
        long_clips: Option<String>,
        /// Making of the model apart from the split: models of equal recipes differ in nothing but the clips that they
        /// were trained on.
        recipe: String,
        /// The papers that its design goes back to, separated by `; `; null where there is none, and in tables of
        /// before.
        papers: Option<String>,
        /// Of an ensemble, the models that it is made of in the end, each once, as `name:fitted values`,
        /// comma-separated (the name alone where nothing is fitted); null for other models, and in tables of before.
        parts: Option<String>,
        /// The files that its features were imported from, each with its BLAKE3 hash, separated by `; `; null where the
        /// pipeline computed them, and in tables of before.
        imported: Option<String>,
    }
}

impl Model {
    /// The papers that its design goes back to.
    pub fn papers(&self) -> impl Iterator<Item = &str> {
        self.papers.iter().flat_map(|papers| papers.split("; ")).filter(|paper| !paper.is_empty())
    }

    /// The models that it is made of in the end, with the number of values fitted in each: those of an ensemble, or
    /// itself.
    pub fn parts(&self) -> Vec<(&str, Option<u64>)> {
        let Some(parts) = &self.parts else { return vec![(&self.model, self.parameter_count)] };
        let part = |text| str::split_once(text, ':').map_or((text, None), |(name, count)| (name, count.parse().ok()));
        parts.split(',').map(part).collect()
    }

    /// The files that its features were imported from.
    pub fn imported(&self) -> impl Iterator<Item = &str> {
        self.imported.iter().flat_map(|files| files.split("; ")).filter(|file| !file.is_empty())
    }

    /// `true` if it answers by what other models say.
    pub fn is_ensemble(&self) -> bool {
        self.parts.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_its_own_part_and_an_ensemble_is_of_others() {
        let own = Model { model: "net".into(), parameter_count: Some(7), ..Model::default() };
        assert_eq!((own.parts(), own.is_ensemble()), (vec![("net", Some(7))], false));
        let both = Model { parts: Some("net:7,majority,odd:x".into()), papers: Some("A 2019; B 2020".into()), ..own };
        assert_eq!(both.parts(), [("net", Some(7)), ("majority", None), ("odd", None)]);
        assert_eq!(both.papers().collect::<Vec<_>>(), ["A 2019", "B 2020"]);
        assert!(both.is_ensemble() && Model::default().papers().next().is_none());
    }
}
