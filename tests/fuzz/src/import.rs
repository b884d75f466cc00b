//! Features that were computed elsewhere, in CSV or Parquet.

use ser_schemas::functionals::{self, Functionals};
use ser_schemas::{Clip, Provenance, Table as _};
use ser_stage::Context;

use crate::folder::{folder, put};

/// The clips of the manifest.
pub(crate) const CLIPS: [&str; 2] = ["c/a", "c/b"];

/// Imports the file for a manifest of two clips.
///
/// # Panics
/// Where a file is taken, and its features are not there or not finite.
pub fn import(bytes: &[u8]) {
    let _ = is_taken(bytes);
}

fn is_taken(bytes: &[u8]) -> bool {
    let folder = folder();
    let dir = folder.path();
    // Whether it is Parquet shows in its content.
    put(dir, "features.csv", bytes);
    let clips = CLIPS.map(|id| Clip::found(id.to_owned(), "c".to_owned(), format!("{id}.wav"), 1));
    if Clip::write_in(dir, &clips, &Provenance::default()).is_err() {
        return false;
    }
    let params = ser_import::Params { file: "features.csv".to_owned(), ..ser_import::Params::default() };
    let inputs = ser_import::Inputs { manifest: dir, exclusions: None };
    let is_taken = ser_import::run(&params, &inputs, "", &Context::alone(dir)).is_ok();
    if is_taken {
        let found = Functionals::read(&dir.join(functionals::OUTPUT.file));
        let found = found.map(|table| (table.clip_ids.len(), table.values.iter().all(|value| value.is_finite())));
        assert!(matches!(found, Ok((2, true))), "features of both clips: {found:?}");
    }
    is_taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_taken() {
        let seeds = crate::seeds("import");
        assert!(seeds.len() == 3 && seeds.iter().all(|seed| is_taken(seed)));
    }
}
