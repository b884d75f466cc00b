//! One recording's result, as JSON and as a line of a table.

use std::path::Path;

use ser_schemas::Emotion;
use ser_text::printable;
use serde_json::{Map, Value, json};

use super::hearing::Problem;
use crate::text_table;

/// One recording's result.
pub(super) struct Row {
    pub(super) path: String,
    /// Who speaks, where that was told.
    pub(super) speaker: Option<String>,
    pub(super) outcome: Result<Said, Problem>,
}

/// Answer of the model.
pub(super) struct Said {
    /// Probability of each class.
    pub(super) classes: Vec<(String, f32)>,
    /// In how many windows the recording was heard; the probabilities are their mean.
    pub(super) windows: usize,
    /// Windows that hold nothing but silence, and were not heard.
    pub(super) silent_windows: usize,
    /// Whose statistics standardised it; `None` for a model that does not ask.
    pub(super) standardised: Option<String>,
}

impl Row {
    pub(super) fn new(path: &Path, speaker: Option<&str>, outcome: Result<Said, Problem>) -> Self {
        Self { path: path.display().to_string(), speaker: speaker.map(str::to_owned), outcome }
    }

    /// Its object: with `emotion` and `probabilities`, or with `error` (a reason code) and `detail`.
    pub(super) fn json(&self) -> Value {
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
                let probabilities: Map<String, Value> =
                    said.classes.iter().map(|(emotion, probability)| (emotion.clone(), json!(probability))).collect();
                set("emotion", json!(said.emotion()));
                set("probabilities", Value::Object(probabilities));
                set("windows", json!(said.windows));
                if said.silent_windows > 0 {
                    set("silent_windows", json!(said.silent_windows));
                }
                if let Some(standardised) = &said.standardised {
                    set("standardised", json!(standardised));
                }
            }
        }
        Value::Object(object)
    }
}

impl Said {
    /// That each of `classes` has its one of `probabilities`.
    pub(super) fn new(classes: &[Emotion], probabilities: &[f32]) -> Self {
        let classes = classes.iter().map(ToString::to_string).zip(probabilities.iter().copied()).collect();
        Self { classes, windows: 1, silent_windows: 0, standardised: None }
    }

    /// The most probable emotion.
    fn emotion(&self) -> &str {
        let best = self.classes.iter().max_by(|left, right| left.1.total_cmp(&right.1));
        best.map_or("", |(emotion, _)| emotion)
    }
}

/// The recordings that were predicted; `None` where none was.
pub(super) fn table(rows: &[Row]) -> Option<String> {
    let said: Vec<(&Row, &Said)> = rows.iter().filter_map(|row| Some((row, row.outcome.as_ref().ok()?))).collect();
    let (_, first) = said.first()?;
    let windowed = said.iter().any(|(_, said)| said.windows > 1);
    let mut head = vec!["recording", "emotion"];
    head.extend(first.classes.iter().map(|(emotion, _)| emotion.as_str()));
    head.extend(windowed.then_some("windows"));
    let cells: Vec<Vec<String>> = said
        .iter()
        .map(|(row, said)| {
            let mut cells = vec![printable(&row.path).into_owned(), said.emotion().to_owned()];
            cells.extend(said.classes.iter().map(|(_, probability)| format!("{probability:.2}")));
            cells.extend(windowed.then(|| said.windows.to_string()));
            cells
        })
        .collect();
    Some(text_table::render(&head, &cells))
}

#[cfg(test)]
mod tests {
    use ser_schemas::Reason;

    use super::*;

    fn row(outcome: Result<Said, Problem>) -> Row {
        Row::new(Path::new("new/a.wav"), Some("ana"), outcome)
    }

    #[test]
    fn a_recording_without_an_emotion_has_an_object_too() {
        let problem = Problem { reason: Reason::Silent, detail: "every sample is zero".into() };
        assert_eq!(
            row(Err(problem)).json(),
            json!({"path": "new/a.wav", "speaker": "ana", "error": "silent", "detail": "every sample is zero"})
        );
    }

    #[test]
    fn windows_are_told_wherever_there_are_several() {
        let said = |windows, silent_windows| Said {
            windows,
            silent_windows,
            standardised: Some("speaker ana, 12 recordings".into()),
            ..Said::new(&[Emotion::ANGRY, Emotion::SAD], &[0.25, 0.75])
        };
        assert_eq!(
            row(Ok(said(3, 1))).json(),
            json!({
                "path": "new/a.wav", "speaker": "ana", "emotion": "sad", "windows": 3, "silent_windows": 1,
                "probabilities": {"angry": 0.25, "sad": 0.75}, "standardised": "speaker ana, 12 recordings",
            })
        );
        let one = table(&[row(Ok(said(1, 0)))]).expect("a table");
        assert_eq!(one, "recording  emotion  angry   sad\nnew/a.wav  sad       0.25  0.75\n");
        let problem = Problem::unreadable("no audio".into());
        let both = table(&[row(Err(problem)), row(Ok(said(1, 0))), row(Ok(said(3, 0)))]).expect("a table");
        assert!(both.starts_with("recording  emotion  angry   sad  windows\n") && both.lines().count() == 3, "{both}");
        assert!(table(&[]).is_none());
    }
}
