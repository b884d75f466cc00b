//! `ser predict`: emotions of new recordings. Bad files are reported and the rest is done.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;
use ser_audio::Limits;
use ser_features::{ClipFeatures, Extractor};
use ser_train::{ClipInput, Device, Predictor};
use serde_json::json;
use walkdir::WalkDir;

use crate::args::PredictArgs;
use crate::output::{self, Status, UsageError};
use crate::project::{Project, artifact, first_of};
use crate::text_table;

/// Extensions that are looked for in folders; a file that is named outright is tried whatever it is called.
const AUDIO_EXTENSIONS: [&str; 8] = ["wav", "flac", "mp3", "ogg", "oga", "aif", "aiff", "aifc"];

/// Recordings decoded and predicted together: bounds memory, keeps all cores busy.
const BATCH: usize = 64;

pub(crate) fn run(project: &Project<'_>, args: &PredictArgs) -> anyhow::Result<Status> {
    let model = match &args.model {
        Some(dir) => dir.clone(),
        None => default_model(project)?,
    };
    let predictor = Predictor::load(&model, Device::Flex)
        .with_context(|| format!("cannot use the model in `{}`", model.display()))?;
    let (params, sample_rate_hz) = predictor.feature_params();
    let params: ser_features::Params = serde_json::from_value(params.clone())
        .with_context(|| format!("the feature parameters of the model in `{}` are not known", model.display()))?;

    let (paths, mut failed) = recordings(&args.paths);
    if paths.is_empty() && !failed {
        return Err(UsageError {
            message: "no recordings found in the given folders".to_owned(),
            hint: Some(format!("folders are searched for {}", AUDIO_EXTENSIONS.join(", "))),
        }
        .into());
    }
    let mut rows = Vec::new();
    for batch in paths.chunks(BATCH) {
        let mut good = Vec::new();
        for (path, features) in batch.iter().zip(features(batch, &params, sample_rate_hz)) {
            match features {
                Ok(features) => good.push((path, features)),
                Err(error) => {
                    failed = true;
                    output::warn(format_args!("`{}`: {}", path.display(), output::causes(&error)));
                }
            }
        }
        let clips: Vec<ClipInput<'_>> = good.iter().map(|(_, features)| clip_input(features)).collect();
        for ((path, _), probabilities) in good.iter().zip(predictor.predict(&clips)?) {
            let row = Row::new(path, predictor.classes(), probabilities);
            if args.json {
                output::print_json_line(&row.json())?;
            } else {
                rows.push(row);
            }
        }
    }
    if !args.json && !rows.is_empty() {
        output::print(table(&rows).trim_end())?;
    }
    Ok(if failed { Status::Failed } else { Status::Done })
}

/// The artifact of the pipeline's first train stage.
fn default_model(project: &Project<'_>) -> anyhow::Result<PathBuf> {
    let pipeline = project.pipeline()?;
    Ok(artifact(&project.store(&pipeline), first_of(&pipeline, "train")?)?)
}

/// The files to predict, folders searched, and whether something that was named is missing.
fn recordings(named: &[PathBuf]) -> (Vec<PathBuf>, bool) {
    let mut files = Vec::new();
    let mut failed = false;
    for path in named {
        if path.is_file() {
            files.push(path.clone());
            continue;
        }
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    failed = true;
                    let at = error.path().unwrap_or(path).display().to_string();
                    output::warn(format_args!("`{at}`: {}", output::causes(&error.into())));
                }
            }
        }
    }
    (files, failed)
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    AUDIO_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// The features of each recording, computed as at training.
fn features(
    paths: &[PathBuf],
    params: &ser_features::Params,
    sample_rate_hz: u32,
) -> Vec<anyhow::Result<ClipFeatures>> {
    paths
        .par_iter()
        .map_init(
            || Extractor::new(params, sample_rate_hz),
            |extractor, path| {
                let extractor = extractor.as_mut().map_err(|error| anyhow::anyhow!("{error}"))?;
                let audio = ser_audio::decode_file(path, &Limits::default())?;
                Ok(extractor.extract(&audio.mono(), audio.sample_rate_hz)?)
            },
        )
        .collect()
}

fn clip_input(features: &ClipFeatures) -> ClipInput<'_> {
    ClipInput {
        frames: &features.frames,
        frame_count: features.frame_count,
        functionals: &features.functionals,
        speaker: None,
    }
}

/// One recording's result.
struct Row {
    path: String,
    emotion: String,
    classes: Vec<(String, f32)>,
}

impl Row {
    fn new(path: &Path, classes: &[ser_schemas::Emotion], probabilities: Vec<f32>) -> Self {
        let classes: Vec<(String, f32)> = classes.iter().map(ToString::to_string).zip(probabilities).collect();
        let best = classes.iter().max_by(|left, right| left.1.total_cmp(&right.1));
        Self {
            path: path.display().to_string(),
            emotion: best.map(|(emotion, _)| emotion.clone()).unwrap_or_default(),
            classes,
        }
    }

    fn json(&self) -> serde_json::Value {
        let probabilities: serde_json::Map<String, serde_json::Value> =
            self.classes.iter().map(|(emotion, probability)| (emotion.clone(), json!(probability))).collect();
        json!({ "path": self.path, "emotion": self.emotion, "probabilities": probabilities })
    }
}

fn table(rows: &[Row]) -> String {
    let mut head = vec!["recording", "emotion"];
    if let Some(first) = rows.first() {
        head.extend(first.classes.iter().map(|(emotion, _)| emotion.as_str()));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.path.clone(), row.emotion.clone()];
            cells.extend(row.classes.iter().map(|(_, probability)| format!("{probability:.2}")));
            cells
        })
        .collect();
    text_table::render(&head, &cells)
}
