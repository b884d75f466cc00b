//! A corpus checked by its names alone: what `ser corpora check` shows, in a second instead of a minute.

use std::collections::BTreeMap;
use std::path::Path;

use ser_storage::Root;
use serde::Serialize;

use crate::descriptor::Descriptor;
use crate::error::IngestError;
use crate::expected::Inventory;
use crate::identify::{Identity, identify};
use crate::remarks::{Read, Remarks};
use crate::tables::Tables;
use crate::walk;

/// What lies below a root, by a descriptor. Paths are relative to the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// Name of the corpus.
    pub corpus: String,
    /// Folder that was searched.
    pub root: String,
    /// Whether the folder is there.
    pub exists: bool,
    /// Whether it is marked as synthetic.
    pub synthetic: bool,
    /// Audio files found.
    pub files: u64,
    /// Distinct recordings among the files that are the corpus's speech and whose names were understood.
    pub recordings: u64,
    /// Recordings by emotion.
    pub emotions: BTreeMap<String, u64>,
    /// Recordings by speaker.
    pub speakers: BTreeMap<String, u64>,
    /// Files that are not the corpus's speech, by the descriptor's word.
    pub other_modalities: BTreeMap<String, u64>,
    /// Files whose names were not understood, with the reason.
    pub not_understood: BTreeMap<String, String>,
    /// Files that are the recording of another one by all that is told of both, with that one: copies, mostly. With
    /// `recordings`, `other_modalities` and `not_understood` they are all `files`.
    pub seen_twice: BTreeMap<String, String>,
    /// Files whose name contradicts their folder.
    pub contradicting: Vec<String>,
    /// The first files that were understood, and how.
    pub examples: Vec<Example>,
    /// Files whose names were repaired, with the reason.
    pub repaired: BTreeMap<String, String>,
    /// The edition that was compared with, where the descriptor names one.
    pub edition: Option<String>,
    /// Files that the complete corpus has; null when the descriptor does not say.
    pub expected_files: Option<u64>,
    /// In words, what differs from the complete corpus; null when nothing does.
    pub shortfall: Option<String>,
    /// What is probably a mistake of the descriptor, of a table or of the names, each with what to do. Gravest first.
    pub warnings: Vec<String>,
    /// What was joined, passed over or not found, and what is only worth knowing; complete sentences.
    pub notes: Vec<String>,
}

/// A file, and what its name, its folder and the tables say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Path below the root.
    pub path: String,
    /// Speaker, without the corpus in front.
    pub speaker: Option<String>,
    /// The corpus's own word for the emotion.
    pub emotion: Option<String>,
    /// Sentence.
    pub sentence: Option<String>,
    /// Take.
    pub take: Option<String>,
}

/// Files whose reading a survey shows.
const EXAMPLES: usize = 3;

/// Checks the names of all audio files below `root`, a folder or a place in a bucket. A missing root is a survey with
/// `exists` false.
pub fn check_root(descriptor: &Descriptor, root: &Path) -> Result<Survey, IngestError> {
    let place = match root.to_str() {
        Some(text) if Root::is_bucket(text) => Root::of(text, Path::new(""))?,
        _ => Root::Folder(root.to_owned()),
    };
    let walk = walk::walk(descriptor, &place)?;
    let tables = Tables::load(descriptor, &place, &walk)?;
    let mut survey = Survey {
        corpus: descriptor.name.clone(),
        root: root.display().to_string(),
        exists: walk.exists,
        synthetic: walk.synthetic,
        files: walk.files.len() as u64,
        ..Survey::default()
    };
    let mut inventory = Inventory::default();
    let identities: Vec<Identity> =
        walk.files.iter().map(|found| identify(descriptor, &tables, found.stem())).collect();
    let read = Read { descriptor, walk: &walk, identities: &identities };
    let (misread, remarks, unread) = (Remarks::of_misread(&read), Remarks::of(&read), Remarks::of_unread(&read));
    let explained = !(remarks.warnings.is_empty() && unread.is_empty());
    let nothing = if explained { Vec::new() } else { nothing_found(&survey) };
    survey.warnings = [nothing, misread.warnings, tables.warnings, remarks.warnings, unread].concat();
    survey.notes = [walk.notes.clone(), tables.notes, misread.notes, remarks.notes].concat();
    for (found, identity) in walk.files.iter().zip(identities) {
        if let Some(number) = identity.repaired {
            let why = descriptor.repairs.get(number).map(|repair| repair.why.clone()).unwrap_or_default();
            survey.repaired.insert(found.below_root.clone(), why);
        }
        if identity.facts.name_matches_folder == Some(false) {
            survey.contradicting.push(found.below_root.clone());
        }
        if let Some(modality) = &identity.facts.modality {
            *survey.other_modalities.entry(modality.clone()).or_default() += 1;
        } else if let Some(why) = identity.not_understood {
            survey.not_understood.insert(found.below_root.clone(), why);
        } else {
            if survey.examples.len() < EXAMPLES {
                survey.examples.push(Example {
                    path: found.below_root.clone(),
                    speaker: identity.facts.speaker.clone(),
                    emotion: identity.facts.emotion_raw.clone(),
                    sentence: identity.facts.sentence.clone(),
                    take: identity.facts.take.clone(),
                });
            }
            if let Some(first) = inventory.add(&identity, &found.below_root) {
                survey.seen_twice.insert(found.below_root.clone(), first.to_owned());
            }
        }
    }
    survey.recordings = inventory.len();
    if let Some(expected) = inventory.edition(descriptor) {
        survey.edition.clone_from(&expected.edition);
        survey.expected_files = Some(expected.files);
        survey.shortfall = inventory.shortfall(expected);
    }
    survey.emotions = inventory.emotions.into_iter().map(|(emotion, count)| (emotion.to_string(), count)).collect();
    survey.speakers = inventory.speakers;
    Ok(survey)
}

/// A folder without a single audio file.
fn nothing_found(survey: &Survey) -> Vec<String> {
    let empty = survey.exists && survey.files == 0;
    let text = format!(
        "no audio file of the corpus below `{}`; unpack archives, and point the root at the folder that the \
         recordings lie in",
        survey.root
    );
    if empty { vec![text] } else { Vec::new() }
}
