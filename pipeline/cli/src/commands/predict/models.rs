//! The models behind an answer: one, or those that an ensemble is made of.
//!
//! An ensemble is answered for as it was evaluated: in each fold, the seeds of a member are averaged, then the members with the
//! weights of that fold, both by the ensemble's mean. The folds are averaged as those of any model are: arithmetically.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use ser_ensemble::{Mean, pool};
use ser_models::SpeakerPrior;
use ser_schemas::{Emotion, Member, Table as _};
use serde_json::{Value, json};

use super::calibration::Calibration;
use super::leaf::Leaf;

/// The models that answer, each once, and how they do it together.
pub(super) struct Models {
    pub(super) leaves: Vec<Leaf>,
    tree: Tree,
}

/// What a model says of a recording: of each fold and seed, its fold and the probabilities.
pub(super) type Parts = Vec<(u32, Vec<f32>)>;

enum Tree {
    /// The model at a place.
    Leaf(usize),
    Ensemble(Ensemble),
}

struct Ensemble {
    mean: Mean,
    /// With their names.
    members: Vec<(String, Tree)>,
    /// Of the members, in each fold.
    weights: BTreeMap<u32, Vec<f64>>,
}

/// What is known while folders are read.
#[derive(Default)]
struct Loader {
    leaves: Vec<Leaf>,
    places: BTreeMap<PathBuf, usize>,
    /// Ensembles whose members are being read, from the outermost.
    open: Vec<PathBuf>,
}

impl Models {
    /// The model or the ensemble in `folder`. Members lie beside their ensemble.
    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        let mut loader = Loader::default();
        let tree = loader.tree(folder)?;
        let models = Self { leaves: loader.leaves, tree };
        let classes = models.classes().to_vec();
        if let Some(other) = models.leaves.iter().find(|leaf| leaf.classes() != classes) {
            let list = |classes: &[Emotion]| classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(", ");
            bail!("its members know different classes, {} and {}", list(&classes), list(other.classes()));
        }
        Ok(models)
    }

    /// The classes, in the order of the probabilities.
    pub(super) fn classes(&self) -> &[Emotion] {
        self.leaves.first().map_or(&[], Leaf::classes)
    }

    /// What tells the model from any other: of an ensemble, its members and how it averages them. Names and places tell nothing.
    pub(super) fn digest(&self) -> String {
        let told = self.tree.identity(&self.leaves).to_string();
        blake3::hash(told.as_bytes()).to_hex().to_string()
    }

    /// `true` if there is no ensemble.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.tree, Tree::Leaf(_))
    }

    /// Folds that it answers in.
    pub(super) fn folds(&self) -> BTreeSet<u32> {
        self.tree.folds(&self.leaves)
    }

    /// What each fold says by what every leaf does, with a calibration at its temperature.
    pub(super) fn by_fold(&self, said: &[Parts], calibration: Option<&Calibration>) -> Parts {
        let of_fold = |fold| {
            let own = self.tree.answer(fold, Mean::Arithmetic, said);
            (fold, calibration.map_or_else(|| own.clone(), |calibration| calibration.scaled(fold, &own)))
        };
        self.folds().into_iter().map(of_fold).collect()
    }

    /// The probabilities that follow from what every leaf says: with a calibration what each fold says is brought to its temperature.
    pub(super) fn answer(&self, said: &[Parts], calibration: Option<&Calibration>) -> Vec<f32> {
        let folds: Vec<Vec<f32>> = match (calibration, &self.tree) {
            (Some(_), _) => {
                self.by_fold(said, calibration).into_iter().map(|(_, probabilities)| probabilities).collect()
            }
            (None, Tree::Leaf(at)) => said[*at].iter().map(|(_, probabilities)| probabilities.clone()).collect(),
            (None, Tree::Ensemble(ensemble)) => {
                ensemble.weights.keys().map(|fold| ensemble.answer(*fold, said)).collect()
            }
        };
        averaged(Mean::Arithmetic, &folds)
    }

    /// The same for a speaker to whom each fold is adapted.
    pub(super) fn adapted(
        &self,
        said: &[Parts],
        calibration: Option<&Calibration>,
        adapt: impl Fn(u32, &[f32]) -> Vec<f32>,
    ) -> Vec<f32> {
        let folds = self.by_fold(said, calibration);
        averaged(Mean::Arithmetic, &folds.iter().map(|(fold, own)| adapt(*fold, own)).collect::<Vec<_>>())
    }

    /// The corpora that its models know; `None` where none of them standardises per corpus.
    pub(super) fn corpora(&self) -> Option<BTreeSet<&str>> {
        let mut known = self.leaves.iter().filter_map(Leaf::corpora).peekable();
        known.peek().is_some().then(|| known.flatten().collect())
    }

    /// How far its models blend a speaker's statistics with those of training clips, of those that standardise per speaker.
    pub(super) fn speaker_priors(&self) -> Vec<SpeakerPrior> {
        self.leaves.iter().filter_map(Leaf::speaker_prior).collect()
    }

    /// Who answers, in words; of an ensemble, `the geometric mean of a (0.70) and b (0.30) in each of 5 folds`.
    pub(super) fn told(&self) -> Option<String> {
        let ensemble = match &self.tree {
            Tree::Leaf(at) => return self.leaves[*at].told(),
            Tree::Ensemble(ensemble) => ensemble,
        };
        let folds = ensemble.weights.len();
        let weight =
            |at: usize| ensemble.weights.values().map(|weights| weights[at]).sum::<f64>() / folds.max(1) as f64;
        let mean = match ensemble.mean {
            Mean::Arithmetic => "arithmetic",
            Mean::Geometric => "geometric",
        };
        let members = ensemble.members.iter().enumerate();
        let members: Vec<String> = members.map(|(at, (name, _))| format!("{name} ({:.2})", weight(at))).collect();
        let members = match members.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => members.concat(),
        };
        let folds = if folds == 1 { String::new() } else { format!(" in each of {folds} folds, averaged over these") };
        Some(format!("the {mean} mean of {members}{folds}"))
    }
}

impl Ensemble {
    fn answer(&self, fold: u32, said: &[Parts]) -> Vec<f32> {
        let Some(weights) = self.weights.get(&fold) else { return Vec::new() };
        let (weights, rows): (Vec<f64>, Vec<Vec<f32>>) = weights
            .iter()
            .zip(&self.members)
            .filter(|(weight, _)| **weight > 0.0)
            .map(|(weight, (_, member))| (*weight, member.answer(fold, self.mean, said)))
            .unzip();
        pooled(self.mean, &weights, &rows)
    }
}

impl Tree {
    /// What it says in a fold, its seeds averaged by `mean`.
    fn answer(&self, fold: u32, mean: Mean, said: &[Parts]) -> Vec<f32> {
        match self {
            Self::Ensemble(ensemble) => ensemble.answer(fold, said),
            Self::Leaf(at) => {
                let seeds = said[*at].iter().filter(|(of, _)| *of == fold);
                averaged(mean, &seeds.map(|(_, probabilities)| probabilities.clone()).collect::<Vec<_>>())
            }
        }
    }

    /// All that its answers follow from, numbers to the bit.
    fn identity(&self, leaves: &[Leaf]) -> Value {
        match self {
            Self::Leaf(at) => json!(leaves[*at].digest()),
            Self::Ensemble(ensemble) => {
                let mean = match ensemble.mean {
                    Mean::Arithmetic => "arithmetic",
                    Mean::Geometric => "geometric",
                };
                let members: Vec<Value> = ensemble.members.iter().map(|(_, member)| member.identity(leaves)).collect();
                json!({ "mean": mean, "members": members, "weights": ensemble.weights })
            }
        }
    }

    /// Folds that it answers in.
    fn folds(&self, leaves: &[Leaf]) -> BTreeSet<u32> {
        match self {
            Self::Ensemble(ensemble) => ensemble.weights.keys().copied().collect(),
            Self::Leaf(at) => leaves[*at].folds(),
        }
    }
}

impl Loader {
    fn tree(&mut self, folder: &Path) -> anyhow::Result<Tree> {
        if Member::file_in(folder).exists() {
            return self.ensemble(folder).map(Tree::Ensemble);
        }
        let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        if let Some(at) = self.places.get(&full) {
            return Ok(Tree::Leaf(*at));
        }
        self.leaves.push(Leaf::load(folder)?);
        self.places.insert(full, self.leaves.len() - 1);
        Ok(Tree::Leaf(self.leaves.len() - 1))
    }

    fn ensemble(&mut self, folder: &Path) -> anyhow::Result<Ensemble> {
        // Where `.` is meant, the name of its folder is needed.
        let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let shown = folder.display();
        ensure!(!self.open.contains(&full), "the ensemble `{shown}` is a member of itself");
        let rows = Member::read_in(folder)?;
        let name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(!rows.is_empty(), "the ensemble `{shown}` has no members: its split made no folds");
        let Some(mean) = rows.iter().find_map(|row| row.mean) else {
            bail!("the ensemble `{shown}` does not say which mean it takes: run it again, `ser run {name} --force`");
        };
        let names: BTreeSet<&str> = rows.iter().filter(|row| row.weight > 0.0).map(|row| row.member.as_str()).collect();
        let mut weights: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for row in &rows {
            let all = weights.entry(row.fold).or_insert_with(|| vec![0.0; names.len()]);
            if let Some(place) = names.iter().position(|name| *name == row.member) {
                all[place] = row.weight;
            }
        }
        for (fold, weights) in &weights {
            let sum: f64 = weights.iter().sum();
            ensure!((sum - 1.0).abs() < 1e-6, "the weights of fold {fold} of the ensemble `{shown}` add up to {sum}");
        }
        self.open.push(full.clone());
        let mut members = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let beside =
                if folder.file_name().is_some() { folder.with_file_name(name) } else { full.with_file_name(name) };
            let of = || format!("member `{name}` of the ensemble `{shown}`");
            if !beside.is_dir() {
                let beside = beside.display();
                bail!(
                    "{} is not beside it: there is no folder `{beside}`; copy it there, or run `ser run {name}`",
                    of()
                );
            }
            let member = self.tree(&beside).with_context(of)?;
            let known = member.folds(&self.leaves);
            let counts = |(_, weights): &(&u32, &Vec<f64>)| weights[at] > 0.0;
            if let Some((fold, _)) = weights.iter().filter(counts).find(|(fold, _)| !known.contains(fold)) {
                bail!("{} has no fold {fold}: run both again, `ser run`", of());
            }
            members.push(((*name).to_owned(), member));
        }
        self.open.pop();
        Ok(Ensemble { mean: mean.into(), members, weights })
    }
}

/// The unweighted mean.
fn averaged(mean: Mean, rows: &[Vec<f32>]) -> Vec<f32> {
    match rows {
        [one] => one.clone(),
        rows => pooled(mean, &vec![1.0 / rows.len().max(1) as f64; rows.len()], rows),
    }
}

fn pooled(mean: Mean, weights: &[f64], rows: &[Vec<f32>]) -> Vec<f32> {
    let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    pool(mean, weights, &rows).into_iter().map(|value| value as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f32], expected: &[f32]) -> bool {
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    fn ensemble(mean: Mean, members: Vec<Tree>, weights: &[(u32, &[f64])]) -> Ensemble {
        let members = members.into_iter().map(|member| (String::from("one"), member)).collect();
        let weights = weights.iter().map(|(fold, weights)| (*fold, weights.to_vec())).collect();
        Ensemble { mean, members, weights }
    }

    /// Weights are those of the fold, and folds count alike.
    #[test]
    fn each_fold_has_its_weights() {
        let said: Vec<Parts> =
            vec![vec![(0, vec![1.0, 0.0]), (1, vec![0.5, 0.5])], vec![(0, vec![0.0, 1.0]), (1, vec![0.3, 0.7])]];
        let members = vec![Tree::Leaf(0), Tree::Leaf(1)];
        let tree = Tree::Ensemble(ensemble(Mean::Arithmetic, members, &[(0, &[0.75, 0.25]), (1, &[0.0, 1.0])]));
        let models = Models { leaves: Vec::new(), tree };
        assert!(near(&models.answer(&said, None), &[0.525, 0.475]));
        let weighed = |weights: &[(u32, &[f64])]| {
            let members = vec![Tree::Ensemble(ensemble(Mean::Geometric, Vec::new(), &[]))];
            Models { leaves: Vec::new(), tree: Tree::Ensemble(ensemble(Mean::Arithmetic, members, weights)) }.digest()
        };
        assert_eq!(weighed(&[(0, &[0.1 + 0.2])]), weighed(&[(0, &[0.1 + 0.2])]));
        assert_ne!(weighed(&[(0, &[0.1 + 0.2])]), weighed(&[(0, &[0.3])]), "to the bit");
        assert_eq!(
            models.told().as_deref(),
            Some("the arithmetic mean of one (0.38) and one (0.62) in each of 2 folds, averaged over these")
        );
    }

    /// Odds of 9 and 1 have the geometric mean 3, those and odds of 3 again 3; arithmetically 0.7 and 0.75 have 0.725.
    #[test]
    fn seeds_are_averaged_by_the_mean_of_whoever_asks_and_ensembles_by_their_own() {
        let said: Vec<Parts> = vec![vec![(4, vec![0.9, 0.1]), (4, vec![0.5, 0.5])], vec![(4, vec![0.75, 0.25])]];
        let inner = |mean| Tree::Ensemble(ensemble(mean, vec![Tree::Leaf(0)], &[(4, &[1.0])]));
        let outer = |inner| {
            let tree = Tree::Ensemble(ensemble(Mean::Geometric, vec![inner, Tree::Leaf(1)], &[(4, &[0.5, 0.5])]));
            Models { leaves: Vec::new(), tree }.answer(&said, None)
        };
        assert!(near(&outer(Tree::Leaf(0)), &[0.75, 0.25]));
        assert!(near(&outer(inner(Mean::Geometric)), &[0.75, 0.25]));
        // Odds of 7 to 3, and 3: the root of their product.
        let odds = (7.0_f32 / 3.0 * 3.0).sqrt();
        assert!(near(&outer(inner(Mean::Arithmetic)), &[odds / (1.0 + odds), 1.0 / (1.0 + odds)]));
    }
}
