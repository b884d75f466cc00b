//! One recording's result, and how it is shown.

use std::path::Path;

use ser_schemas::Emotion;
use serde_json::{Map, Value, json};

use super::hearing::Problem;
use super::windows::Window;

/// The answer of a model that is not sure enough. No class has such a name: names are letters, digits and `_`.
pub(super) const UNKNOWN: &str = "(unknown)";

/// One recording's result.
pub(super) struct Row {
    pub(super) path: String,
    /// Who speaks, where that was told.
    pub(super) speaker: Option<String>,
    pub(super) outcome: Result<Said, Problem>,
}

/// Answer of the model.
pub(super) struct Said {
    /// In the order of the probabilities.
    pub(super) classes: Vec<Emotion>,
    pub(super) probabilities: Vec<f32>,
    pub(super) duration_s: f64,
    /// In how many windows the recording was heard.
    pub(super) windows: usize,
    /// Windows that are pauses, and were not heard.
    pub(super) silent_windows: usize,
    /// Whose statistics standardised it; `None` for a model that does not ask.
    pub(super) standardised: Option<String>,
    /// Whose labelled recordings adapted the answer, and how many of each emotion; `None` where it was not.
    pub(super) adapted: Option<String>,
    /// `true` if the probabilities are at the model's temperature.
    pub(super) calibrated: bool,
    /// Of a recording that is longer than a clip, its windows in their order.
    pub(super) by_window: Vec<Answered>,
}

/// What the model says of a window.
pub(super) struct Answered {
    pub(super) window: Window,
    pub(super) probabilities: Vec<f32>,
}

/// How answers are shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct View {
    /// Least probability of an answer that is told.
    pub(super) min_confidence: Option<f64>,
    /// `true` if windows are shown, too.
    pub(super) by_window: bool,
}

/// The most probable emotion, and what is told in its place where it is not probable enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub(super) emotion: &'static str,
    pub(super) most_probable: &'static str,
    pub(super) confidence: f32,
}

impl View {
    /// Of probabilities of `classes`.
    pub(super) fn verdict(self, classes: &[Emotion], probabilities: &[f32]) -> Verdict {
        let best = classes.iter().zip(probabilities).max_by(|left, right| left.1.total_cmp(right.1));
        let (most_probable, confidence) = best.map_or(("", 0.0), |(class, value)| (class.as_str(), *value));
        let sure = self.min_confidence.is_none_or(|least| f64::from(confidence) >= least);
        Verdict { emotion: if sure { most_probable } else { UNKNOWN }, most_probable, confidence }
    }

    /// What an object says of probabilities.
    fn entries(self, classes: &[Emotion], probabilities: &[f32]) -> Vec<(&'static str, Value)> {
        let verdict = self.verdict(classes, probabilities);
        let each = classes.iter().zip(probabilities);
        let each: Map<String, Value> = each.map(|(class, value)| (class.to_string(), json!(value))).collect();
        vec![
            ("emotion", json!(verdict.emotion)),
            ("most_probable", json!(verdict.most_probable)),
            ("confidence", json!(verdict.confidence)),
            ("probabilities", Value::Object(each)),
        ]
    }
}

impl Row {
    pub(super) fn new(path: &Path, speaker: Option<&str>, outcome: Result<Said, Problem>) -> Self {
        Self { path: path.display().to_string(), speaker: speaker.map(str::to_owned), outcome }
    }

    /// Its object: with `emotion` and `probabilities`, or with `error` (a reason code) and `detail`.
    pub(super) fn json(&self, view: View) -> Map<String, Value> {
        let mut object = Map::from_iter([("path".to_owned(), json!(self.path))]);
        let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
        if let Some(speaker) = &self.speaker {
            set("speaker", json!(speaker));
        }
        match &self.outcome {
            Err(problem) => {
                set("error", json!(problem.reason.as_str()));
                set("detail", json!(problem.detail));
            }
            Ok(said) => {
                for (key, value) in view.entries(&said.classes, &said.probabilities) {
                    set(key, value);
                }
                set("calibrated", json!(said.calibrated));
                set("duration_s", json!(milliseconds(said.duration_s)));
                set("windows", json!(said.windows));
                if said.silent_windows > 0 {
                    set("silent_windows", json!(said.silent_windows));
                }
                if let Some(standardised) = &said.standardised {
                    set("standardised", json!(standardised));
                }
                if let Some(adapted) = &said.adapted {
                    set("adapted", json!(adapted));
                }
                if view.by_window {
                    let windows = said.by_window.iter().map(|answered| answered.json(&said.classes, view));
                    set("by_window", windows.collect());
                }
            }
        }
        object
    }
}

impl Answered {
    fn json(&self, classes: &[Emotion], view: View) -> Value {
        let Window { start_s, end_s, sound_s } = self.window;
        let times = [("start_s", start_s), ("end_s", end_s), ("sound_s", sound_s)];
        let times = times.map(|(key, time_s)| (key, json!(milliseconds(time_s))));
        let entries = times.into_iter().chain(view.entries(classes, &self.probabilities));
        Value::Object(entries.map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

/// A time in seconds, to the millisecond.
pub(super) fn milliseconds(time_s: f64) -> f64 {
    (time_s * 1e3).round() / 1e3
}

#[cfg(test)]
pub(super) mod tests {
    use ser_schemas::Reason;

    use super::*;

    /// A result of `new/a.wav`, of Ana's.
    pub(in super::super) fn row(outcome: Result<Said, Problem>) -> Row {
        Row::new(Path::new("new/a.wav"), Some("ana"), outcome)
    }

    /// Angry with a quarter, heard in as many windows as are given with their begins and probabilities.
    pub(in super::super) fn said(windows: &[(f64, [f32; 2])]) -> Said {
        let answered = |(start_s, probabilities): &(f64, [f32; 2])| Answered {
            window: Window { start_s: *start_s, end_s: start_s + 4.0, sound_s: 1.5 },
            probabilities: probabilities.to_vec(),
        };
        Said {
            classes: vec![Emotion::ANGRY, Emotion::SAD],
            probabilities: vec![0.25, 0.75],
            duration_s: 12.3456,
            windows: windows.len().max(1),
            silent_windows: usize::from(windows.len() > 1),
            standardised: Some("speaker ana, 12 recordings".into()),
            adapted: Some("speaker ana, 2 labelled recordings: angry 1, sad 1".into()),
            calibrated: true,
            by_window: windows.iter().map(answered).collect(),
        }
    }

    #[test]
    fn a_recording_without_an_emotion_has_an_object_too() {
        let problem = Problem::sound(Reason::Silent, "every sample is zero".into());
        assert_eq!(
            Value::Object(row(Err(problem)).json(View::default())),
            json!({"path": "new/a.wav", "speaker": "ana", "error": "silent", "detail": "every sample is zero"})
        );
    }

    #[test]
    fn times_are_told_of_windows_where_they_are_asked_for() {
        let said = || said(&[(0.0, [0.125, 0.875]), (2.0, [0.625, 0.375])]);
        let whole = json!({
            "path": "new/a.wav", "speaker": "ana", "emotion": "sad", "most_probable": "sad", "confidence": 0.75,
            "probabilities": {"angry": 0.25, "sad": 0.75}, "calibrated": true, "duration_s": 12.346, "windows": 2,
            "silent_windows": 1,
            "standardised": "speaker ana, 12 recordings",
            "adapted": "speaker ana, 2 labelled recordings: angry 1, sad 1",
        });
        assert_eq!(Value::Object(row(Ok(said())).json(View::default())), whole);
        let object = row(Ok(said())).json(View { by_window: true, ..View::default() });
        assert_eq!(
            object["by_window"],
            json!([
                {"start_s": 0.0, "end_s": 4.0, "sound_s": 1.5, "emotion": "sad", "most_probable": "sad",
                 "confidence": 0.875, "probabilities": {"angry": 0.125, "sad": 0.875}},
                {"start_s": 2.0, "end_s": 6.0, "sound_s": 1.5, "emotion": "angry", "most_probable": "angry",
                 "confidence": 0.625, "probabilities": {"angry": 0.625, "sad": 0.375}},
            ])
        );
    }

    #[test]
    fn who_is_not_sure_enough_says_so_and_what_would_have_been_said() {
        let at = |least| {
            let object = row(Ok(said(&[]))).json(View { min_confidence: Some(least), ..View::default() });
            (object["emotion"].clone(), object["most_probable"].clone(), object["confidence"].clone())
        };
        assert_eq!(at(0.75), (json!("sad"), json!("sad"), json!(0.75)));
        assert_eq!(at(0.76), (json!("(unknown)"), json!("sad"), json!(0.75)));
        assert!(UNKNOWN.parse::<Emotion>().is_err(), "no class has this name");
    }
}
