//! Likely meaning of a misspelt name.

/// The candidate closest to `typed`, when it is close enough to be a slip of the keyboard or a reordering of its words.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(typed);
    candidates
        .into_iter()
        .map(|candidate| (similarity(&folded, &fold(candidate)), candidate))
        .filter(|(similarity, _)| similarity.score >= 0.6)
        .max_by(|(a, _), (b, _)| a.score.total_cmp(&b.score).then(a.edits.total_cmp(&b.edits)))
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" and what is valid, as far as there is something to say.
pub fn advice(typed: &str, candidates: &[&str], valid: &str) -> Option<String> {
    let meant = nearest(typed, candidates.iter().copied()).map(|name| format!("did you mean `{name}`?"));
    let listed = (!candidates.is_empty()).then(|| format!("{valid}: {}", list(candidates)));
    match (meant, listed) {
        (Some(meant), Some(listed)) => Some(format!("{meant} {listed}")),
        (meant, listed) => meant.or(listed),
    }
}

/// Names in backquotes, separated by commas.
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Likeness of two names, from 0 to 1.
struct Similarity {
    /// Best of all ways to mistype one for the other.
    score: f64,
    /// By characters changed alone: of two names that hold what was typed, the shorter is closer.
    edits: f64,
}

fn similarity(a: &str, b: &str) -> Similarity {
    let edits = strsim::normalized_damerau_levenshtein(a, b);
    // `mels_n` for `n_mels`, `bands` for `mel_bands`: words in another order, or left out.
    let shared =
        (a.len() >= 3 && b.contains(a)) || (b.len() >= 3 && a.contains(b)) || sorted_words(a) == sorted_words(b);
    // In a short name one slip weighs a lot.
    let slip = a.len().max(b.len()) >= 2 && strsim::damerau_levenshtein(a, b) == 1;
    let score = if shared {
        edits.max(0.8)
    } else if slip {
        edits.max(0.6)
    } else {
        edits
    };
    Similarity { score, edits }
}

fn fold(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

fn sorted_words(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> = name.split('_').collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_case_and_word_order() {
        let known = ["n_mels", "hop_ms", "speaker-independent", "random"];
        assert_eq!(nearest("n_mel", known), Some("n_mels"));
        assert_eq!(nearest("Hop_MS", known), Some("hop_ms"));
        assert_eq!(nearest("mels_n", known), Some("n_mels"));
        assert_eq!(nearest("speaker_independent", known), Some("speaker-independent"));
        assert_eq!(nearest("epochs", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest("mfc", ["mfcc_delta", "mfcc", "mfcc_delta2"]), Some("mfcc"));
    }

    #[test]
    fn advice_lists_what_is_valid() {
        assert_eq!(advice("randm", &["random"], "valid").as_deref(), Some("did you mean `random`? valid: `random`"));
        assert_eq!(advice("zzz", &["random"], "valid").as_deref(), Some("valid: `random`"));
        assert_eq!(advice("zzz", &[], "valid"), None);
    }
}
