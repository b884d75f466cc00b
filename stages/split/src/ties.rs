//! Which speakers, corpora or values must stand on one side, because a take of one lies under another as well.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Clip;
use ser_text::some_names;

use crate::copies::{Copies, ExactCopy};
use crate::near::leaders;

/// Names in a group that are spelt out; more are counted.
const MAX_SPELT: usize = 6;

/// Names that stand together; those that nothing ties stand alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ties {
    /// Name of its group, of each name that is tied.
    groups: BTreeMap<String, String>,
    /// Two clips of each group that tie it, in words, by the group's name.
    witnesses: BTreeMap<String, String>,
}

impl Ties {
    /// Ties the names that `key` gives the clips of each pair, and `exact` each exact copy, also through others; what
    /// has no name ties nothing. Names that no clip has are not in the groups, but tie others.
    pub(crate) fn of(
        clips: &[Clip],
        copies: Copies<'_>,
        key: impl Fn(&Clip) -> Option<String>,
        exact: impl Fn(&ExactCopy) -> Option<&[String; 2]>,
    ) -> Self {
        let near = copies.pairs().iter().filter_map(|pair| {
            let (one, other) = (&clips[pair.a], &clips[pair.b]);
            Some((key(one)?, key(other)?, format!("{} ~ {}", one.clip_id, other.clip_id)))
        });
        let exact = copies.exact.iter().filter_map(|copy| {
            let ([one, other], [out, kept]) = (exact(copy)?, &copy.clips);
            Some((one.clone(), other.clone(), format!("{out} = {kept}")))
        });
        let named: Vec<(String, String, String)> = near.chain(exact).filter(|(one, other, _)| one != other).collect();
        let names: BTreeSet<&str> = named.iter().flat_map(|(one, other, _)| [one.as_str(), other]).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let present: BTreeSet<String> =
            if names.is_empty() { BTreeSet::new() } else { clips.iter().filter_map(key).collect() };
        let at = |name: &str| names.partition_point(|other| *other < name);
        let leader = leaders(names.len(), named.iter().map(|(one, other, _)| (at(one), at(other))));
        let mut members: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (name, first) in names.iter().zip(&leader).filter(|(name, _)| present.contains(**name)) {
            members.entry(*first).or_default().push(*name);
        }
        members.retain(|_, members| members.len() > 1);
        let mut ties = Self::default();
        let mut title: BTreeMap<usize, String> = BTreeMap::new();
        for (first, members) in members {
            let spelt = members[..members.len().min(MAX_SPELT)].join(" + ");
            let group = match members.len().saturating_sub(MAX_SPELT) {
                0 => spelt,
                more => format!("{spelt} and {more} more"),
            };
            ties.groups.extend(members.into_iter().map(|name| (name.to_owned(), group.clone())));
            title.insert(first, group);
        }
        for (one, _, told) in &named {
            if let Some(group) = title.get(&leader[at(one)]) {
                ties.witnesses.entry(group.clone()).or_insert_with(|| told.clone());
            }
        }
        ties
    }

    /// The name of the group that `name` stands in: its own where nothing ties it.
    pub(crate) fn group(&self, name: String) -> String {
        self.groups.get(&name).cloned().unwrap_or(name)
    }

    /// The groups, each with a pair of clips that ties it: near copies by `~`, equal ones by `=`.
    pub(crate) fn told(&self) -> Vec<String> {
        self.witnesses.iter().map(|(group, pair)| format!("{group} ({pair})")).collect()
    }

    /// The groups in words, at most as many as fit a message.
    pub(crate) fn summary(&self) -> String {
        some_names(self.told().iter().map(String::as_str))
    }

    /// Whether `group` is one of the groups that are tied.
    pub(crate) fn is_group(&self, group: &str) -> bool {
        self.witnesses.contains_key(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::made::{self, pair};
    use crate::near::NearPair;
    use crate::roster::speaker_name;

    fn clips(speakers: &[&str]) -> Vec<Clip> {
        let mut clips = made::clips(speakers.len());
        for (clip, speaker) in clips.iter_mut().zip(speakers) {
            clip.speaker = Some(format!("c:{speaker}"));
        }
        clips
    }

    fn ties_of(clips: &[Clip], pairs: &[NearPair]) -> Ties {
        Ties::of(clips, Copies::of(pairs), |clip| clip.speaker.clone(), |_| None)
    }

    #[test]
    fn ties_reach_through_others_and_copies_of_one_speaker_tie_nobody() {
        let clips = clips(&["d", "a", "b", "c", "c"]);
        let ties = ties_of(&clips, &[pair(1, 2), pair(0, 2), pair(3, 4)]);
        let groups: Vec<String> = clips.iter().map(|clip| ties.group(speaker_name(clip))).collect();
        assert_eq!(groups, ["c:a + c:b + c:d", "c:a + c:b + c:d", "c:a + c:b + c:d", "c:c", "c:c"]);
        assert_eq!(ties.told(), ["c:a + c:b + c:d (c/1 ~ c/2)"]);
        assert!(ties.is_group("c:a + c:b + c:d") && !ties.is_group("c:c"));
    }

    #[test]
    fn clips_without_a_name_tie_nothing_and_large_groups_are_cut() {
        let mut some = clips(&["a", "b"]);
        some[1].speaker = None;
        assert_eq!(ties_of(&some, &[pair(0, 1)]).told(), Vec::<String>::new());
        let many = clips(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let pairs: Vec<NearPair> = (0..7).map(|at| pair(at, at + 1)).collect();
        let ties = ties_of(&many, &pairs);
        assert_eq!(ties.group("c:h".into()), "c:a + c:b + c:c + c:d + c:e + c:f and 2 more");
    }

    #[test]
    fn exact_copies_tie_speakers_also_through_one_of_whom_no_clip_is_left() {
        let clips = clips(&["a", "b", "e"]);
        let copy = |speakers: [&str; 2]| ExactCopy {
            clips: ["o/9", "c/0"].map(str::to_owned),
            speakers: speakers.map(str::to_owned),
            corpora: ["o", "c"].map(str::to_owned),
        };
        let ties = |exact: &[ExactCopy]| {
            let copies = Copies { near: None, exact };
            Ties::of(&clips, copies, |clip| Some(speaker_name(clip)), |copy| Some(&copy.speakers)).told()
        };
        assert_eq!(ties(&[copy(["c:e", "c:a"])]), ["c:a + c:e (o/9 = c/0)"]);
        assert_eq!(ties(&[copy(["o:x", "c:a"]), copy(["o:x", "c:b"])]), ["c:a + c:b (o/9 = c/0)"]);
        assert_eq!(ties(&[copy(["o:x", "c:a"])]), Vec::<String>::new());
    }
}
