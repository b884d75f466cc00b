//! A dataset for the Hugging Face libraries: Parquet shards with the recordings in them, and a card.
//!
//! `datasets.load_dataset` reads such a folder, and so does whatever reads Parquet. Recordings are the files as they
//! were found, byte for byte: nothing is decoded or resampled.

mod card;
mod columns;
mod shards;

use std::fs;
use std::path::{Path, PathBuf};

use ser_schemas::{Clip, Role};
use ser_stage::Observer;

use self::columns::Columns;
use crate::dataset::{Dataset, Division, Terms, check_terms};
use crate::error::{ExportError, ExportResult};
use crate::whole_folder::WholeFolder;

/// Name of the card's file.
const CARD: &str = "README.md";
/// Name of the folder with the shards.
const DATA: &str = "data";

/// Choices in writing a dataset.
pub struct HfOptions<'a> {
    /// Folder that paths of clips start at.
    pub base_dir: PathBuf,
    /// Terms of each corpus; one that is not among them may not be passed on.
    pub terms: &'a [Terms],
    /// `true` if the dataset is for nobody else, so that licences do not matter.
    pub private: bool,
    /// Which clips are for training, validation and test; `None` is all for training.
    pub division: Option<&'a Division>,
    /// Most bytes of recordings in a shard; a shard holds one clip at least.
    pub shard_bytes: u64,
    /// `true` if an earlier export may be replaced.
    pub replace: bool,
}

/// A dataset that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HfSummary {
    /// Its splits, in order; none is empty.
    pub splits: Vec<HfSplit>,
    /// Clips that play no part in the fold.
    pub without_part: usize,
}

/// A split of a dataset that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HfSplit {
    /// `train`, `validation` or `test`.
    pub name: &'static str,
    /// Number of clips.
    pub clips: usize,
    /// Number of files.
    pub shards: usize,
    /// Bytes of these files.
    pub bytes: u64,
}

/// Writes `dataset` to the folder `dir`.
pub fn hugging_face(
    dir: &Path,
    dataset: &Dataset,
    options: &HfOptions<'_>,
    observer: &dyn Observer,
) -> Result<HfSummary, ExportError> {
    if dataset.clips.is_empty() {
        return Err(ExportError::NoClips);
    }
    if !options.private {
        check_terms(dataset, options.terms)?;
    }
    let parts = parts(dataset, options.division)?;
    let whole = WholeFolder::create(dir, options.replace, card::is_of_an_export)?;
    let data = whole.partial().join(DATA);
    fs::create_dir(&data).map_err(ExportError::io("create", &data))?;
    let columns = Columns::of(&dataset.clips);
    let clips = parts.iter().map(|(_, clips)| clips.len()).sum::<usize>();
    observer.begin("writing shards", clips as u64, "clips");
    let mut splits = Vec::new();
    for (role, clips) in &parts {
        let name = role.as_str();
        let shards = shards::cut(clips, options.shard_bytes, usize::MAX);
        let mut bytes = 0;
        for (number, shard) in shards.iter().enumerate() {
            let path = data.join(format!("{name}-{number:05}-of-{:05}.parquet", shards.len()));
            bytes += shards::write(&path, shard, &columns, &options.base_dir, observer)?;
        }
        splits.push(HfSplit { name, clips: clips.len(), shards: shards.len(), bytes });
    }
    let summary = HfSummary { splits, without_part: dataset.clips.len() - clips };
    let card = card::write(dataset, &parts, &columns, &summary, options);
    let path = whole.partial().join(CARD);
    fs::write(&path, card).map_err(ExportError::io("write", &path))?;
    whole.put_in_place()?;
    Ok(summary)
}

/// The clips of each role, in the manifest's order; roles without clips are left out.
type Parts<'a> = Vec<(Role, Vec<&'a Clip>)>;

fn parts<'a>(dataset: &'a Dataset, division: Option<&Division>) -> ExportResult<Parts<'a>> {
    let Some(division) = division else { return Ok(vec![(Role::Train, dataset.clips.iter().collect())]) };
    let of = |role: Role| {
        let plays = |clip: &&Clip| division.roles.get(&clip.clip_id) == Some(&role);
        (role, dataset.clips.iter().filter(plays).collect::<Vec<_>>())
    };
    let parts: Parts<'a> = Role::ALL.iter().map(|role| of(*role)).filter(|(_, clips)| !clips.is_empty()).collect();
    if parts.is_empty() {
        let (split, fold, clips) = (division.split.clone(), division.fold, dataset.clips.len());
        return Err(ExportError::OtherManifest { split, fold, clips });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
