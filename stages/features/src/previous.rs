//! The stage's last result: which of its rows would come out the same, where a whole part does not. Rows of equal content and
//! recipe are equal.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ser_schemas::frames::{read_clips, read_keys};
use ser_schemas::functionals::{self, Functionals};
use ser_schemas::{TableResult, part_files};

use crate::division::Recording;
use crate::extract::ClipFeatures;

/// Rows of the last result, found by what they follow from.
#[derive(Debug)]
pub(crate) struct Rows {
    /// A row is of a certain clip: what is drawn for a copy depends on the clip's id.
    of_ids: bool,
    parts: Vec<PathBuf>,
    /// Part and row; of several rows of one clip the first.
    places: HashMap<String, (usize, usize)>,
}

impl Rows {
    /// The rows of the table of frames in folder `table` that `recipe` made, by the content of their files and, with
    /// `of_ids`, by their clips too. Empty where there is no such table.
    pub(crate) fn read(table: Option<PathBuf>, recipe: &str, of_ids: bool) -> Self {
        let mut rows = Self { of_ids, parts: Vec::new(), places: HashMap::new() };
        for part in table.and_then(|table| part_files(&table).ok()).unwrap_or_default() {
            // Not being able to save work is no reason to fail.
            let Some((_, keys)) = read_keys(&part).ok().filter(|(found, _)| found == recipe) else { continue };
            for (row, key) in keys.into_iter().enumerate().filter(|(_, key)| !key.content_hash.is_empty()) {
                let place = (rows.parts.len(), row);
                let name = rows.name(&key.clip_id, &key.content_hash);
                rows.places.entry(name).or_insert(place);
            }
            rows.parts.push(part);
        }
        rows
    }

    /// True if there is a table to take rows from.
    pub(crate) fn are_there(&self) -> bool {
        !self.parts.is_empty()
    }

    fn name(&self, clip_id: &str, content_hash: &str) -> String {
        if self.of_ids { format!("{content_hash} {clip_id}") } else { content_hash.to_owned() }
    }

    /// The parts that hold rows of `clips`, each with the positions of these clips and of their rows.
    fn of(&self, clips: &[Recording]) -> BTreeMap<&Path, Vec<(usize, usize)>> {
        let mut found: BTreeMap<&Path, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, clip) in clips.iter().enumerate() {
            // Without a hash nothing is known of the content, and nothing may be taken over.
            let name = clip.content_hash.as_ref().map(|hash| self.name(&clip.clip_id, hash));
            if let Some((part, row)) = name.and_then(|name| self.places.get(&name)) {
                found.entry(&self.parts[*part]).or_default().push((at, *row));
            }
        }
        found
    }

    /// Hands over the frames and functionals of those of `clips` that have some, with their positions.
    pub(crate) fn features(&self, clips: &[Recording], mut put: impl FnMut(usize, ClipFeatures)) {
        self.each(clips, functionals::FOLDER, 1, |at, rows| rows.into_iter().for_each(|row| put(at, row)));
    }

    /// The same of their altered copies, `count` of each.
    pub(crate) fn copies(&self, clips: &[Recording], count: usize, put: impl FnMut(usize, Vec<ClipFeatures>)) {
        self.each(clips, functionals::AUGMENTED, count, put);
    }

    /// Hands over `count` rows of each of `clips` that has them; their functionals are in `folder`.
    fn each(&self, clips: &[Recording], folder: &str, count: usize, mut put: impl FnMut(usize, Vec<ClipFeatures>)) {
        for (part, places) in self.of(clips) {
            let Ok(all) = read_features(part, folder) else { continue };
            for (at, row) in places {
                let own = all.iter().skip(row).take(count);
                let is_own = |(clip_id, _): &&(String, ClipFeatures)| !self.of_ids || *clip_id == clips[at].clip_id;
                if own.clone().filter(is_own).count() == count {
                    put(at, own.map(|(_, features)| features.clone()).collect());
                }
            }
        }
    }
}

/// The frames of the rows of a part and their functionals, which lie in `folder` under the same name, each with its clip's id.
fn read_features(part: &Path, folder: &str) -> TableResult<Vec<(String, ClipFeatures)>> {
    let (_, keys) = read_keys(part)?;
    let clips: Vec<_> = read_clips(part)?.collect::<TableResult<_>>()?;
    let folder = part.parent().and_then(Path::parent).unwrap_or(Path::new("")).join(folder);
    let mut functionals = Functionals::read(&folder.join(part.file_name().unwrap_or_default()))?;
    if !functionals.clip_ids.iter().eq(keys.iter().map(|key| &key.clip_id)) {
        functionals = Functionals::default();
    }
    let rows = clips.into_iter().zip(keys).take(functionals.clip_ids.len()).enumerate();
    let features = rows.map(|(row, (clip, key))| {
        let functionals = functionals.row(row).to_vec();
        (clip.clip_id, ClipFeatures { frames: clip.values, frame_count: key.frame_count as usize, functionals })
    });
    Ok(features.collect())
}
