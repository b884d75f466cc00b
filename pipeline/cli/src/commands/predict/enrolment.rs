//! Recordings that a table tells of speakers beside those that are predicted: for the statistics of their voices and, where the table
//! tells the emotion, for what the model makes of it in these voices.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use ser_schemas::Emotion;
use ser_stage::suggest;
use ser_text::{counted, first_names, nfc, printable};

use super::hearing::Problem;
use super::recordings::{self, Recording};
use super::speaker_table::{self, Named};
use crate::output::{self, UsageError};

/// Lines that a message names.
const NAMED: usize = 5;

/// The recordings that a table names.
#[derive(Debug, Default)]
pub(super) struct Enrolment {
    table: PathBuf,
    all: Vec<Enrolled>,
    /// Lines of the table whose recordings cannot be used.
    unusable: BTreeSet<usize>,
}

/// A recording of a speaker.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Enrolled {
    /// Line of the table.
    pub(super) line: usize,
    pub(super) speaker: String,
    pub(super) recording: Recording,
    /// Position of its emotion among the classes of the model, where it is told.
    pub(super) class: Option<usize>,
}

impl Enrolment {
    /// The recordings that `table` names, each once, for a model of `classes`; warnings are written at once.
    pub(super) fn read(table: &Path, classes: &[Emotion]) -> anyhow::Result<Self> {
        let (rows, notes) = speaker_table::labelled_rows(table)?;
        notes.iter().for_each(output::warn);
        if rows.is_empty() {
            return Err(UsageError {
                message: format!("`{}` enrols nobody: no row behind its header can be used", table.display()),
                hint: Some(
                    "a row names a recording and who speaks: columns `path` and `speaker`, and `emotion` where it is known"
                        .to_owned(),
                ),
            }
            .into());
        }
        let labels = labels(table, &rows, classes)?;
        let base = table.parent().unwrap_or(Path::new(""));
        let all = rows.into_iter().zip(labels).map(|(row, class)| {
            let beside = base.join(&row.path);
            let path = if beside.exists() { beside } else { PathBuf::from(&row.path) };
            let speaker = nfc(&row.speaker).into_owned();
            Enrolled { line: row.line, speaker, recording: recordings::in_file(&path), class }
        });
        let (all, notes) = once(all, classes);
        for note in notes {
            output::warn(format_args!("`{}`, {note}", table.display()));
        }
        let mut enrolment = Self { table: table.to_owned(), all, unusable: BTreeSet::new() };
        let missing: Vec<(usize, Problem)> = enrolment
            .all
            .iter()
            .filter_map(|one| Some((one.line, Problem::unreadable(one.recording.problem.clone()?))))
            .collect();
        enrolment.leave_out(&missing);
        enrolment.check()?;
        Ok(enrolment)
    }

    /// The table that names them.
    pub(super) fn table(&self) -> &Path {
        &self.table
    }

    /// All of them, in the order of the table.
    pub(super) fn all(&self) -> &[Enrolled] {
        &self.all
    }

    /// `false` if it is known that the recording cannot be used.
    pub(super) fn is_usable(&self, one: &Enrolled) -> bool {
        !self.unusable.contains(&one.line)
    }

    /// Says of recordings, by their lines, once, that they cannot be used.
    pub(super) fn leave_out(&mut self, problems: &[(usize, Problem)]) {
        for (line, problem) in problems {
            let Some(one) = self.all.iter().find(|one| one.line == *line) else { continue };
            if self.unusable.insert(*line) {
                let (path, detail) = (one.recording.path.display().to_string(), printable(&problem.detail));
                output::warn(format_args!(
                    "`{}`, line {line}: `{}` enrols nobody: {detail} ({}); name another recording, or leave the row out",
                    self.table.display(),
                    printable(&path),
                    problem.reason
                ));
            }
        }
    }

    /// Fails where no recording can be used.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let nobody = !self.table.as_os_str().is_empty() && self.all.iter().all(|one| !self.is_usable(one));
        anyhow::ensure!(
            !nobody,
            "`{}` enrols nobody: of {} that it names none can be used",
            self.table.display(),
            counted(self.all.len(), "recording")
        );
        Ok(())
    }
}

/// Positions of the rows' emotions among `classes`; fails if a word is none of them, and names all such words.
fn labels(table: &Path, rows: &[Named], classes: &[Emotion]) -> Result<Vec<Option<usize>>, UsageError> {
    let labels: Vec<Option<Option<usize>>> =
        rows.iter().map(|row| row.emotion.as_deref().map(|word| ser_ingest::class_of(word, classes))).collect();
    let unknown: Vec<(&Named, &str)> = rows
        .iter()
        .zip(&labels)
        .filter(|(_, label)| **label == Some(None))
        .filter_map(|(row, _)| Some((row, row.emotion.as_deref()?)))
        .collect();
    let Some((_, first)) = unknown.first() else { return Ok(labels.into_iter().map(Option::flatten).collect()) };
    let told = unknown.iter().map(|(row, word)| format!("line {}: `{}`", row.line, printable(word)));
    let told = first_names(told, NAMED);
    let known: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    let advice = suggest::advice(first, &known, "its emotions").unwrap_or_default();
    Err(UsageError {
        message: format!("`{}` has labels that are no emotion of the model, {told}", table.display()),
        hint: Some(format!("{advice}; a cell may be empty where the emotion is another one or not known")),
    })
}

/// Each recording once. One that is told of two speakers is of neither: a wrong speaker is worse than none. One that is told to be of
/// two emotions is of none.
fn once(all: impl Iterator<Item = Enrolled>, classes: &[Emotion]) -> (Vec<Enrolled>, Vec<String>) {
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    // With what is wrong: two speakers, two emotions.
    let mut found: Vec<(Enrolled, bool, bool)> = Vec::new();
    let mut notes = Vec::new();
    for one in all {
        let place = *places.entry(one.recording.real.clone()).or_insert(found.len());
        let Some((first, two_speakers, two_emotions)) = found.get_mut(place) else {
            found.push((one, false, false));
            continue;
        };
        let path = first.recording.path.display().to_string();
        let about = format!("lines {} and {}: `{}` is told", first.line, one.line, printable(&path));
        if first.speaker != one.speaker {
            *two_speakers = true;
            let (speaker, other) = (printable(&first.speaker), printable(&one.speaker));
            notes.push(format!(
                "{about} of two speakers, `{speaker}` and `{other}`, and enrols neither: leave the wrong row out"
            ));
        } else if let (Some(class), Some(other)) = (first.class, one.class)
            && class != other
        {
            *two_emotions = true;
            let (class, other) = (classes[class], classes[other]);
            notes.push(format!("{about} to be `{class}` and `{other}`, and adapts nothing: leave the wrong row out"));
        }
        first.class = first.class.or(one.class);
    }
    let clear = found.into_iter().filter(|(_, two_speakers, _)| !two_speakers);
    let clear = clear.map(|(one, _, two_emotions)| Enrolled { class: one.class.filter(|_| !two_emotions), ..one });
    (clear.collect(), notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Emotion; 3] = [Emotion::ANGRY, Emotion::HAPPY, Emotion::SAD];

    fn enrolled(line: usize, path: &str, speaker: &str, class: Option<usize>) -> Enrolled {
        Enrolled { line, speaker: speaker.into(), recording: recordings::in_file(Path::new(path)), class }
    }

    #[test]
    fn labels_that_the_model_does_not_know_are_told_together_with_those_that_it_does() {
        let row = |line: usize, emotion: Option<&str>| Named {
            line,
            path: "a.wav".into(),
            speaker: "ana".into(),
            emotion: emotion.map(str::to_owned),
        };
        let rows = [row(2, Some("joy")), row(3, None), row(4, Some("sadd")), row(5, Some("calm"))];
        assert_eq!(labels(Path::new("t.csv"), &rows[..2], &CLASSES).expect("known"), [Some(1), None]);
        let error = labels(Path::new("t.csv"), &rows, &CLASSES).expect_err("two unknown words");
        assert_eq!(
            error.to_string(),
            "`t.csv` has labels that are no emotion of the model, line 4: `sadd`, line 5: `calm`"
        );
        let hint = error.hint.expect("a hint");
        assert!(hint.starts_with("did you mean `sad`? its emotions: `angry`, `happy`, `sad`; a cell may be"), "{hint}");
        let many: Vec<Named> = (2..10).map(|line| row(line, Some("calm"))).collect();
        let error = labels(Path::new("t.csv"), &many, &CLASSES).expect_err("unknown words").to_string();
        assert!(error.ends_with("line 6: `calm` and 3 more"), "{error}");
    }

    #[test]
    fn a_recording_is_of_one_speaker_and_of_one_emotion() {
        let rows = [
            enrolled(2, "a.wav", "ana", Some(0)),
            enrolled(3, "b.wav", "ana", None),
            enrolled(4, "c.wav", "ana", Some(0)),
            enrolled(5, "a.wav", "ben", Some(0)),
            enrolled(6, "b.wav", "ana", Some(2)),
            enrolled(7, "c.wav", "ana", Some(1)),
            enrolled(8, "b.wav", "ana", Some(2)),
        ];
        let (found, notes) = once(rows.into_iter(), &CLASSES);
        assert_eq!(found, [enrolled(3, "b.wav", "ana", Some(2)), enrolled(4, "c.wav", "ana", None)]);
        assert_eq!(
            notes,
            [
                "lines 2 and 5: `a.wav` is told of two speakers, `ana` and `ben`, and enrols neither: leave the wrong row out",
                "lines 4 and 7: `c.wav` is told to be `angry` and `happy`, and adapts nothing: leave the wrong row out",
            ]
        );
    }
}
