//! What helps against a check that failed: only what was tried and goes through is advised.

use std::path::Path;

use ser_schemas::{Check, CheckStatus, Clip, Grouping};
use ser_text::exclude_line;

use crate::assign::assign;
use crate::checks::inspect;
use crate::copies::Copies;
use crate::division::Division;
use crate::near::NearPair;
use crate::near_checks::inspect_near;
use crate::params::{NearCopies, Params, Protocol};
use crate::roster::speaker_name;

/// Most folds that are tried in the place of fewer.
const MOST_FOLDS: u32 = 20;

/// All that a split is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) params: &'a Params,
    pub(crate) clips: &'a [Clip],
    pub(crate) copies: Copies<'a>,
    pub(crate) base_dir: &'a Path,
    pub(crate) seed: u64,
}

/// Every check of a division of `clips`.
pub(crate) fn every_check(clips: &[Clip], division: &Division, copies: Copies<'_>) -> Vec<Check> {
    let mut checks = inspect(clips, division);
    checks.extend(inspect_near(clips, division, copies));
    checks
}

impl Attempt<'_> {
    /// What helps where `check` failed, as it may be written; `None` where nothing that could be tried does.
    pub(crate) fn advice(&self, check: &Check) -> Option<String> {
        match check.check.as_str() {
            "near_audio_disjoint" | "copied_speakers_disjoint" => self.about_copies(),
            "classes_in_train" => {
                Some(format!("a model needs two classes to learn: {}", self.about_training("two", "several classes")))
            }
            "roles_present" => {
                Some(format!("a model needs clips to learn from: {}", self.about_training("some", "more clips")))
            }
            _ => None,
        }
    }

    fn about_copies(&self) -> Option<String> {
        let rules = [NearCopies::LeaveOut, NearCopies::KeepTogether];
        let rules =
            rules.into_iter().filter(|rule| self.passes(&Params { near_copies: Some(*rule), ..self.params.clone() }));
        let rules: Vec<String> = rules.map(|rule| format!("`\"{}\"`", rule.as_str())).collect();
        let set = match &rules[..] {
            [] => None,
            rules => Some(format!("set `near_copies = {} here", rules.join(" or ").trim_start_matches('`'))),
        };
        let exclude = self.without_copies().map(|line| format!("leave the copies out of the manifest: {line}"));
        match (set, exclude) {
            (Some(set), Some(exclude)) => Some(format!("{set}, or {exclude}")),
            (set, exclude) => set.or(exclude),
        }
    }

    /// The line that leaves out as few copies as help: those of other speakers, or else all but one of each take.
    fn without_copies(&self) -> Option<String> {
        let but_one = |key: fn(&Clip) -> Option<String>| {
            self.copies.under_two_names(self.clips, key, |copy| Some(&copy.speakers))
        };
        let keys: [fn(&Clip) -> Option<String>; 2] =
            [|clip| Some(speaker_name(clip)), |clip| Some(clip.clip_id.clone())];
        keys.into_iter().map(but_one).find(|ids| self.passes_without(ids)).map(exclude_line)
    }

    fn passes_without(&self, ids: &[&str]) -> bool {
        let stays = |clip: &&Clip| !ids.contains(&clip.clip_id.as_str());
        let clips: Vec<Clip> = self.clips.iter().filter(stays).cloned().collect();
        let at = |old: usize| clips.iter().position(|clip| clip.clip_id == self.clips[old].clip_id);
        let pairs = self.copies.pairs().iter();
        let pairs: Vec<NearPair> =
            pairs.filter_map(|pair| Some(NearPair { a: at(pair.a)?, b: at(pair.b)?, ..*pair })).collect();
        let exact: Vec<_> =
            self.copies.exact.iter().filter(|copy| !ids.contains(&copy.clips[0].as_str())).cloned().collect();
        let copies = Copies { near: self.copies.near.map(|_| &pairs[..]), exact: &exact };
        Attempt { clips: &clips, copies, ..*self }.passes(self.params)
    }

    /// Another division that has what a fold lacks to train on: `enough` of it, of speakers of whom more would have
    /// `what`.
    fn about_training(&self, enough: &str, what: &str) -> String {
        let current = self.params;
        let mut tried: Vec<(String, Params)> = Vec::new();
        if current.also_held_out.is_some() {
            let parts = (current.also_folds + 1)..=MOST_FOLDS;
            tried.extend(parts.map(|also_folds| {
                (format!("`also_folds = {also_folds}` here"), Params { also_folds, ..current.clone() })
            }));
            let without = Params { also_held_out: None, ..current.clone() };
            tried.push(("no `also_held_out` here".to_owned(), without));
        }
        let base = Params { column: None, also_held_out: None, file: None, ..current.clone() };
        let more = (current.folds + 1)..=MOST_FOLDS.max(current.folds + 1);
        let dealt = matches!(current.protocol, Protocol::SpeakerIndependent | Protocol::Random);
        tried.extend(more.filter(|_| dealt).map(|folds| {
            let params = Params { folds, ..base.clone() };
            (format!("`folds = {folds}` here{}", self.without(&params)), params)
        }));
        for protocol in [Protocol::LeaveOneOut, Protocol::SpeakerIndependent, Protocol::Random] {
            let column = (protocol == Protocol::LeaveOneOut).then_some(Grouping::Speaker);
            let params = Params { protocol, column, ..base.clone() };
            if params.held_out() != current.held_out() || protocol != current.protocol {
                let by = if column.is_some() { " with `column = \"speaker\"`" } else { "" };
                tried.push((
                    format!("`protocol = \"{}\"`{by} here{}", protocol.as_str(), self.without(&params)),
                    params,
                ));
            }
        }
        let found = tried.into_iter().find(|(_, params)| params.check().is_empty() && self.passes(params));
        match found {
            Some((told, params)) if params.protocol == Protocol::Random => {
                format!("{told} gives every fold {enough}, but tests voices that were trained on")
            }
            Some((told, _)) => format!("{told} gives every fold {enough}"),
            None => format!("no other protocol gives every fold {enough}, so the corpora need more speakers of {what}"),
        }
    }

    /// The keys that are set and that `params` do not have, in words.
    fn without(&self, params: &Params) -> String {
        let gone: Vec<&str> = [
            ("`column`", self.params.column.is_some() && params.column.is_none()),
            ("`also_held_out`", self.params.also_held_out.is_some() && params.also_held_out.is_none()),
            ("`file`", self.params.file.is_some() && params.file.is_none()),
        ]
        .into_iter()
        .filter_map(|(key, gone)| gone.then_some(key))
        .collect();
        if gone.is_empty() { String::new() } else { format!(" without {}", gone.join(" and ")) }
    }

    fn passes(&self, params: &Params) -> bool {
        let division = assign(params, self.clips, self.copies, self.base_dir, self.seed);
        division.is_ok_and(|division| {
            let checks = every_check(self.clips, &division, self.copies);
            checks.iter().all(|check| check.status != CheckStatus::Failed)
        })
    }
}
