//! The stage: a file's rows in, tables of features out.

use std::io::Read as _;
use std::path::Path;

use ser_schemas::frames::{self, ClipFrames, FramesWriter};
use ser_schemas::functionals::{self, FunctionalsWriter};
use ser_schemas::{Clip, Exclusion, Imported, Table, TableError};
use ser_stage::{Context, Outcome};
use ser_text::counted;

use crate::error::ImportError;
use crate::findings::Findings;
use crate::names::{doubled, numbered, statistics, too_many};
use crate::params::Params;
use crate::roll::{Called, Roll};
use crate::row::{Cell, Column, Form, Frames, Row, Sink};
use crate::{columns, csv, parquet};

/// How a Parquet file begins.
const PARQUET: &[u8; 4] = b"PAR1";

/// The folders that an import reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest: `clips.parquet`.
    pub manifest: &'a Path,
    /// Folder with its `exclusions.parquet`. Without it, rows of clips that it leaves out are of no clip.
    pub exclusions: Option<&'a Path>,
}

/// Imports the file that `params` name, the BLAKE3 hash of whose bytes is `hash`; writes `frames` and `functionals`.
///
/// The file has one row for each clip of the manifest, with finite numbers, as many for every clip, or it is refused: figures
/// are of the same clips for every model, so a clip that some features lack is for the manifest to leave out. Rows of no clip
/// are told.
pub fn run(params: &Params, inputs: &Inputs<'_>, hash: &str, ctx: &Context<'_>) -> Result<Outcome, ImportError> {
    let ids = Clip::read_in(inputs.manifest)?.into_iter().map(|clip| clip.clip_id).collect();
    let exclusions = inputs.exclusions.map(Exclusion::read_in).transpose()?.unwrap_or_default();
    let roll = Roll::new(ids, exclusions.into_iter().map(|row| row.clip_id))?;
    let path = ctx.resolve(&params.file);
    let imported = Imported { file: params.file.clone(), blake3: hash.to_owned() };
    ctx.observer.begin("importing", roll.len() as u64, "clips");
    let mut import = Import {
        params,
        path: &path,
        imported,
        ctx,
        roll,
        taken: Vec::new(),
        names: None,
        tables: None,
        frame_count: 0,
        rows: 0,
        findings: Findings::default(),
    };
    if is_parquet(&path)? { parquet::read(&path, &mut import) } else { csv::read(&path, &mut import) }?;
    import.finish()
}

/// By its content, or where that is of no use by its name, whose reader then says what is wrong with it.
fn is_parquet(path: &Path) -> Result<bool, ImportError> {
    let mut beginning = Vec::new();
    let file = std::fs::File::open(path).map_err(TableError::io("read", path))?;
    file.take(PARQUET.len() as u64).read_to_end(&mut beginning).map_err(TableError::io("read", path))?;
    let endings = ["parquet", "pq"];
    let named = path.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)));
    Ok(named || beginning == PARQUET)
}

/// A column that is taken.
struct Taken {
    name: String,
    form: Form,
    /// Values of a list or of a frame, as the first clip has them.
    width: Option<usize>,
}

/// Names of the values, known with the first clip.
struct Names {
    /// Of the clip's own values.
    functionals: Vec<String>,
    /// Of the values of a frame; empty where the file has none.
    frames: Vec<String>,
}

/// The tables being written.
struct Tables {
    /// Functionals per clip.
    width: usize,
    functionals: FunctionalsWriter,
    frames: FramesWriter,
}

struct Import<'a> {
    params: &'a Params,
    path: &'a Path,
    imported: Imported,
    ctx: &'a Context<'a>,
    roll: Roll,
    taken: Vec<Taken>,
    names: Option<Names>,
    tables: Option<Tables>,
    frame_count: usize,
    rows: usize,
    findings: Findings,
}

impl Sink for Import<'_> {
    fn choose(&mut self, columns: &[Column]) -> Result<Vec<usize>, ImportError> {
        let taken = columns::taken(columns, self.params).map_err(|problem| self.refused(problem))?;
        let of = |at: &usize| {
            let Column { name, form, .. } = &columns[*at];
            Taken { name: name.clone(), form: form.unwrap_or(Form::Number), width: None }
        };
        self.taken = taken.iter().map(of).collect();
        Ok(taken)
    }

    fn take(&mut self, row: Row) -> Result<(), ImportError> {
        if self.ctx.observer.is_cancelled() {
            return Err(ImportError::Cancelled);
        }
        self.rows += 1;
        let place = match self.roll.call(&row.clip_id) {
            Called::Clip(place) => place,
            Called::LeftOut => {
                self.findings.left_out();
                return Ok(());
            }
            Called::Unknown => {
                self.findings.unknown(&row.clip_id);
                return Ok(());
            }
        };
        let clip_id = self.roll.id(place).to_owned();
        if let Some(first) = self.roll.note(place, &row.place) {
            self.findings.twice(&clip_id, first, &row.place);
            return Ok(());
        }
        self.ctx.observer.advance(1);
        let (mut values, mut frames) = (Vec::new(), None);
        for (taken, cell) in self.taken.iter_mut().zip(row.cells) {
            match checked(taken, cell, &clip_id, &mut self.findings) {
                Some(Checked::Values(own)) => values.extend(own),
                Some(Checked::Frames(own)) => frames = Some(own),
                None => {}
            }
        }
        // Once the file is known to be refused, nothing of it is written.
        if self.findings.are_grave() { Ok(()) } else { self.keep(clip_id, values, frames) }
    }
}

impl Import<'_> {
    fn refused(&self, problem: String) -> ImportError {
        ImportError::NotUnderstood { path: self.path.to_owned(), problem }
    }

    /// Takes the checked values of a clip.
    fn keep(&mut self, clip_id: String, mut values: Vec<f32>, frames: Option<Vec<f32>>) -> Result<(), ImportError> {
        let names = match self.names.take() {
            Some(names) => names,
            None => self.name()?,
        };
        if let Some(frames) = &frames
            && values.is_empty()
        {
            values = moments(frames, names.frames.len());
        }
        // Without frames, a clip is its own.
        let frames = frames.unwrap_or_else(|| values.clone());
        let width = if names.frames.is_empty() { values.len() } else { names.frames.len() };
        self.names = Some(names);
        self.frame_count += frames.len().checked_div(width).unwrap_or(0);
        if let Some(tables) = &mut self.tables {
            tables.functionals.push(&clip_id, &values)?;
            tables.frames.push(ClipFrames { clip_id, variant: String::new(), values: frames })?;
        }
        Ok(())
    }

    /// Names the values, of which the first clip tells how many there are, and starts the tables.
    fn name(&mut self) -> Result<Names, ImportError> {
        let mut names = Names { functionals: Vec::new(), frames: Vec::new() };
        let count: usize = self.taken.iter().map(|taken| taken.width.unwrap_or(1)).sum();
        if let Some(problem) = too_many(count) {
            return Err(self.refused(problem));
        }
        for Taken { name, form, width } in &self.taken {
            let width = width.unwrap_or(1);
            match form {
                Form::Number => names.functionals.push(name.clone()),
                Form::List => names.functionals.extend(numbered(name, width)),
                Form::Frames => names.frames.extend(numbered(name, width)),
            }
        }
        if let Some(problem) = doubled(&names.functionals) {
            return Err(self.refused(problem));
        }
        let statistics = names.functionals.is_empty().then(|| statistics(&names.frames));
        let functionals = statistics.unwrap_or_else(|| names.functionals.clone());
        let columns = if names.frames.is_empty() { &names.functionals } else { &names.frames };
        let layout = self.imported.layout(columns.clone());
        let Context { out_dir, provenance, .. } = self.ctx;
        self.tables = Some(Tables {
            width: functionals.len(),
            functionals: FunctionalsWriter::create(&out_dir.join(functionals::FOLDER), &functionals, provenance)?,
            frames: FramesWriter::create(&out_dir.join(frames::FOLDER), &layout, provenance)?,
        });
        Ok(names)
    }

    fn finish(self) -> Result<Outcome, ImportError> {
        let all = self.roll.len();
        if self.rows == 0 {
            return Err(self.refused("expected a row for each clip of the manifest, found none".to_owned()));
        }
        if self.roll.missing().count() == all {
            let ids = self.findings.unknown_ids();
            let expected = self.roll.id(0);
            return Err(self.refused(format!(
                "none of its {} is of a clip of the manifest: it has {ids}, and the manifest has clips like `{expected}`; \
                 `clip_id` is that of the manifest's clips.parquet",
                counted(self.rows, "row")
            )));
        }
        let problems = self.findings.problems(self.roll.missing(), all);
        if !problems.is_empty() {
            return Err(ImportError::Refused { path: self.path.to_owned(), problems });
        }
        if let Some(warning) = self.findings.warning() {
            self.ctx.observer.warn(&format!("`{}`: {warning}", self.path.display()));
        }
        let mut width = 0;
        if let Some(tables) = self.tables {
            width = tables.width;
            tables.functionals.finish()?;
            tables.frames.finish()?;
        }
        let of_file = self.names.as_ref().map_or(&[][..], |names| &names.frames);
        let what = if of_file.is_empty() {
            counted(width, "functional")
        } else {
            format!("{} frames of {} features, {}", self.frame_count, of_file.len(), counted(width, "functional"))
        };
        let mut notes = vec![format!("imported from {}", self.imported)];
        if of_file.is_empty() {
            notes.push("it has no frames: to a network, each clip is one frame of its functionals".to_owned());
        } else if self.names.as_ref().is_some_and(|names| names.functionals.is_empty()) {
            notes.push("functionals are mean and standard deviation of each feature over a clip's frames".to_owned());
        }
        notes.extend(self.findings.note());
        let headline = format!("{}, {what}, from {}", counted(all, "clip"), self.params.file);
        Ok(Outcome { rows: all as u64, headline, notes, ..Outcome::default() })
    }
}

/// What a clip has in a column, as it should be.
enum Checked {
    /// Of the clip.
    Values(Vec<f32>),
    /// Frame after frame.
    Frames(Vec<f32>),
}

/// `cell` of `clip_id`, unless something is wrong with it, which `findings` gets.
fn checked(taken: &mut Taken, cell: Cell, clip_id: &str, findings: &mut Findings) -> Option<Checked> {
    let Taken { name, form, width } = taken;
    match cell {
        Cell::Text(text) => {
            findings.value(clip_id, name, name, &format!("`{text}`"));
            None
        }
        Cell::Number(value) if value.is_finite() => Some(Checked::Values(vec![value])),
        Cell::Number(value) => {
            findings.value(clip_id, name, name, &value.to_string());
            None
        }
        Cell::List(values) => {
            if values.is_empty() {
                findings.length(clip_id, name, "no values", "some");
                return None;
            }
            let expected = *width.get_or_insert(values.len());
            if values.len() != expected {
                findings.length(clip_id, name, &counted(values.len(), "value"), &expected.to_string());
                return None;
            }
            finite(values, expected, *form, (name, clip_id), findings).map(Checked::Values)
        }
        Cell::Frames(Frames { values, widths }) => {
            let Some(first) = widths.first().filter(|first| **first > 0) else {
                let found = if widths.is_empty() { "no frames" } else { "a first frame of no values" };
                findings.length(clip_id, name, found, "some");
                return None;
            };
            let expected = *width.get_or_insert(*first);
            if let Some(at) = widths.iter().position(|found| *found != expected) {
                let found = format!("a frame (number {at}) of {}", counted(widths[at], "value"));
                findings.length(clip_id, name, &found, &expected.to_string());
                return None;
            }
            finite(values, expected, *form, (name, clip_id), findings).map(Checked::Frames)
        }
    }
}

/// `values` in rows of `width`, unless some are not finite; `place` is the column and the clip.
fn finite(
    values: Vec<f32>,
    width: usize,
    form: Form,
    place: (&str, &str),
    findings: &mut Findings,
) -> Option<Vec<f32>> {
    let Some(at) = values.iter().position(|value| !value.is_finite()) else { return Some(values) };
    let (column, clip_id) = place;
    let name = format!("{column}[{}]", at % width.max(1));
    let frame = if form == Form::Frames { format!(" in frame {}", at / width.max(1)) } else { String::new() };
    findings.value(clip_id, column, &name, &format!("{}{frame}", values[at]));
    None
}

/// The mean of each of `width` columns over the frames in `values`, then the standard deviation of each, which divides by the
/// number of frames.
fn moments(values: &[f32], width: usize) -> Vec<f32> {
    let count = values.len().checked_div(width).unwrap_or(0).max(1) as f64;
    let mut means = vec![0.0_f64; width];
    for frame in values.chunks_exact(width.max(1)) {
        means.iter_mut().zip(frame).for_each(|(sum, value)| *sum += f64::from(*value) / count);
    }
    let mut variances = vec![0.0_f64; width];
    for frame in values.chunks_exact(width.max(1)) {
        for ((sum, value), mean) in variances.iter_mut().zip(frame).zip(&means) {
            *sum += (f64::from(*value) - mean).powi(2) / count;
        }
    }
    means.into_iter().chain(variances.into_iter().map(f64::sqrt)).map(|value| value as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Column 0: 1 and 3, mean 2, deviations of 1. Column 1 is constant.
    #[test]
    fn frames_by_hand() {
        assert_eq!(moments(&[1.0, 5.0, 3.0, 5.0], 2), [2.0, 5.0, 1.0, 0.0]);
        assert_eq!(moments(&[7.0], 1), [7.0, 0.0]);
    }
}
