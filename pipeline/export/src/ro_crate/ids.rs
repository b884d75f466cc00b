//! Ids of entities: relative URIs of what lies in the crate, fragments for everything else.

use std::fmt::Write as _;

/// `path` as a relative URI (RFC 3986, section 2.1): what has a meaning there, and what may not stand there, is written as
/// its bytes.
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/=".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// Id of something that is no file of the crate.
pub(super) fn fragment(kind: &str, name: &str) -> String {
    format!("#{kind}/{}", uri(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_meaning_stands_as_it_is() {
        assert_eq!(uri("net/fold=0/model.safetensors"), "net/fold=0/model.safetensors");
        assert_eq!(uri("a b#c%é"), "a%20b%23c%25%C3%A9");
        assert_eq!(fragment("stage", "a b"), "#stage/a%20b");
    }
}
