//! From files found to clips that can be learnt from: one label set, quality gates, one copy of each recording.
//!
//! Nothing disappears here: every row that the ingest stages found becomes a clip or an exclusion with a reason. The
//! reasons are looked for in this order, and the first that holds is the one given:
//!
//! 1. `declared`: the analyst named it in `exclude` or its file;
//! 2. what ingest found wrong with the file or its name (`unreadable`, `truncated`, `git_lfs_pointer`, `non_finite`,
//!    `name_not_understood`, `other_modality`);
//! 3. `label_not_wanted`: no place in the class set;
//! 4. `channels_cancel`, `silent`;
//! 5. `too_short`, `too_long`;
//! 6. `copies_contradict`: the same recording with another emotion or under another speaker; `duplicate`: that of a
//!    file that stays; `clip_id_taken`: another recording with the clip id of one that stays.
//!
//! A manifest of a single class is refused: nothing can be learnt from it, and every figure would be perfect.
//!
//! | module | what it knows |
//! |---|---|
//! | `labels` | the emotion of a clip in this manifest's class set |
//! | `quality` | silence, cancelling channels and duration |
//! | `duplicates` | which of several copies stays |
//! | `exclude` | clips that the analyst names |
//! | `takes` | whether files that share a clip id hold one take |
//! | `told` | what to say of copies |
//! | `vocabulary` | words and classes of the parameters that no clip has |

mod duplicates;
mod error;
mod exclude;
mod kind;
mod labels;
mod params;
mod quality;
mod run;
mod takes;
mod told;
mod vocabulary;

pub use crate::error::ManifestError;
pub use crate::kind::Manifest;
pub use crate::params::{LabelSource, Merge, Params};
pub use crate::quality::SoundRules;
pub use crate::run::run;
