//! Paths that stay below a folder, and which of them are wanted.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::FetchError;

/// Longest name of a file or folder that file systems take.
const MOST_NAME_BYTES: usize = 255;

/// Why `path`, from a list or an archive, cannot be a path below a folder. It has to be relative, with `/` between
/// names that mean nothing else on any system, none of them hidden.
pub(crate) fn unsafe_because(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    path.split('/').find_map(|name| match name {
        "" => Some("a part of it has no name"),
        "." | ".." => Some("it leads out of the folder"),
        name if name.starts_with('.') => Some("a part of it is hidden"),
        name if name.len() > MOST_NAME_BYTES => Some("a part of it is too long for a name"),
        name if name.contains(['\\', ':', '\0']) => Some("a part of it has a `\\`, a `:` or a zero byte"),
        name if name.chars().any(char::is_control) => Some("a part of it has control characters"),
        _ => None,
    })
}

/// What some archivers add: resource forks, which have names of audio files and are none.
pub(crate) fn is_litter(path: &str) -> bool {
    path.split('/').any(|name| name == "__MACOSX" || name.starts_with("._"))
}

/// The set of `globs`, in which `*` stops at a `/` and `**` does not.
pub(crate) fn globs(globs: &[String]) -> Result<GlobSet, FetchError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let wrong = |source| FetchError::Glob { glob: glob.clone(), source };
        set.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(wrong)?);
    }
    set.build().map_err(|source| FetchError::Glob { glob: globs.join(", "), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_stay_below_the_folder_are_safe() {
        for path in ["a.wav", "Actor_01/03-01.wav", "Übung/ä b.wav", "a..b/c"] {
            assert_eq!(unsafe_because(path), None, "{path}");
        }
        let long = format!("a/{}.wav", "x".repeat(252));
        for path in [
            "",
            "/etc/passwd",
            "../a",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            ".ser-fetch/journal",
            "a\\b",
            "C:a",
            "a\0b",
            "a\nb",
            &long,
        ] {
            assert!(unsafe_because(path).is_some(), "{path:?}");
        }
    }

    #[test]
    fn a_star_stops_at_a_folder() {
        let set = globs(&["AudioWAV/*.wav".to_owned(), "**/*.csv".to_owned()]).expect("globs");
        assert!(set.is_match("AudioWAV/a.wav") && set.is_match("a.csv") && set.is_match("x/y/a.csv"));
        assert!(!set.is_match("AudioWAV/b/a.wav") && !set.is_match("x/AudioWAV/a.wav"));
        assert!(globs(&["a[".to_owned()]).expect_err("a glob").to_string().contains("`a[`"));
    }
}
