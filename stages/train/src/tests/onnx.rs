//! Trained models as ONNX files, run by another project's interpreter.

use ser_onnx_run::{Input, probabilities};

use super::{WIDTH, World, inputs_of, recordings, small, statistics_of};
use crate::data::Scaling;
use crate::{ClipInput, Device, Params, Predictor, Standardise};

/// Every input that a file may have, of clips padded to the longest with what is no number.
fn inputs(clips: &[ClipInput<'_>], names: &[&'static str]) -> Vec<(&'static str, Input)> {
    let longest = clips.iter().map(|clip| clip.frame_count).max().unwrap_or_default();
    let count = clips.len();
    let mut frames = Vec::new();
    for clip in clips {
        frames.extend_from_slice(clip.frames);
        frames.resize(frames.len() + (longest - clip.frame_count) * WIDTH, f32::NAN);
    }
    let columns = |width: usize, of: &dyn Fn(&ClipInput<'_>) -> Vec<f32>| {
        Input::Floats(vec![count, width], clips.iter().flat_map(of).collect())
    };
    let scaling = |clip: &ClipInput<'_>, of_frames: bool| {
        let speaker = clip.speaker.expect("a speaker");
        let of = |moments, width| Scaling::of(moments, 0..width);
        if of_frames { of(speaker.frames(), WIDTH) } else { of(speaker.functionals(), 2) }
    };
    let input = |name: &str| match name {
        "frames" => Input::Floats(vec![count, longest, WIDTH], frames.clone()),
        "lengths" => Input::Ints(clips.iter().map(|clip| clip.frame_count).collect()),
        "functionals" => columns(2, &|clip| clip.functionals.to_vec()),
        "speaker_frames_mean" => columns(WIDTH, &|clip| scaling(clip, true).mean),
        "speaker_frames_sd" => columns(WIDTH, &|clip| scaling(clip, true).sd),
        "speaker_functionals_mean" => columns(2, &|clip| scaling(clip, false).mean),
        "speaker_functionals_sd" => columns(2, &|clip| scaling(clip, false).sd),
        "speaker_clips" => {
            Input::Ints(clips.iter().map(|clip| clip.speaker.expect("a speaker").recordings()).collect())
        }
        other => panic!("no input is called {other}"),
    };
    names.iter().map(|name| (*name, input(name))).collect()
}

/// Speaker 1 has a column that never varies, in which the others differ.
#[test]
fn an_exported_model_gives_the_probabilities_of_the_model() {
    let change = |speaker: usize, frames: &mut Vec<f32>| {
        if speaker == 1 {
            frames.iter_mut().skip(1).step_by(WIDTH).for_each(|value| *value = 0.7);
        }
    };
    let world = World::with(change);
    let of_clip = ["frames", "lengths", "functionals"];
    let of_speaker = ["speaker_frames_mean", "speaker_frames_sd", "speaker_functionals_mean", "speaker_functionals_sd"];
    let how_many = ["speaker_clips"];
    for (standardise, use_functionals, prior, names) in [
        (Standardise::Train, true, 2.0, of_clip.to_vec()),
        (Standardise::None, false, 2.0, of_clip[..2].to_vec()),
        (Standardise::Clip, true, 2.0, of_clip.to_vec()),
        (Standardise::Speaker, true, 0.0, [&of_clip[..], &of_speaker[..]].concat()),
        (Standardise::Speaker, true, 2.0, [&of_clip[..], &of_speaker[..], &how_many[..]].concat()),
        (Standardise::Speaker, false, 2.0, [&of_clip[..2], &of_speaker[..2], &how_many[..]].concat()),
    ] {
        let name = format!("{standardise:?} {use_functionals} {prior}");
        let params = Params { standardise, speaker_prior_clips: prior, use_functionals, epochs: 2, ..small() };
        world.run(&name, &params).expect("training");
        let mut recordings = recordings(&world, 0..2);
        for (frames, _, speaker) in &mut recordings {
            change(usize::from(speaker == "made:1"), frames);
        }
        let speakers = statistics_of(&recordings);
        let clips = inputs_of(&recordings, &speakers);
        // One fold, and the mean of both.
        for folder in [world.path(&name).join("fold=1"), world.path(&name)] {
            let predictor = Predictor::load(&folder, Device::Cpu).expect("model");
            let expected = predictor.predict(&clips).expect("probabilities").concat();
            assert_eq!(predictor.onnx().inputs, names);
            let found = probabilities(&predictor.onnx().bytes, &inputs(&clips, &names)).expect("a graph that runs");
            assert_eq!(found.len(), expected.len());
            let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{name}: {apart}");
        }
    }
}

/// Names of parameters are those of the initialisers, equal models are equal files, and the file says how to use it.
#[test]
fn a_file_tells_what_it_is_and_how_its_inputs_are_made() {
    let world = World::new();
    world.run("net", &Params { max_frames: 30, epochs: 1, ..small() }).expect("training");
    let fold = world.path("net/fold=0");
    let load = || Predictor::load(&fold, Device::Cpu).expect("model");
    let file = load().onnx().bytes;
    assert_eq!(file, load().onnx().bytes);
    let has = |words: &str| file.windows(words.len()).any(|bytes| bytes == words.as_bytes());
    let config = std::fs::read_to_string(fold.join("config.json")).expect("a description");
    let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    let fingerprint = config["description_hash"].as_str().expect("a hash");
    for words in [
        "conv.0.weight",
        "lstm.0.state",
        "attention.query",
        "classes.bias",
        "standardisation.frames.mean",
        "at most 30 frames",
        "[\"angry\",\"happy\",\"sad\"]",
        "[\"log_mel_00\",\"log_mel_01\",\"log_mel_02\",\"zcr\"]",
        "[\"zcr_mean\",\"zcr_sd\"]",
        "{\"hop_s\":0.01}",
        fingerprint,
    ] {
        assert!(has(words), "{words}");
    }
    let both = Predictor::load(&world.path("net"), Device::Cpu).expect("both folds").onnx().bytes;
    let second = b"fold.1.conv.0.weight";
    assert!(both.windows(second.len()).any(|bytes| bytes == second));
}
