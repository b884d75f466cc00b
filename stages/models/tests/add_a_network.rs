//! Example of `docs/add-a-network.md`: a model in a few lines, whatever class has the nearest mean.

use std::path::Path;

use ser_models::{Dataset, Fold, FoldRecord, ModelsError, recipe, trials, write};
use ser_schemas::functionals::Functionals;
use ser_schemas::{
    Assignment, Clip, Emotion, Exposure, Family, KEY_PROTOCOL, Model, Prediction, Provenance, Role, Standardisation,
    StandardisationTrial, Statistics, Table, Use, identity,
};

/// Twelve clips of four speakers; the one functional tells the emotion. Three folds; speaker 3 always validates.
fn world(folder: &Path) {
    let none = Provenance::default();
    let (mut clips, mut assignments) = (Vec::new(), Vec::new());
    let mut functionals = Functionals { names: vec!["zcr_mean".into()], ..Functionals::default() };
    for number in (0..12_u32).rev() {
        let mut clip = Clip::found(format!("c/{number:02}"), "c".into(), format!("{number}.wav"), 1);
        clip.speaker = (number != 0).then(|| format!("c:{}", number % 4));
        clip.emotion = Some([Emotion::ANGRY, Emotion::HAPPY, Emotion::SAD][number as usize / 4]);
        functionals.clip_ids.push(clip.clip_id.clone());
        functionals.values.push(10.0 * (number / 4) as f32 + (number % 4) as f32);
        for fold in 0..3 {
            let role = match number % 4 {
                3 => Role::Validation,
                speaker if speaker == fold => Role::Test,
                _ => Role::Train,
            };
            assignments.push(Assignment { clip_id: clip.clip_id.clone(), fold, role });
        }
        clips.push(clip);
    }
    Clip::write_in(folder, &clips, &none).expect("clips");
    write_assignments(folder, &assignments);
    functionals.write(&folder.join("functionals"), &none).expect("functionals");
}

fn write_assignments(folder: &Path, rows: &[Assignment]) {
    let protocol = [(KEY_PROTOCOL, "speaker-independent".to_owned())];
    Assignment::write_with(&Assignment::file_in(folder), rows, &Provenance::default(), &protocol).expect("split");
}

/// The stage: reads, fits every fold, writes.
fn nearest_mean(folder: &Path, out_dir: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let data = Dataset::read(folder, folder)?;
    let table = data.functionals(folder)?.ok_or("no functionals")?;
    let records: Vec<FoldRecord> = data.folds.iter().map(|fold| fit(&data, &table, fold)).collect();
    let recipe = recipe("nearest mean", Some(folder))?;
    Ok(write(&about(&data, recipe), &data, &records, out_dir, &Provenance::default())?)
}

fn about(data: &Dataset, recipe: String) -> Model {
    Model {
        model: "nearest".into(),
        split: "folds".into(),
        protocol: data.protocol.clone(),
        held_out: data.held_out.clone(),
        family: Family::Linear,
        baseline: true,
        description: "The class with the nearest mean.".into(),
        inputs: "functionals".into(),
        parameter_count: Some(data.classes.len() as u64),
        standardisation: Some(Standardisation::None),
        recipe,
        ..Model::default()
    }
}

fn fit(data: &Dataset, table: &Functionals, fold: &Fold) -> FoldRecord {
    let mean = |class| {
        let rows = fold.train.iter().filter(|at| data.clips[**at].class == class).map(|at| table.row(*at)[0]);
        rows.clone().sum::<f32>() / rows.count() as f32
    };
    let means: Vec<f32> = (0..data.classes.len()).map(mean).collect();
    let probabilities = |clips: &[usize]| {
        let mut all = Vec::new();
        for at in clips {
            let near = means.iter().map(|mean| (-f64::from((table.row(*at)[0] - mean).abs())).exp());
            let sum: f64 = near.clone().sum();
            all.extend(near.map(|value| value / sum));
        }
        all
    };
    let mut record = FoldRecord {
        test: probabilities(&fold.test),
        validation: probabilities(&fold.validation),
        ..FoldRecord::default()
    };
    record.used(Use::Weights, &fold.train);
    record
}

#[test]
fn a_new_model_leaves_what_every_model_leaves() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let out = folder.path().join("nearest");
    std::fs::create_dir(&out).expect("folder");
    assert_eq!(nearest_mean(folder.path(), &out).expect("fits"), 9);
    let predictions = Prediction::read_in(&out).expect("predictions");
    assert!(predictions.iter().all(|row| row.predicted == row.emotion && row.classes == "angry,happy,sad"));
    let told: Vec<(u32, &str, &str)> =
        predictions.iter().map(|row| (row.fold, row.clip_id.as_str(), row.speaker.as_str())).collect();
    // A clip without a known speaker is a speaker of its own.
    assert_eq!(told[..4], [(0, "c/00", "c/00"), (0, "c/04", "c:0"), (0, "c/08", "c:0"), (1, "c/01", "c:1")]);
    let validation = Prediction::read(&out.join(Prediction::VALIDATION.file)).expect("validation predictions");
    assert_eq!(validation.len(), 9);
    let exposures = Exposure::read_in(&out).expect("exposures");
    assert_eq!(exposures.len(), 18);
    assert!(exposures.iter().all(|row| row.used_for == Use::Weights));
    let about = Model::read_in(&out).expect("models").remove(0);
    assert_eq!((about.protocol.as_deref(), about.parameter_count), (Some("speaker-independent"), Some(3)));
    let features = identity(folder.path(), &["functionals"]).expect("parts");
    assert_eq!(about.recipe, format!("nearest mean on features {features}"));
}

/// Of three folds, with two fits in each.
#[test]
fn fits_that_differ_in_their_seed_alone_stand_side_by_side() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let data = Dataset::read(folder.path(), folder.path()).expect("a split");
    let table = data.functionals(folder.path()).expect("a table").expect("functionals");
    let twice = |fold: &Fold| {
        let first = fit(&data, &table, fold);
        let second = FoldRecord { test: vec![1.0 / 3.0; first.test.len()], ..first.clone() };
        [first, second]
    };
    let records: Vec<FoldRecord> = data.folds.iter().flat_map(twice).collect();
    let none = Provenance::default();
    let count = write(&about(&data, String::new()), &data, &records, folder.path(), &none).expect("tables");
    let rows = Prediction::read_in(folder.path()).expect("predictions");
    assert_eq!((count, rows.len()), (rows.len() / 2, 2 * data.folds.iter().map(|fold| fold.test.len()).sum::<usize>()));
    let (even, odd): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.seed == Some(0));
    assert!(odd.iter().all(|row| row.seed == Some(1) && row.probabilities[0] == row.probabilities[1]));
    let clips = |rows: &[&Prediction]| -> Vec<(u32, String)> {
        rows.iter().map(|row| (row.fold, row.clip_id.clone())).collect()
    };
    assert_eq!(clips(&even), clips(&odd));
    assert_eq!(Exposure::read_in(folder.path()).expect("exposures").len(), 18, "what one was shown, both were");
}

#[test]
fn answers_that_are_missing_are_missed() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let data = Dataset::read(folder.path(), folder.path()).expect("a split");
    let records = vec![FoldRecord { test: vec![0.5; 8], ..FoldRecord::default() }; 3];
    let error = write(&about(&data, String::new()), &data, &records, folder.path(), &Provenance::default());
    assert_eq!(
        error.expect_err("one is missing").to_string(),
        "fold 0: expected 9 probabilities of test clips (clips times classes), found 8"
    );
}

#[test]
fn trials_are_told_clip_by_clip() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let data = Dataset::read(folder.path(), folder.path()).expect("a split");
    let plain = FoldRecord { test: vec![0.5; 9], validation: vec![0.5; 9], ..FoldRecord::default() };
    let mut records = vec![plain; 3];
    let fold = &data.folds[1];
    let of_fold = trials(&data, fold, 1);
    // Clips of a speaker with three: 1, 5 and 9, angry, happy and sad; they are always taken for sad.
    let sad = |trial: &ser_models::Trial| [0.1, 0.2, 0.7].repeat(trial.predicted().count());
    records[1].trials = of_fold.iter().map(|trial| (trial.clone(), sad(trial))).collect();
    let none = Provenance::default();
    let written = |records: &[FoldRecord]| {
        write(&about(&data, String::new()), &data, records, folder.path(), &none).expect("written");
        StandardisationTrial::read_in(folder.path()).expect("trials")
    };
    let twice: Vec<FoldRecord> = records.iter().flat_map(|record| [record.clone(), record.clone()]).collect();
    let of_seeds = written(&twice);
    let rows = written(&records);
    assert!(rows.iter().all(|row| row.seed.is_none()));
    for seed in [0, 1] {
        let of_seed = of_seeds.iter().filter(|row| row.seed == Some(seed));
        let alone: Vec<_> = of_seed.map(|row| StandardisationTrial { seed: None, ..row.clone() }).collect();
        assert_eq!(alone, rows, "seed {seed}");
    }
    let told: Vec<(Statistics, Option<u32>, Option<f64>)> =
        rows.iter().step_by(3).map(|row| (row.statistics, row.clips, row.kept)).collect();
    let few = [1, 2].map(|clips| (Statistics::Few, Some(clips), None));
    let skewed = [0.45, 0.22, 0.0].map(|kept| (Statistics::Skewed, None, Some(kept)));
    assert_eq!(told[0], (Statistics::TrainingClips, None, None));
    assert_eq!((&told[1..3], &told[3..]), (&few[..], &skewed[..]));
    for row in &rows {
        assert_eq!((row.model.as_str(), row.split.as_str(), row.fold), ("nearest", "folds", 1));
        assert_eq!(row.predicted, Emotion::SAD);
        assert_eq!(row.dominant.is_some(), row.statistics == Statistics::Skewed);
    }
    assert_eq!(rows.iter().filter(|row| row.emotion == row.predicted).count(), 6, "one clip of three in each trial");

    records[1].trials[0].1.pop();
    let error = write(&about(&data, String::new()), &data, &records, folder.path(), &none).expect_err("one is missing");
    assert_eq!(
        error.to_string(),
        "fold 1: expected 9 probabilities of the trial of `training-clips` (clips times classes), found 8"
    );
}

#[test]
fn a_class_that_is_tested_and_never_trained_on_is_warned_of() {
    let folder = tempfile::tempdir().expect("temporary folder");
    world(folder.path());
    let mut rows = Assignment::read_in(folder.path()).expect("split");
    rows.retain(|row| row.fold != 1 || row.role == Role::Test || row.clip_id.as_str() < "c/08");
    write_assignments(folder.path(), &rows);
    let data = Dataset::read(folder.path(), folder.path()).expect("a split");
    assert_eq!(
        data.gaps(),
        ["fold 1 has test clips of `sad` and no training clips of it: its model never predicts `sad`"]
    );
}

/// Defective tables, and a part of each message.
#[test]
fn what_does_not_fit_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let dir = folder.path();
    let told = |error: ModelsError| error.to_string();
    let functionals = dir.join("functionals");
    world(dir);
    let data = Dataset::read(dir, dir).expect("a split");
    let whole = Functionals::read(&functionals).expect("functionals");

    let mut broken = whole.clone();
    broken.values[0] = f32::INFINITY;
    broken.write(&functionals, &Provenance::default()).expect("write");
    let text = told(data.functionals(dir).expect_err("not finite"));
    assert!(text.starts_with("clip `c/11`: functional `zcr_mean` is inf, expected a finite number"), "{text}");

    let short = Functionals { clip_ids: whole.clip_ids[4..].to_vec(), values: whole.values[4..].to_vec(), ..whole };
    short.write(&functionals, &Provenance::default()).expect("write");
    let text = told(data.functionals(dir).expect_err("four are missing"));
    assert!(text.starts_with("4 of the split's clips have no usable functionals, among them `c/08`, `c/09`"), "{text}");

    let none = Functionals { clip_ids: short.clip_ids, ..Functionals::default() };
    none.write(&functionals, &Provenance::default()).expect("write");
    assert_eq!(data.functionals(dir).expect("a table"), None);

    let stranger = Assignment { clip_id: "c/x".into(), fold: 0, role: Role::Train };
    write_assignments(dir, &[stranger]);
    let text = told(Dataset::read(dir, dir).expect_err("nobody knows it"));
    assert!(text.starts_with("the split assigns clip `c/x`, but the manifest does not have it"), "{text}");

    let alone = Assignment { clip_id: "c/01".into(), fold: 2, role: Role::Test };
    write_assignments(dir, &[alone]);
    let text = told(Dataset::read(dir, dir).expect_err("nothing to learn from"));
    assert_eq!(text, "fold 2 has no training clips; check the split's parameters");
}
