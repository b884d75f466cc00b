//! Sentences about copies, and about recordings that are taken for copies, that a manifest's reader must hear of.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Clip;
use ser_text::{counted, exclude_line, first_names, nfc};

use crate::duplicates::{Contradiction, Resolution};

/// Most copies or pairs of speakers that a sentence names.
const MAX_NAMED: usize = 10;

/// Warnings about copies under several speakers, and about recordings without an id of their own, among `rows`.
pub(crate) fn warnings(rows: &[Clip], resolution: &Resolution) -> Vec<String> {
    let told = [contradicting(rows, resolution), two_names(rows, resolution), without_id(rows, resolution)];
    told.into_iter().flatten().collect()
}

fn contradicting(rows: &[Clip], resolution: &Resolution) -> Option<String> {
    let groups = &resolution.contradictions;
    let named = |index: usize| format!("`{}` of {}", rows[index].clip_id, speaker(&rows[index]));
    let told = groups.iter().map(|group| format!("{} = {}", named(group.pair.0), named(group.pair.1)));
    let recordings = (!groups.is_empty()).then(|| counted(groups.len(), "recording"))?;
    Some(format!(
        "{recordings} {} under several speakers of one corpus, and none of the copies is used, since nothing is sure \
         of whose they are: {}; to use a copy, {}",
        if groups.len() == 1 { "lies" } else { "lie" },
        first_names(told, MAX_NAMED),
        of_one_speaker(rows, groups)
    ))
}

/// What leaves copies of one speaker.
fn of_one_speaker(rows: &[Clip], groups: &[Contradiction]) -> String {
    let line = |wrong: &dyn Fn(&Contradiction, usize) -> bool| {
        let wrong = groups.iter().flat_map(|group| group.members.iter().filter(|&&index| wrong(group, index)));
        exclude_line(wrong.map(|&index| rows[index].clip_id.as_str()))
    };
    let misplaced = |index: usize| rows[index].name_matches_folder == Some(false);
    let settled = |group: &Contradiction| {
        let left = group.members.iter().filter(|&&index| !misplaced(index));
        left.map(|&index| nfc(speaker(&rows[index]))).collect::<BTreeSet<_>>().len() == 1
    };
    if groups.iter().all(settled) {
        let line = line(&|_, index| misplaced(index));
        return format!("leave the wrong ones out: {line}, whose name contradicts its folder");
    }
    let other = |index: usize, than: usize| nfc(speaker(&rows[index])) != nfc(speaker(&rows[than]));
    let first = line(&|group, index| other(index, group.pair.0));
    if groups.len() > 1 {
        return format!("listen, and leave those of all speakers but one out, as in {first}");
    }
    let second = line(&|group, index| other(index, group.pair.1));
    format!("listen, and leave the wrong ones out: {second} or {first}")
}

fn two_names(rows: &[Clip], resolution: &Resolution) -> Option<String> {
    let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for &(gone, kept) in &resolution.two_names {
        *pairs.entry((speaker(&rows[gone]), speaker(&rows[kept]))).or_default() += 1;
    }
    let copies = resolution.two_names.len();
    let recordings = (copies > 0).then(|| counted(copies, "recording"))?;
    let told = pairs.iter().map(|((gone, kept), count)| format!("{gone} = {kept} ({count})"));
    let gone = resolution.two_names.iter().map(|&(gone, _)| rows[gone].clip_id.as_str());
    Some(format!(
        "{recordings} {} in two corpora under two speakers, who may be one person: {}; no recording counts twice, and \
         a split by speakers takes the two for one; if they are not, leave the wrong copies out: {}",
        if copies == 1 { "lies" } else { "lie" },
        first_names(told, MAX_NAMED),
        exclude_line(gone)
    ))
}

fn without_id(rows: &[Clip], resolution: &Resolution) -> Option<String> {
    let files = &resolution.without_id;
    let recordings = (!files.is_empty()).then(|| counted(files.len(), "recording"))?;
    let told = files.iter().map(|&(gone, kept)| format!("`{}` (not `{}`)", rows[gone].path, rows[kept].path));
    Some(format!(
        "{recordings} left out because another one has the clip id, which is made of the corpus's name and the path \
         below its root: {}; where two ingest stages read two roots, give one of them a descriptor with another `name`, \
         else rename the files",
        first_names(told, MAX_NAMED)
    ))
}

fn speaker(clip: &Clip) -> &str {
    clip.speaker.as_deref().unwrap_or_default()
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
    fn each_kind_is_told_with_what_to_do() {
        let rows = rows(&["c:p1", "c:p2", "b:01", "a:01", "b:01", "a:01", "b:02", "a:09", "c:p3"]);
        let resolution = Resolution {
            contradictions: vec![Contradiction { pair: (0, 1), members: vec![0, 1, 8] }],
            two_names: vec![(2, 3), (4, 5), (6, 7)],
            without_id: vec![(2, 3)],
            ..Resolution::default()
        };
        assert_eq!(
            warnings(&rows, &resolution),
            [
                "1 recording lies under several speakers of one corpus, and none of the copies is used, since nothing \
                 is sure of whose they are: `c/0` of c:p1 = `c/1` of c:p2; to use a copy, listen, and leave the wrong \
                 ones out: `exclude = [\"c/0\", \"c/8\"]` or `exclude = [\"c/1\", \"c/8\"]`",
                "3 recordings lie in two corpora under two speakers, who may be one person: b:01 = a:01 (2), b:02 = \
                 a:09 (1); no recording counts twice, and a split by speakers takes the two for one; if they are not, \
                 leave the wrong copies out: `exclude = [\"b/2\", \"b/4\", \"b/6\"]`",
                "1 recording left out because another one has the clip id, which is made of the corpus's name and the \
                 path below its root: `2.wav` (not `3.wav`); where two ingest stages read two roots, give one of them \
                 a descriptor with another `name`, else rename the files",
            ]
        );
        assert_eq!(warnings(&rows, &Resolution::default()), Vec::<String>::new());
    }

    #[test]
    fn the_copy_in_a_folder_that_contradicts_its_name_is_the_one_to_leave_out() {
        for (misplaced, advice) in [(0, "`exclude = [\"c/0\"]`, whose"), (1, "`exclude = [\"c/1\"]`, whose")] {
            let mut rows = rows(&["c:p1", "c:p2"]);
            rows[misplaced].name_matches_folder = Some(false);
            let contradictions = vec![Contradiction { pair: (0, 1), members: vec![0, 1] }];
            let resolution = Resolution { contradictions, ..Resolution::default() };
            let told = warnings(&rows, &resolution);
            assert!(told[0].contains(advice), "{told:?}");
        }
    }

    #[test]
    fn at_most_ten_are_named() {
        let rows = rows(&["c:p1"; 24]);
        let contradiction = |number: usize| Contradiction { pair: (2 * number, 2 * number + 1), members: Vec::new() };
        let contradictions = (0..12).map(contradiction).collect();
        let told = warnings(&rows, &Resolution { contradictions, ..Resolution::default() });
        assert!(told[0].contains("`c/19` of c:p1 and 2 more; to use"), "{told:?}");
    }
}
