//! Text as a part of a URI.

use std::fmt::Write as _;

/// `text` with everything but unreserved characters and `kept` as percent codes of its UTF-8 bytes (RFC 3986, sections
/// 2.1 and 2.3).
pub fn percent_encoded(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_meaning_stands_as_it_is() {
        assert_eq!(percent_encoded("a b/ü?#%.wav", b"/"), "a%20b/%C3%BC%3F%23%25.wav");
        assert_eq!(percent_encoded("net/fold=0/a~b", b""), "net%2Ffold%3D0%2Fa~b");
    }
}
