//! Ids of entities: relative URIs of what lies in the crate, fragments for everything else.

/// `path` as a relative URI.
pub(super) fn uri(path: &str) -> String {
    ser_text::percent_encoded(path, b"/=")
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
