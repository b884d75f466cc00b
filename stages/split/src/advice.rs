//! What helps against a check that failed: only what was tried and goes through is advised.

use std::path::Path;

use ser_schemas::{Check, CheckStatus, Clip};
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
            "classes_in_train" => Some(format!("a model needs two classes to learn: {}", self.about_classes())),
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

    /// Another division that trains on two classes in every fold.
    fn about_classes(&self) -> String {
        let base = Params { column: None, file: None, ..self.params.clone() };
        let with = |protocol: Protocol, folds: u32| Params { protocol, folds, ..base.clone() };
        let more = (self.params.folds + 1)..=MOST_FOLDS.max(self.params.folds + 1);
        let dealt = matches!(self.params.protocol, Protocol::SpeakerIndependent | Protocol::Random);
        let same =
            more.filter(|_| dealt).map(|folds| (format!("`folds = {folds}`"), with(self.params.protocol, folds)));
        let protocol =
            |protocol: Protocol| (format!("`protocol = \"{}\"`", protocol.as_str()), with(protocol, self.params.folds));
        let others = [Protocol::LeaveOneSpeakerOut, Protocol::SpeakerIndependent, Protocol::Random].map(protocol);
        let others = others.into_iter().filter(|(_, params)| params.protocol != self.params.protocol);
        let mut found = same.chain(others).filter(|(_, params)| params.check().is_empty() && self.passes(params));
        let given = match (&self.params.column, &self.params.file) {
            (Some(_), _) => " without `column`",
            (None, Some(_)) => " without `file`",
            (None, None) => "",
        };
        match found.next() {
            Some((told, params)) if params.protocol == Protocol::Random => {
                format!("{told} here{given} gives every fold two, but tests voices that were trained on")
            }
            Some((told, _)) => format!("{told} here{given} gives every fold two"),
            None => "no other protocol gives every fold two, so the corpora need more speakers of several classes"
                .to_owned(),
        }
    }

    fn passes(&self, params: &Params) -> bool {
        let division = assign(params, self.clips, self.copies, self.base_dir, self.seed);
        division.is_ok_and(|division| {
            let checks = every_check(self.clips, &division, self.copies);
            checks.iter().all(|check| check.status != CheckStatus::Failed)
        })
    }
}
