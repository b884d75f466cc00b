//! The line of a pipeline file that leaves clips out of a manifest, for messages that advise it.

use std::collections::BTreeSet;

/// Most clips that a message lists in full.
const MAX_LISTED: usize = 100;

/// `` `exclude = ["a/1", "a/2"]` `` in TOML, with every id once. More than a hundred ids are not listed: the first of
/// them is named, with how many there are for an `exclude_file`.
pub fn exclude_line<'a>(clip_ids: impl IntoIterator<Item = &'a str>) -> String {
    let ids: BTreeSet<&str> = clip_ids.into_iter().collect();
    match ids.first() {
        Some(first) if ids.len() > MAX_LISTED => {
            format!("`exclude_file` with a table of their {} clip ids, from `{first}` on", ids.len())
        }
        _ => {
            let quoted: Vec<String> = ids.into_iter().map(quoted).collect();
            format!("`exclude = [{}]`", quoted.join(", "))
        }
    }
}

/// `text` as a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(letter)).chars()),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_listed_once_as_toml_reads_it() {
        assert_eq!(exclude_line(["b/2", "a/1", "b/2"]), "`exclude = [\"a/1\", \"b/2\"]`");
        assert_eq!(exclude_line(["a\\\"b\u{1}e\u{301}"]), "`exclude = [\"a\\\\\\\"b\\u0001e\u{301}\"]`");
        let many: Vec<String> = (0..101).map(|number| format!("a/{number:03}")).collect();
        let told = exclude_line(many.iter().map(String::as_str));
        assert_eq!(told, "`exclude_file` with a table of their 101 clip ids, from `a/000` on");
    }
}
