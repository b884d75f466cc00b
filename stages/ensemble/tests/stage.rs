//! The stage as the pipeline runs it: tables of members in, the tables of a model out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ser_ensemble::{EnsembleError, Fitted, Inputs, Mean, Params, Weights, run};
use ser_schemas::{Emotion, Exposure, Family, Member, Model, Prediction, Provenance, Standardisation, Table, Use};
use ser_stage::{Context, Outcome};

const FOLDS: u32 = 2;

/// What the stage of one member left: two test clips and two validation clips in each fold, one of each class.
#[derive(Clone)]
struct Left {
    model: Model,
    test: Vec<Prediction>,
    validation: Vec<Prediction>,
    exposures: Vec<Exposure>,
}

impl Left {
    /// Of a model that gives the right class a probability of `right`, and on validation clips of `validated`, fold by
    /// fold.
    fn new(name: &str, right: f32, validated: [f32; 2]) -> Self {
        let row = |role: &str, fold: u32, class: usize, right: f32| {
            let probabilities = if class == 0 { vec![right, 1.0 - right] } else { vec![1.0 - right, right] };
            let emotions = [Emotion::ANGRY, Emotion::SAD];
            Prediction {
                model: name.into(),
                split: "si".into(),
                fold,
                seed: None,
                clip_id: format!("c/{role}{fold}{class}"),
                corpus: "c".into(),
                speaker: format!("c:{role}{fold}"),
                emotion: emotions[class],
                predicted: emotions[if right >= 0.5 { class } else { 1 - class }],
                probabilities,
                classes: "angry,sad".into(),
            }
        };
        let both = |role: &'static str, right: [f32; 2]| -> Vec<Prediction> {
            let folds = (0..FOLDS).zip(right);
            folds.flat_map(|(fold, right)| [row(role, fold, 0, right), row(role, fold, 1, right)]).collect()
        };
        let model = Model {
            model: name.into(),
            split: "si".into(),
            protocol: Some("speaker-independent".into()),
            family: Family::Network,
            description: "A network.".into(),
            inputs: "frames,functionals".into(),
            parameter_count: Some(10),
            standardisation: Some(Standardisation::TrainingClips),
            recipe: format!("recipe of {}", name.trim_end_matches("_random")),
            ..Model::default()
        };
        let exposure = |fold| Exposure { fold, clip_id: format!("c/train{fold}"), used_for: Use::Weights };
        Self {
            model,
            test: both("test", [right; 2]),
            validation: both("held", validated),
            exposures: (0..FOLDS).map(exposure).collect(),
        }
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let (dir, none) = (folder.join(&self.model.model), Provenance::default());
        std::fs::create_dir_all(&dir).expect("folder");
        Model::write_in(&dir, std::slice::from_ref(&self.model), &none).expect("models");
        Prediction::write_in(&dir, &self.test, &none).expect("predictions");
        Prediction::write(&dir.join(Prediction::VALIDATION.file), &self.validation, &none).expect("predictions");
        Exposure::write_in(&dir, &self.exposures, &none).expect("exposures");
        dir
    }
}

/// A folder with the result.
struct Made {
    outcome: Outcome,
    folder: tempfile::TempDir,
}

impl Made {
    fn rows<T: Table>(&self) -> Vec<T> {
        T::read_in(self.folder.path().join("out")).expect("the stage wrote it")
    }

    fn about(&self) -> Model {
        let mut models: Vec<Model> = self.rows();
        assert_eq!(models.len(), 1);
        models.remove(0)
    }

    fn validation(&self) -> Vec<Prediction> {
        Prediction::read(&self.folder.path().join("out").join(Prediction::VALIDATION.file)).expect("predictions")
    }
}

fn made(params: &Params, members: &[Left]) -> Result<Made, EnsembleError> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let dirs: Vec<(String, PathBuf)> =
        members.iter().map(|member| (member.model.model.clone(), member.write(folder.path()))).collect();
    let named: Vec<(&str, &Path)> = dirs.iter().map(|(name, dir)| (name.as_str(), dir.as_path())).collect();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("folder");
    let outcome = run(params, &Inputs { members: &named, model: "all" }, &Context::alone(&out))?;
    Ok(Made { outcome, folder })
}

fn error(params: &Params, members: &[Left]) -> String {
    made(params, members).err().expect("an error").to_string()
}

fn validated() -> Params {
    Params { weights: Weights::Fitted(Fitted::Validation), ..Params::default() }
}

fn given(weights: &[(&str, f64)]) -> Params {
    let weights: BTreeMap<String, f64> = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
    Params { weights: Weights::Given(weights), ..Params::default() }
}

fn geometric() -> Params {
    Params { mean: Mean::Geometric, ..Params::default() }
}

fn two() -> [Left; 2] {
    [Left::new("net", 0.9, [0.9, 0.4]), Left::new("linear", 0.4, [0.4, 0.9])]
}

#[track_caller]
fn right(made: &Made, expected: f32) {
    for row in made.rows::<Prediction>() {
        let class = usize::from(row.emotion == Emotion::SAD);
        assert!((row.probabilities[class] - expected).abs() < 1e-6, "{row:?}, {expected}");
        assert_eq!(row.predicted == row.emotion, expected >= 0.5, "{row:?}");
    }
}

#[test]
fn members_count_alike_or_as_they_are_told_to() {
    let made_of = |params: &Params| made(params, &two()).expect("made");
    right(&made_of(&Params::default()), 0.65);
    right(&made_of(&given(&[("net", 1.0), ("linear", 3.0)])), 0.525);
    // Odds of 9 and 2/3: their geometric mean is the root of 6.
    let odds = 6.0_f32.sqrt();
    right(&made_of(&geometric()), odds / (1.0 + odds));
    let equal = made_of(&Params::default());
    let rows: Vec<Prediction> = equal.rows();
    assert_eq!((rows.len(), rows[0].model.as_str(), rows[0].split.as_str()), (4, "all", "si"));
    assert_eq!(equal.outcome.headline, "2 folds, arithmetic mean of 2 models, 4 test clips predicted");
    assert_eq!(equal.validation().len(), 4);
    assert!(equal.rows::<Member>().iter().all(|row| row.weight == 0.5));
}

#[test]
fn an_ensemble_is_what_its_members_say_of_themselves() {
    let [mut net, mut linear] = two();
    net.model.long_clips = Some("2 of 8 clips are long".into());
    linear.model.family = Family::Linear;
    linear.model.baseline = true;
    linear.model.inputs = "functionals".into();
    linear.model.standardisation = Some(Standardisation::Speaker);
    linear.model.uses_test_speakers = true;
    linear.exposures.push(Exposure { fold: 1, clip_id: "c/test10".into(), used_for: Use::SpeakerStandardisation });
    let mut constant = Left::new("majority", 0.5, [0.5, 0.5]);
    constant.model = Model {
        family: Family::Constant,
        baseline: true,
        parameter_count: None,
        inputs: String::new(),
        standardisation: Some(Standardisation::None),
        ..constant.model
    };
    let all = made(&Params::default(), &[net, linear, constant]).expect("made");
    let about = all.about();
    assert_eq!((about.model.as_str(), about.split.as_str(), about.family), ("all", "si", Family::Other));
    assert_eq!((about.baseline, about.uses_test_speakers), (false, true));
    assert_eq!(about.standardisation, Some(Standardisation::Speaker));
    assert_eq!((about.parameter_count, about.inputs.as_str()), (Some(20), "functionals,frames"));
    assert_eq!(about.long_clips.as_deref(), Some("2 of 8 clips are long"));
    assert_eq!(about.settings.as_deref(), Some("equal weights"));
    assert_eq!(about.description, "An ensemble: the arithmetic mean of the probabilities of linear, majority and net.");
    // What several members used alike stands once.
    let exposures: Vec<Exposure> = all.rows();
    assert_eq!(exposures.len(), 3);
    assert!(exposures.iter().any(|row| row.used_for == Use::SpeakerStandardisation && row.clip_id == "c/test10"));
}

#[test]
fn the_order_of_members_decides_nothing() {
    let [a, b] = two();
    let c = Left::new("tim", 0.7, [0.7, 0.6]);
    for params in [Params::default(), geometric(), validated(), given(&[("net", 0.3), ("linear", 0.6), ("tim", 0.1)])] {
        let one = made(&params, &[a.clone(), b.clone(), c.clone()]).expect("made");
        let other = made(&params, &[c.clone(), a.clone(), b.clone()]).expect("made");
        assert_eq!(one.rows::<Prediction>(), other.rows::<Prediction>());
        assert_eq!(one.rows::<Member>(), other.rows::<Member>());
        assert_eq!(one.rows::<Exposure>(), other.rows::<Exposure>());
        assert_eq!(one.about(), other.about());
    }
}

#[test]
fn members_that_are_alike_are_what_they_are() {
    let members = ["a", "b", "c"].map(|name| Left::new(name, 0.8, [0.7, 0.3]));
    for params in [Params::default(), geometric(), validated()] {
        let made = made(&params, &members).expect("made");
        right(&made, 0.8);
        for (row, of_member) in made.validation().iter().zip(&members[0].validation) {
            let near = row.probabilities.iter().zip(&of_member.probabilities).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{row:?}");
        }
    }
}

#[test]
fn weights_of_validation_clips_are_fitted_in_each_fold_by_itself() {
    let made = made(&validated(), &two()).expect("made");
    let weights: Vec<(u32, String, f64)> =
        made.rows::<Member>().into_iter().map(|row| (row.fold, row.member, row.weight)).collect();
    let expected = [(0, "linear", 0.0), (0, "net", 1.0), (1, "linear", 1.0), (1, "net", 0.0)];
    assert_eq!(weights, expected.map(|(fold, name, weight)| (fold, name.to_owned(), weight)));
    let rows: Vec<Prediction> = made.rows();
    assert!(rows.iter().all(|row| (row.predicted == row.emotion) == (row.fold == 0)), "{rows:?}");
    let told = "weights fitted on the validation clips of each fold: linear 0.50, net 0.50 in the mean over folds";
    assert_eq!(made.about().settings.as_deref(), Some(told));
    assert_eq!(made.outcome.notes, [told]);
    let selected: Vec<(u32, String)> = made
        .rows::<Exposure>()
        .into_iter()
        .filter(|row| row.used_for == Use::Selection)
        .map(|row| (row.fold, row.clip_id))
        .collect();
    let expected = [(0, "c/held00"), (0, "c/held01"), (1, "c/held10"), (1, "c/held11")];
    assert_eq!(selected, expected.map(|(fold, clip)| (fold, clip.to_owned())));
}

#[test]
fn twins_on_another_split_are_of_one_recipe() {
    let recipe = |params: &Params, names: [&str; 2]| {
        let members = names.map(|name| Left::new(name, 0.6, [0.6, 0.6]));
        made(params, &members).expect("made").about().recipe
    };
    let (one, other) = (["net", "linear"], ["linear_random", "net_random"]);
    for params in [Params::default(), geometric(), validated()] {
        assert_eq!(recipe(&params, one), recipe(&params, other));
    }
    let equal = recipe(&Params::default(), one);
    assert_eq!(
        recipe(&given(&[("net", 1.0), ("linear", 3.0)]), one),
        recipe(&given(&[("net_random", 1.0), ("linear_random", 3.0)]), other)
    );
    assert_ne!(
        recipe(&given(&[("net", 1.0), ("linear", 3.0)]), one),
        recipe(&given(&[("net", 3.0), ("linear", 1.0)]), one)
    );
    assert_ne!(equal, recipe(&geometric(), one));
    assert_ne!(equal, recipe(&validated(), one));
    assert_ne!(equal, recipe(&Params::default(), ["net", "tim"]));
}

#[test]
fn an_ensemble_is_a_member_like_any_model() {
    let first = made(&Params::default(), &two()).expect("made");
    let inner =
        Left { model: first.about(), test: first.rows(), validation: first.validation(), exposures: first.rows() };
    let [net, _] = two();
    let outer = Left { model: Model { model: "net".into(), ..net.model.clone() }, ..net };
    right(&made(&given(&[("all", 1.0), ("net", 1.0)]), &[inner, outer]).expect("made"), 0.775);
}

#[test]
fn what_a_member_does_not_tell_of_validation_clips_the_ensemble_does_not_tell() {
    let [net, mut linear] = two();
    linear.validation.clear();
    let made = made(&Params::default(), &[net.clone(), linear.clone()]).expect("made");
    assert!(made.validation().is_empty());
    right(&made, 0.65);
    let told = error(&validated(), &[net, linear]);
    assert!(told.starts_with("fold 0: `linear` has no predictions of validation clips"), "{told}");
    assert!(told.contains("`validation_fraction` of split `si`"), "{told}");
}

/// Nothing is predicted where a split that is not required made no folds.
#[test]
fn members_without_clips_make_an_ensemble_without_clips() {
    let empty = two().map(|left| Left { test: Vec::new(), validation: Vec::new(), exposures: Vec::new(), ..left });
    for params in [Params::default(), validated()] {
        let made = made(&params, &empty).expect("made");
        assert_eq!(made.outcome.headline, "the split has no folds: nothing is predicted");
        assert!(made.rows::<Prediction>().is_empty() && made.rows::<Member>().is_empty());
        assert_eq!(made.rows::<Model>().len(), 1);
    }
}

#[test]
fn members_are_several_or_of_several_seeds_and_each_once() {
    let [net, _] = two();
    assert!(error(&Params::default(), &[]).contains("found none: name them in `from`"));
    let alone = error(&Params::default(), std::slice::from_ref(&net));
    assert!(alone.contains("`net` is the only member") && alone.contains("set `seeds` of a stage"), "{alone}");
    assert!(error(&Params::default(), &[net.clone(), net]).starts_with("`net` is a member twice"));
}

/// Seeds that give the right class these probabilities, on test and validation clips.
fn of_seeds(name: &str, seeds: &[f32]) -> Left {
    let each: Vec<Left> = seeds.iter().map(|right| Left::new(name, *right, [*right; 2])).collect();
    let mut all = Left { test: Vec::new(), validation: Vec::new(), ..each[0].clone() };
    for (left, seed) in each.into_iter().zip(0..) {
        let numbered = |row: Prediction| Prediction { seed: Some(seed), ..row };
        all.test.extend(left.test.into_iter().map(numbered));
        all.validation.extend(left.validation.into_iter().map(numbered));
    }
    all
}

#[test]
fn one_member_of_several_seeds_is_an_ensemble() {
    let net = of_seeds("net", &[0.9, 0.6, 0.3]);
    for params in [Params::default(), validated(), given(&[("net", 7.0)])] {
        let made = made(&params, std::slice::from_ref(&net)).expect("made");
        right(&made, 0.6);
        assert_eq!(made.outcome.headline, "2 folds, arithmetic mean of 3 seeds of net, 4 test clips predicted");
        let rows: Vec<Prediction> = made.rows();
        assert!(rows.iter().chain(&made.validation()).all(|row| row.seed.is_none() && row.model == "all"));
        assert_eq!((rows.len(), made.validation().len()), (4, 4));
        let about = made.about();
        assert_eq!(about.description, "An ensemble: the arithmetic mean of the probabilities of net (3 seeds).");
        assert_eq!(about.settings.as_deref(), Some("equal weights of its seeds"));
        assert_eq!((about.parameter_count, about.family), (Some(30), Family::Network));
        assert!(made.rows::<Member>().iter().all(|row| row.weight == 1.0));
        let chosen = made.rows::<Exposure>().iter().any(|row| row.used_for == Use::Selection);
        assert!(!chosen, "there is nothing to choose between");
    }
    // Odds of 9 and 1: their geometric mean is 3.
    let geometric = made(&geometric(), &[of_seeds("net", &[0.9, 0.5])]).expect("made");
    right(&geometric, 0.75);
    let empty = Left { test: Vec::new(), validation: Vec::new(), ..of_seeds("net", &[0.9, 0.5]) };
    assert_eq!(made(&Params::default(), &[empty]).expect("no folds").outcome.rows, 0);
}

/// A member counts once, however many seeds it has.
#[test]
fn the_seeds_of_a_member_are_averaged_first() {
    let members = [of_seeds("net", &[0.9, 0.7]), Left::new("linear", 0.4, [0.4; 2])];
    let made = made(&Params::default(), &members).expect("made");
    right(&made, 0.6);
    assert_eq!(made.outcome.headline, "2 folds, arithmetic mean of 2 models (net of 2 seeds), 4 test clips predicted");
    let about = made.about();
    assert!(about.description.ends_with("of linear and net (2 seeds)."), "{}", about.description);
    assert_eq!((about.parameter_count, about.settings.as_deref()), (Some(30), Some("equal weights")));
}

#[test]
fn seeds_that_do_not_answer_for_the_same_clips_are_named() {
    let mut net = of_seeds("net", &[0.9, 0.6]);
    let missing = net.test.pop().expect("a row");
    let told = error(&Params::default(), std::slice::from_ref(&net));
    let expected =
        format!("the seeds of `net` do not fit together at clip `{}` in fold 1: no answer of seed 1", missing.clip_id);
    assert!(told.starts_with(&expected), "{told}");
    net.test.push(Prediction { classes: "angry,calm".into(), ..missing });
    let told = error(&Params::default(), &[net]);
    assert!(told.contains("they differ in its emotion or in their classes; run it again"), "{told}");
}

#[test]
fn members_that_disagree_are_both_named() {
    let check = |change: &dyn Fn(&mut Left), expected: &str| {
        let [net, mut linear] = two();
        change(&mut linear);
        let told = error(&Params::default(), &[net, linear]);
        assert!(told.starts_with(expected), "{told}\n{expected}");
        assert!(told.contains("`net`") && told.contains("`linear`"), "{told}");
    };
    let everywhere = |left: &mut Left, change: &dyn Fn(&mut Prediction)| {
        left.test.iter_mut().chain(&mut left.validation).for_each(change);
    };
    check(
        &|left| {
            left.model.split = "random".into();
            everywhere(left, &|row| row.split = "random".into());
        },
        "`linear` is a model of split `random` and `net` of `si`",
    );
    check(&|left| drop(left.test.remove(0)), "`net` predicts test clip `c/test00` in fold 0, and `linear` does not");
    check(&|left| left.test[3].fold = 0, "`linear` predicts test clip `c/test11` in fold 0, and `net` does not");
    check(
        &|left| drop(left.validation.remove(2)),
        "`net` predicts validation clip `c/held10` in fold 1, and `linear` does not",
    );
    check(
        &|left| everywhere(left, &|row| row.classes = "angry,happy".into()),
        "`linear` gives probabilities of angry,happy, and `net` of angry,sad",
    );
    check(
        &|left| left.test[1].emotion = Emotion::ANGRY,
        "clip `c/test01` is `angry` in the predictions of `linear` and `sad` in those of `net`",
    );
}

#[test]
fn a_member_with_tables_that_cannot_be_is_named() {
    let check = |change: &dyn Fn(&mut Left), expected: &str| {
        let [net, mut linear] = two();
        change(&mut linear);
        let told = error(&Params::default(), &[net, linear]);
        assert!(told.starts_with(expected), "{told}\n{expected}");
    };
    check(&|left| left.test[0].probabilities = vec![1.0], "`linear`, clip `c/test00`: 1 probabilities for 2 classes");
    check(
        &|left| left.test[0].probabilities = vec![f32::NAN, 1.0],
        "`linear`, clip `c/test00`: expected probabilities",
    );
    check(
        &|left| left.validation[0].probabilities = vec![0.9, 0.9],
        "`linear`, clip `c/held00`: expected probabilities",
    );
    check(&|left| left.test[0].model = "other".into(), "`linear` predicts clip `c/test00` as model `other`");
}

#[test]
fn weights_name_members_and_all_of_them() {
    let told = error(&given(&[("net", 1.0), ("linaer", 1.0)]), &two());
    assert_eq!(told, "`weights` names `linaer`, which is no member; the members are `linear`, `net`");
    let told = error(&given(&[("net", 1.0)]), &two());
    assert!(told.starts_with("`weights` has none for member `linear`"), "{told}");
}

#[test]
fn what_members_share_counts_once_and_papers_are_those_of_all() {
    let of = |name: &str, count: Option<u64>, papers: Option<&str>| {
        let left = Left::new(name, 0.9, [0.9, 0.4]);
        let model = Model { parameter_count: count, papers: papers.map(str::to_owned), ..left.model.clone() };
        Left { model, ..left }
    };
    let equal = Params::default();
    let leaves =
        || [of("a", Some(10), Some("A 2019")), of("b", Some(200), Some("B 2020; C 2021")), of("c", None, None)];
    let inner = |name: &str, members: &[Left]| {
        let about = made(&equal, members).expect("an ensemble").about();
        let left = Left::new(name, 0.9, [0.9, 0.4]);
        Left { model: Model { model: name.to_owned(), ..about }, ..left }
    };
    let [a, b, c] = leaves();
    let first = inner("first", &[a, b]);
    assert_eq!((first.model.parameter_count, first.model.parts.as_deref()), (Some(210), Some("a:10,b:200")));
    let [_, b, c2] = leaves();
    let second = inner("second", &[b, c]);
    assert_eq!((second.model.parameter_count, second.model.parts.as_deref()), (Some(200), Some("b:200,c")));
    // Two ensembles share `b`, and one of their members stands beside them.
    let about = made(&equal, &[first, second, c2]).expect("an ensemble").about();
    assert_eq!((about.parameter_count, about.parts.as_deref()), (Some(210), Some("a:10,b:200,c")));
    assert_eq!(about.papers.as_deref(), Some("A 2019; B 2020; C 2021"));
    let [_, _, c] = leaves();
    let none = made(&equal, &[c, of("d", None, None)]).expect("an ensemble").about();
    assert_eq!((none.parameter_count, none.papers), (None, None));
}
