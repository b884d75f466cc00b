//! The journal of a corpus's folder, which an earlier call or somebody else left.

use ser_fetch::{FOLDER, agree_to_licence, is_licence_agreed};

use crate::archive::fetched;
use crate::folder::{folder, put};

/// A licence, in words that no input has to know.
const LICENCE: &str = "CC BY 4.0";

/// Asks by the journal whether a corpus is complete, and adds to it.
///
/// # Panics
/// Where what is added does not count.
pub fn journal(bytes: &[u8]) {
    let folder = folder();
    put(folder.path(), &format!("{FOLDER}/journal.jsonl"), bytes);
    put(folder.path(), "a.wav", b"audio");
    let _ = fetched(folder.path(), None);
    let agreed = agree_to_licence(folder.path(), LICENCE).and_then(|()| is_licence_agreed(folder.path(), LICENCE));
    assert!(matches!(agreed, Ok(true)), "a licence that was agreed to: {agreed:?}");
}
