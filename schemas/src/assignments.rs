//! `assignments`: which clip plays which part in which fold.

use crate::Role;

crate::table::table! {
    /// One clip in one fold.
    pub struct Assignment ("assignments", version 1) {
        /// The clip.
        clip_id: String,
        /// Fold number from 0.
        fold: u32,
        /// Use of the clip in this fold.
        role: Role,
    }
}
