//! From files found to clips that can be learnt from: one label set, quality gates, one copy of each recording.
//!
//! Nothing disappears here: every row that the ingest stages found becomes a clip or an exclusion with a reason. The
//! reasons are looked for in this order, and the first that holds is the one given:
//!
//! 1. what ingest found wrong with the file or its name (`unreadable`, `truncated`, `git_lfs_pointer`, `non_finite`,
//!    `name_not_understood`, `other_modality`);
//! 2. `label_not_wanted`: no place in the class set;
//! 3. `channels_cancel`, `silent`;
//! 4. `too_short`, `too_long`;
//! 5. `duplicate`: the same audio with another emotion, then the same clip id, then the same audio.
//!
//! | module | what it knows |
//! |---|---|
//! | `labels` | the emotion of a clip in this manifest's class set |
//! | `quality` | silence, cancelling channels and duration |
//! | `duplicates` | which of several copies stays |

mod duplicates;
mod error;
mod labels;
mod params;
mod quality;
mod run;

pub use crate::error::ManifestError;
pub use crate::params::{LabelSource, Merge, Params};
pub use crate::quality::SoundRules;
pub use crate::run::{CLIPS_FILE, CORPORA_FILE, EXCLUSIONS_FILE, run};

/// Rises when the same input would give another table.
pub const VERSION: u32 = 2;
