//! How long an evaluation takes of all four corpora and ten models:
//! `cargo run --release -p ser-evaluate --example scale`.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use ser_schemas::{Clip, Emotion, Model, Prediction, Provenance, Table};
use ser_stage::Context;

use ser_evaluate::{Inputs, Params, run};

const MODELS: usize = 10;

/// Clips, speakers and corpora in the numbers of CREMA-D, RAVDESS, SAVEE and TESS.
fn clips() -> Vec<Clip> {
    let mut clips = Vec::new();
    for (corpus, count, speakers) in
        [("crema_d", 7442, 91), ("ravdess", 1440, 24), ("savee", 480, 4), ("tess", 2800, 2)]
    {
        for number in 0..count {
            let mut clip = Clip::found(format!("{corpus}/{number}"), corpus.into(), format!("{number}.wav"), 1);
            let speaker = number % speakers;
            clip.speaker = Some(format!("{corpus}:{speaker}"));
            clip.gender = Some(["male", "female"][speaker % 2].to_owned());
            clip.emotion = Some(Emotion::BUILT_IN[number * 7 / 3 % 8]);
            clip.intensity = Some(["normal", "strong"][number % 2].to_owned());
            clip.sentence = Some((number % 200).to_string());
            clip.perceived_agreement = (corpus == "crema_d").then_some((number % 10) as f64 / 10.0);
            clips.push(clip);
        }
    }
    clips
}

fn predictions(clips: &[Clip], model: usize, shift: usize) -> Vec<Prediction> {
    let each = clips.iter().enumerate().filter_map(|(number, clip)| {
        let (emotion, mix) = (clip.emotion?, (number * 31 + model * 17 + shift) % 97);
        let said = if mix < 60 { emotion } else { Emotion::BUILT_IN[mix % 8] };
        let probabilities = Emotion::BUILT_IN.map(|class| if class == said { 0.51 } else { 0.07 });
        Some(Prediction {
            model: format!("model_{model}"),
            split: format!("split_{}", model % 2),
            fold: (number % 5) as u32,
            seed: None,
            clip_id: clip.clip_id.clone(),
            corpus: clip.corpus.clone(),
            speaker: clip.speaker.clone()?,
            emotion,
            predicted: said,
            probabilities: probabilities.to_vec(),
            classes: Emotion::BUILT_IN.map(Emotion::as_str).join(","),
        })
    });
    each.collect()
}

fn about(model: usize) -> Model {
    Model {
        model: format!("model_{model}"),
        split: format!("split_{}", model % 2),
        recipe: format!("{model}"),
        ..Model::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("ser-evaluate-scale-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (clips, none) = (clips(), Provenance::default());
    Clip::write_in(&folder, &clips, &none)?;
    let names: Vec<String> = (0..MODELS).map(|model| format!("model_{model}")).collect();
    for (model, name) in names.iter().enumerate() {
        let own = folder.join(name);
        std::fs::create_dir_all(&own)?;
        Model::write_in(&own, &[about(model)], &none)?;
        Prediction::write_in(&own, &predictions(&clips, model, 0), &none)?;
        let mut held = predictions(&clips, model, 1);
        for row in &mut held {
            row.fold = (row.fold + 1) % 5;
        }
        held.truncate(2000);
        Prediction::write(&own.join(Prediction::VALIDATION.file), &held, &none)?;
    }
    let folders: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    let models: Vec<(&str, &Path)> =
        names.iter().zip(&folders).map(|(name, folder)| (name.as_str(), folder.as_path())).collect();
    let ctx = Context::alone(&folder);
    let start = Instant::now();
    let summary = run(&Params::default(), &Inputs { manifest: &folder, models: &models, splits: &[] }, &ctx)?;
    let seconds = start.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), "{MODELS} models, {} predictions: {seconds:.1} s", summary.rows)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
