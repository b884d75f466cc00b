//! Which speakers, corpora or values must stand on one side, because a take of one lies under another as well.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Clip;
use ser_text::some_names;

use crate::near::{NearPair, leaders};

/// Names in a group that are spelt out; more are counted.
const MAX_SPELT: usize = 6;

/// Names that stand together; those that nothing ties stand alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ties {
    /// Name of its group, of each name that is tied.
    groups: BTreeMap<String, String>,
    /// One pair of clips of each group that ties it, by the group's name.
    witnesses: BTreeMap<String, NearPair>,
}

impl Ties {
    /// Ties the names that `key` gives the clips of each pair, also through others; a clip without a name ties nothing.
    pub(crate) fn of(clips: &[Clip], pairs: &[NearPair], key: impl Fn(&Clip) -> Option<String>) -> Self {
        let named: Vec<(String, String, NearPair)> = pairs
            .iter()
            .filter_map(|pair| Some((key(&clips[pair.a])?, key(&clips[pair.b])?, *pair)))
            .filter(|(one, other, _)| one != other)
            .collect();
        let names: BTreeSet<&str> = named.iter().flat_map(|(one, other, _)| [one.as_str(), other]).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let at = |name: &str| names.partition_point(|other| *other < name);
        let leader = leaders(names.len(), named.iter().map(|(one, other, _)| (at(one), at(other))));
        let mut members: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (name, first) in names.iter().zip(&leader) {
            members.entry(*first).or_default().push(*name);
        }
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
        for (one, _, pair) in &named {
            if let Some(group) = title.get(&leader[at(one)]) {
                ties.witnesses.entry(group.clone()).or_insert(*pair);
            }
        }
        ties
    }

    /// The name of the group that `name` stands in: its own where nothing ties it.
    pub(crate) fn group(&self, name: String) -> String {
        self.groups.get(&name).cloned().unwrap_or(name)
    }

    /// The groups, each with a pair of clips that ties it.
    pub(crate) fn told(&self, clips: &[Clip]) -> Vec<String> {
        let id = |clip: usize| &clips[clip].clip_id;
        let told = self.witnesses.iter();
        told.map(|(group, pair)| format!("{group} ({} ~ {})", id(pair.a), id(pair.b))).collect()
    }

    /// The groups in words, at most as many as fit a message.
    pub(crate) fn summary(&self, clips: &[Clip]) -> String {
        some_names(self.told(clips).iter().map(String::as_str))
    }

    /// A clip without which one pair fewer ties anything; `None` where nothing is tied.
    pub(crate) fn a_copy<'a>(&self, clips: &'a [Clip]) -> Option<&'a str> {
        self.witnesses.values().next().map(|pair| clips[pair.b].clip_id.as_str())
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
    use crate::roster::speaker_name;

    fn clips(speakers: &[&str]) -> Vec<Clip> {
        let mut clips = made::clips(speakers.len());
        for (clip, speaker) in clips.iter_mut().zip(speakers) {
            clip.speaker = Some(format!("c:{speaker}"));
        }
        clips
    }

    #[test]
    fn ties_reach_through_others_and_copies_of_one_speaker_tie_nobody() {
        let clips = clips(&["d", "a", "b", "c", "c"]);
        let ties = Ties::of(&clips, &[pair(1, 2), pair(0, 2), pair(3, 4)], |clip| Some(speaker_name(clip)));
        let groups: Vec<String> = clips.iter().map(|clip| ties.group(speaker_name(clip))).collect();
        assert_eq!(groups, ["c:a + c:b + c:d", "c:a + c:b + c:d", "c:a + c:b + c:d", "c:c", "c:c"]);
        assert_eq!(ties.told(&clips), ["c:a + c:b + c:d (c/1 ~ c/2)"]);
        assert_eq!(ties.a_copy(&clips), Some("c/2"));
        assert!(ties.is_group("c:a + c:b + c:d") && !ties.is_group("c:c"));
    }

    #[test]
    fn clips_without_a_name_tie_nothing_and_large_groups_are_cut() {
        let mut some = clips(&["a", "b"]);
        some[1].speaker = None;
        assert_eq!(Ties::of(&some, &[pair(0, 1)], |clip| clip.speaker.clone()).told(&some), Vec::<String>::new());
        let many = clips(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let pairs: Vec<NearPair> = (0..7).map(|at| pair(at, at + 1)).collect();
        let ties = Ties::of(&many, &pairs, |clip| clip.speaker.clone());
        assert_eq!(ties.group("c:h".into()), "c:a + c:b + c:c + c:d + c:e + c:f and 2 more");
    }
}
