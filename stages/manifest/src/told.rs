//! Sentences about copies that a manifest's reader must hear of.

use std::collections::BTreeMap;

use ser_schemas::Clip;
use ser_text::first_names;

use crate::duplicates::Resolution;

/// Most copies or pairs of speakers that a sentence names.
const MAX_NAMED: usize = 10;

/// Warnings about copies under several speakers, among `rows`.
pub(crate) fn warnings(rows: &[Clip], resolution: &Resolution) -> Vec<String> {
    contradicting(rows, resolution).into_iter().chain(two_names(rows, resolution)).collect()
}

fn contradicting(rows: &[Clip], resolution: &Resolution) -> Option<String> {
    let groups = &resolution.contradicting_speakers;
    let named = |index: usize| {
        let clip = &rows[index];
        format!("`{}` of {}", clip.clip_id, clip.speaker.as_deref().unwrap_or_default())
    };
    let told = groups.iter().map(|&(one, other)| format!("{} = {}", named(one), named(other)));
    let recordings = groups.len();
    let &(one, other) = groups.first()?;
    let misplaced = |index: usize| rows[index].name_matches_folder == Some(false);
    let advice = match (misplaced(one), misplaced(other)) {
        (true, false) | (false, true) => {
            let wrong = &rows[if misplaced(one) { one } else { other }].clip_id;
            format!("leave the wrong ones out: `exclude = [{wrong:?}]`, whose name contradicts its folder")
        }
        _ => {
            let (one, other) = (&rows[one].clip_id, &rows[other].clip_id);
            format!("listen, and leave the wrong ones out: `exclude = [{one:?}]` or `exclude = [{other:?}]`")
        }
    };
    Some(format!(
        "{recordings} {} under several speakers of one corpus, and none of the copies is used, since nothing is sure \
         of whose they are: {}; to use a copy, {advice}",
        if recordings == 1 { "recording lies" } else { "recordings lie" },
        first_names(told, MAX_NAMED)
    ))
}

fn two_names(rows: &[Clip], resolution: &Resolution) -> Option<String> {
    let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for &(gone, kept) in &resolution.two_names {
        let name = |index: usize| rows[index].speaker.as_deref().unwrap_or_default();
        *pairs.entry((name(gone), name(kept))).or_default() += 1;
    }
    let recordings = resolution.two_names.len();
    let corpus = &rows[resolution.two_names.first()?.0].corpus;
    let told = pairs.iter().map(|((gone, kept), count)| format!("{gone} = {kept} ({count})"));
    Some(format!(
        "{recordings} {} in two corpora under two speakers, who may be one person, and {} once: {}; a split by \
         speakers takes them for two; to be safe, leave one corpus out: `exclude = [{:?}]`",
        if recordings == 1 { "recording lies" } else { "recordings lie" },
        if recordings == 1 { "counts" } else { "count" },
        first_names(told, MAX_NAMED),
        format!("{corpus}/**")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(speakers: &[&str]) -> Vec<Clip> {
        let row = |(number, speaker): (usize, &&str)| {
            let corpus = speaker.split(':').next().expect("a corpus").to_owned();
            let mut clip = Clip::found(format!("{corpus}/{number}"), corpus, format!("{number}.wav"), 1);
            clip.speaker = Some((*speaker).to_owned());
            clip
        };
        speakers.iter().enumerate().map(row).collect()
    }

    #[test]
    fn both_kinds_are_told_with_a_line_to_paste() {
        let rows = rows(&["c:p1", "c:p2", "b:01", "a:01", "b:01", "a:01", "b:02", "a:09"]);
        let resolution = Resolution {
            contradicting_speakers: vec![(0, 1)],
            two_names: vec![(2, 3), (4, 5), (6, 7)],
            ..Resolution::default()
        };
        assert_eq!(
            warnings(&rows, &resolution),
            [
                "1 recording lies under several speakers of one corpus, and none of the copies is used, since nothing \
                 is sure of whose they are: `c/0` of c:p1 = `c/1` of c:p2; to use a copy, listen, and leave the wrong \
                 ones out: `exclude = [\"c/0\"]` or `exclude = [\"c/1\"]`",
                "3 recordings lie in two corpora under two speakers, who may be one person, and count once: b:01 = \
                 a:01 (2), b:02 = a:09 (1); a split by speakers takes them for two; to be safe, leave one corpus \
                 out: `exclude = [\"b/**\"]`",
            ]
        );
        assert_eq!(warnings(&rows, &Resolution::default()), Vec::<String>::new());
    }

    #[test]
    fn the_copy_in_a_folder_that_contradicts_its_name_is_the_one_to_leave_out() {
        for (misplaced, advice) in [(0, "`exclude = [\"c/0\"]`, whose"), (1, "`exclude = [\"c/1\"]`, whose")] {
            let mut rows = rows(&["c:p1", "c:p2"]);
            rows[misplaced].name_matches_folder = Some(false);
            let resolution = Resolution { contradicting_speakers: vec![(0, 1)], ..Resolution::default() };
            let told = warnings(&rows, &resolution);
            assert!(told[0].contains(advice), "{told:?}");
        }
    }

    #[test]
    fn at_most_ten_are_named() {
        let rows = rows(&["c:p1"; 24]);
        let contradicting_speakers = (0..12).map(|number| (2 * number, 2 * number + 1)).collect();
        let told = warnings(&rows, &Resolution { contradicting_speakers, ..Resolution::default() });
        assert!(told[0].contains("`c/19` of c:p1 and 2 more; to use"), "{told:?}");
    }
}
