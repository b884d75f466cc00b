//! What a store answers: a page of a listing, or a refusal.

use ser_storage::testing::{keys, told};

/// Reads the bytes as both.
///
/// # Panics
/// Where a refusal would have a terminal obey it.
pub fn storage(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = keys(text);
    for status in [200, 301, 403, 404, 412, 503] {
        let told = told(status, text);
        assert!(!told.contains('\u{1b}'), "a control character: {told:?}");
    }
}
