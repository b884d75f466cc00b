//! Answers of a store, read without one.

use crate::page::Page;
use crate::refusal::{Asked, Refusal};

/// Keys of the page of a listing that `text` is; or why it is none.
pub fn keys(text: &str) -> Result<Vec<String>, String> {
    Ok(Page::parse(text)?.objects.into_iter().map(|(key, _)| key).collect())
}

/// What an answer of `status` with `body` is told as, with what to do about it.
pub fn told(status: u16, body: &str) -> String {
    let asked =
        Asked { what: "s3://corpora/a", bucket: "corpora", endpoint: "http://host", region: "x", anonymous: true };
    let refusal = Refusal { status, body, region: None, location: Some(body) };
    let error = refusal.meaning(&asked).error;
    format!("{error}: {}", error.hint())
}
