//! Files that may be recordings of the corpus and are not read: audio in other formats, and archives.

use std::collections::BTreeMap;

use ser_text::counted;

use super::Read;
use crate::names;
use crate::walk::{ARCHIVES, is_included};

/// A sentence for each of both.
pub(super) fn all(read: &Read<'_>) -> Vec<String> {
    [audio(read), archives(read)].into_iter().flatten().collect()
}

fn audio(read: &Read<'_>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut first = None;
    for path in &read.walk.foreign_audio {
        let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
        // What is known not to be the corpus's speech, such as its videos, is not missed.
        let is_other = || names::read_name(read.descriptor, stem).facts.is_ok_and(|facts| facts.modality.is_some());
        if is_included(read.descriptor, path) && !is_other() {
            *counts.entry(extension.to_lowercase()).or_default() += 1;
            first.get_or_insert(path);
        }
    }
    let first = first?;
    Some(format!(
        "{} left out, in formats that are not read ({}), the first is `{first}`; convert them to WAV or FLAC, for \
         example with ffmpeg, or say that they do not belong to the corpus with `[files] exclude`",
        are(counts.values().sum(), "audio file"),
        listed(counts.iter().map(|(kind, count)| (kind.as_str(), *count)))
    ))
}

fn archives(read: &Read<'_>) -> Option<String> {
    let others = &read.walk.others;
    let counts = ARCHIVES.into_iter().filter_map(|kind| Some((kind, usize::try_from(*others.get(kind)?).ok()?)));
    let total: usize = counts.clone().map(|(_, count)| count).sum();
    (total > 0)
        .then(|| format!("{} not read ({}); unpack what belongs to the corpus", are(total, "archive"), listed(counts)))
}

fn are(number: usize, what: &str) -> String {
    format!("{} {}", counted(number, what), if number == 1 { "is" } else { "are" })
}

fn listed<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> String {
    counts.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::remarks::tests::{warnings, with};

    const SONG: &str = "[[pattern]]\nmodality = \"song\"\npath = '^song_'\n";
    const PATTERN: &str = "[[pattern]]\npath = '^(?<speaker>\\w+?)_(?<emotion>[a-z]+)$'\n";

    #[test]
    fn audio_in_other_formats_and_archives_are_counted() {
        let names = ["a_sad.wav", "b_happy.wav", "c_sad.M4A", "d_sad.opus", "e_sad.m4a", "song_1.mp4", "old/f_sad.wma"];
        let text = format!("files.exclude = [\"old/**\"]\n{SONG}{PATTERN}");
        let found = warnings(&with(&text, &[&names[..], &["more.zip", "g_sad.wav.gz"]].concat()));
        assert!(
            found.iter().any(|text| text.starts_with(
                "3 audio files are left out, in formats that are not read (2 m4a, 1 opus), the first is `c_sad.M4A`"
            )),
            "{found:#?}"
        );
        assert!(found.iter().any(|text| text.starts_with("2 archives are not read (1 gz, 1 zip);")), "{found:#?}");
        let found = warnings(&with(PATTERN, &["a_sad.m4a"]));
        assert!(found.len() == 1 && found[0].starts_with("1 audio file is left out"), "{found:#?}");
    }
}
