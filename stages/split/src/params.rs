//! What an analyst can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_stage::Problem;

/// Most folds that a split may have, whatever makes them.
pub const MAX_FOLDS: u32 = 1000;

/// How clips are divided for evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Whole speakers are held out, in `folds` folds balanced over emotions, corpora and gender.
    #[default]
    SpeakerIndependent,
    /// Clips are dealt to folds at random, each emotion of each corpus evenly. The same speakers stand on both sides.
    Random,
    /// Each corpus is held out in turn.
    LeaveOneCorpusOut,
    /// Each speaker is held out in turn.
    LeaveOneSpeakerOut,
    /// A column of the clips, or a file, says what is held out.
    Column,
}

impl Protocol {
    /// The word for it in a pipeline file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SpeakerIndependent => "speaker-independent",
            Self::Random => "random",
            Self::LeaveOneCorpusOut => "leave-one-corpus-out",
            Self::LeaveOneSpeakerOut => "leave-one-speaker-out",
            Self::Column => "column",
        }
    }

    /// `true` if a speaker on both sides is a leak.
    pub const fn keeps_speakers_apart(self) -> bool {
        matches!(self, Self::SpeakerIndependent | Self::LeaveOneCorpusOut | Self::LeaveOneSpeakerOut)
    }
}

/// Treatment of near copies of a take that would stand on two sides of a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NearCopies {
    /// The copies stand on one side, and so do the speakers, corpora or values that the protocol holds out whole.
    KeepTogether,
    /// The copy has no role in that fold. Test clips stay before validation clips, and these before training clips.
    LeaveOut,
    /// The stage fails and names the copies.
    Fail,
}

impl NearCopies {
    /// The word for it in a pipeline file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepTogether => "keep-together",
            Self::LeaveOut => "leave-out",
            Self::Fail => "fail",
        }
    }
}

/// Parameters of a split stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How clips are divided.
    pub protocol: Protocol,
    /// Number of folds, 1 to 1000, of `speaker-independent` (at least 2, at most the number of speakers) and of
    /// `random`, where 1 means a single hold-out of `test_fraction`. The other protocols have as many folds as there
    /// are corpora, speakers or values, and do not look at it.
    #[schemars(range(min = 1, max = MAX_FOLDS))]
    pub folds: u32,
    /// Share of clips held out by `random` with one fold, 0.01 to 0.9.
    #[schemars(range(min = 0.01, max = 0.9))]
    pub test_fraction: f64,
    /// Share of the training clips set aside to choose the epoch, 0 to 0.5; 0 sets none aside.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub validation_fraction: f64,
    /// Column of the clips whose every value is held out in turn, for `column`: `take`, `sentence`, `gender`, ...
    /// Clips without a value are only trained on.
    pub column: Option<String>,
    /// File (`.csv` or `.parquet`) with the columns `clip_id`, `role` (train, validation or test) and, for more than
    /// one fold, `fold` (from 0), for `column`. Relative to the folder of the pipeline file. Clips that a fold does
    /// not name take no part in it; a fold without validation clips gets them carved out of its training clips.
    pub file: Option<String>,
    /// Near copies of a take (pairs that the audit found, where the stage reads one) that would stand on two sides of a
    /// fold: `keep-together` holds their speakers, corpora or values out together, `leave-out` gives the copy no role
    /// in that fold, `fail` stops. Left unset: `keep-together` for `random`, which deals the copies as one, and for
    /// protocols that hold out speakers, unless that leaves too few groups for the folds or one of more than 60 % of
    /// the clips; `leave-out` otherwise. Of a recording in two corpora the manifest leaves out all but one file; its
    /// speakers, or with `leave-one-corpus-out` its corpora, are then held out together by the same rule.
    pub near_copies: Option<NearCopies>,
    /// `true` fails the stage where there is only one corpus, speaker or value to hold out. Otherwise it warns and
    /// makes no folds, and models on this split predict nothing.
    pub required: bool,
}

impl Params {
    /// Rules that the schema cannot state.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, message: String, hint: &str| {
            problems.push(Problem { key: key.to_owned(), message, hint: Some(hint.to_owned()) });
        };
        if self.protocol == Protocol::SpeakerIndependent && self.folds == 1 {
            problem(
                "folds",
                "`speaker-independent` needs at least 2 folds, found 1".to_owned(),
                "only `random` has a single hold-out",
            );
        }
        let sources = usize::from(self.column.is_some()) + usize::from(self.file.is_some());
        if self.protocol == Protocol::Column && sources != 1 {
            problem(
                "column",
                format!("protocol `column` needs one of `column` and `file`, found {sources}"),
                "for example `column = \"sentence\"` or `file = \"my_split.csv\"`",
            );
        }
        if self.protocol != Protocol::Column && sources > 0 {
            let key = if self.column.is_some() { "column" } else { "file" };
            problem(
                key,
                format!("protocol `{}` does not look at `{key}`", self.protocol.as_str()),
                "set `protocol = \"column\"` or remove the key",
            );
        }
        if self.file.is_some() && self.near_copies == Some(NearCopies::KeepTogether) {
            problem(
                "near_copies",
                "`file` says where each clip stands, nothing can be moved to keep copies together".to_owned(),
                "expected `leave-out` or `fail`",
            );
        }
        problems
    }
}

impl Default for Params {
    fn default() -> Self {
        Self {
            protocol: Protocol::default(),
            folds: 5,
            test_fraction: 0.2,
            validation_fraction: 0.15,
            column: None,
            file: None,
            near_copies: None,
            required: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_reported_at_once_each_with_its_key() {
        let keys = |params: Params| params.check().into_iter().map(|problem| problem.key).collect::<Vec<_>>();
        let column = Some("take".to_owned());
        let by_column = Params { protocol: Protocol::Column, ..Params::default() };
        let by_file = Params { file: Some("my_split.csv".into()), ..by_column.clone() };
        let with = |rule: NearCopies| Params { near_copies: Some(rule), ..by_file.clone() };
        for (params, expected) in [
            (Params::default(), &[][..]),
            (Params { folds: 1, column: column.clone(), ..Params::default() }, &["folds", "column"]),
            (by_column, &["column"]),
            (by_file.clone(), &[]),
            (Params { column, ..by_file.clone() }, &["column"]),
            (with(NearCopies::KeepTogether), &["near_copies"]),
            (with(NearCopies::LeaveOut), &[]),
            (with(NearCopies::Fail), &[]),
        ] {
            assert_eq!(keys(params.clone()), expected, "{params:?}");
        }
    }
}
