//! A model folder that somebody handed on.

use ser_train::{ClipInput, Device, Predictor};

use crate::folder::{folder, put};
use crate::split_part;

/// Frames of the clip that a model which loads is asked about.
const FRAMES: usize = 20;
/// Columns and functionals that a model may want before it is not asked: time and memory of a try stay small.
const MAX_WIDTH: usize = 4_096;

/// Loads the model, and if it is one, predicts with it.
///
/// # Panics
/// Where a probability is no number.
pub fn model(bytes: &[u8]) {
    let (config, weights) = split_part(bytes);
    let folder = folder();
    put(folder.path(), "config.json", config);
    put(folder.path(), "model.safetensors", weights);
    let Ok(predictor) = Predictor::load(folder.path(), Device::Cpu) else { return };
    let (columns, functionals) = (predictor.frame_names().len(), predictor.functional_names().len());
    if columns > MAX_WIDTH || functionals > MAX_WIDTH {
        return;
    }
    let (frames, functionals) = (vec![0.5; FRAMES * columns], vec![0.5; functionals]);
    let clip =
        ClipInput { frames: &frames, frame_count: FRAMES, functionals: &functionals, speaker: None, corpus: None };
    if let Ok(predicted) = predictor.predict(&[clip]) {
        assert!(predicted.iter().flatten().all(|probability| probability.is_finite()), "no number as a probability");
    }
}
