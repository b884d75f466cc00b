//! What an analyst can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::Grouping;
use ser_stage::Problem;

/// Most folds that a split may have, whatever makes them.
pub const MAX_FOLDS: u32 = 1000;

/// How clips are divided for evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-was" = {
    "leave-one-corpus-out": "`\"leave-one-out\"` with `column = \"corpus\"`",
    "leave-one-speaker-out": "`\"leave-one-out\"` with `column = \"speaker\"`",
    "column": "`\"leave-one-out\"`, or `\"file\"` beside a `file`,",
}))]
pub enum Protocol {
    /// Whole speakers are held out, in `folds` folds balanced over emotions, corpora and gender.
    #[default]
    SpeakerIndependent,
    /// Clips are dealt to folds at random, each emotion of each corpus evenly. The same speakers stand on both sides.
    Random,
    /// Each value of `column` is held out in turn: each speaker, corpus, language, sentence, ...
    LeaveOneOut,
    /// A file says what is held out.
    File,
}

impl Protocol {
    /// The word for it in a pipeline file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SpeakerIndependent => "speaker-independent",
            Self::Random => "random",
            Self::LeaveOneOut => "leave-one-out",
            Self::File => "file",
        }
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
    /// are values, or as the file says, and do not look at it.
    #[schemars(range(min = 1, max = MAX_FOLDS))]
    pub folds: u32,
    /// Share of clips held out by `random` with one fold, 0.01 to 0.9.
    #[schemars(range(min = 0.01, max = 0.9))]
    pub test_fraction: f64,
    /// Share of the training clips set aside to choose the epoch, 0 to 0.5; 0 sets none aside.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub validation_fraction: f64,
    /// Column of the clips whose every value is held out in turn, for `leave-one-out`. Clips whose value is not known take
    /// no part, and are counted.
    pub column: Option<Grouping>,
    /// A second column that is held out, under `speaker-independent` and `leave-one-out`: of `"sentence"`, no text is
    /// trained on that is tested. Its values are divided into `also_folds` parts, and each part is tested by itself in every
    /// fold of the protocol: clips that share its value with the test clips but not what the protocol holds out, or the
    /// other way round, take no part in that fold, nor do clips whose value is not known in any.
    pub also_held_out: Option<Grouping>,
    /// Into how many parts the values of `also_held_out` are divided, 2 to 1000. More parts leave more clips to train on, and
    /// make as many times the folds.
    #[schemars(range(min = 2, max = MAX_FOLDS))]
    pub also_folds: u32,
    /// File (`.csv` or `.parquet`) with the columns `clip_id`, `role` (train, validation or test) and, for more than
    /// one fold, `fold` (from 0), for `file`. Relative to the folder of the pipeline file. Clips that a fold does
    /// not name take no part in it; a fold without validation clips gets them carved out of its training clips.
    pub file: Option<String>,
    /// Near copies of a take (pairs that the audit found, where the stage reads one) that would stand on two sides of a
    /// fold: `keep-together` holds their speakers, or whatever else `column` names, out together, `leave-out` gives the
    /// copy no role in that fold, `fail` stops. Left unset: `keep-together` for `random`, which deals the copies as one, and
    /// where speakers are held out, unless that leaves too few groups for the folds or one of more than 60 % of
    /// the clips; `leave-out` otherwise. Of a recording in two corpora the manifest leaves out all but one file; its
    /// speakers, or with `column = "corpus"` its corpora, are then held out together by the same rule.
    pub near_copies: Option<NearCopies>,
    /// `true` fails the stage where there is only one speaker or value to hold out. Otherwise it warns and
    /// makes no folds, and models on this split predict nothing.
    pub required: bool,
}

impl Params {
    /// The column of the clips whose values the protocol holds out whole; `None` where clips are dealt, or a file deals
    /// them.
    pub fn held_out(&self) -> Option<Grouping> {
        match self.protocol {
            Protocol::SpeakerIndependent => Some(Grouping::Speaker),
            Protocol::LeaveOneOut => self.column,
            Protocol::Random | Protocol::File => None,
        }
    }

    /// All columns that are held out, the protocol's own first.
    pub fn all_held_out(&self) -> Vec<Grouping> {
        self.held_out().into_iter().chain(self.also_held_out).collect()
    }

    /// The protocol in words: `leave-one-out by language, sentence held out too`.
    pub fn told(&self) -> String {
        let by = self.column.map_or_else(String::new, |column| format!(" by {}", column.as_str()));
        let also = self.also_held_out.map_or_else(String::new, |also| format!(", {} held out too", also.as_str()));
        format!("{}{by}{also}", self.protocol.as_str())
    }

    /// Rules that the schema cannot state.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, message: String, hint: &str| {
            problems.push(Problem { key: key.to_owned(), message, hint: Some(hint.to_owned()) });
        };
        let protocol = self.protocol.as_str();
        if self.protocol == Protocol::SpeakerIndependent && self.folds == 1 {
            problem(
                "folds",
                "`speaker-independent` needs at least 2 folds, found 1".to_owned(),
                "only `random` has a single hold-out",
            );
        }
        for (key, given, of, example) in [
            ("column", self.column.is_some(), Protocol::LeaveOneOut, "`column = \"corpus\"`"),
            ("file", self.file.is_some(), Protocol::File, "`file = \"my_split.csv\"`"),
        ] {
            if given && self.protocol != of {
                let hint = format!("set `protocol = \"{}\"` or remove the key", of.as_str());
                problem(key, format!("protocol `{protocol}` does not look at `{key}`"), &hint);
            } else if !given && self.protocol == of {
                problem(key, format!("protocol `{protocol}` needs `{key}`"), &format!("for example {example}"));
            }
        }
        if self.also_held_out.is_none() && self.also_folds != Self::default().also_folds {
            problem(
                "also_folds",
                "without `also_held_out` nothing looks at `also_folds`".to_owned(),
                "name a column that is held out as well, as in `also_held_out = \"sentence\"`, or remove the key",
            );
        }
        if let Some(also) = self.also_held_out {
            let also = also.as_str();
            if matches!(self.protocol, Protocol::Random | Protocol::File) {
                problem(
                    "also_held_out",
                    format!("protocol `{protocol}` holds out nothing that `{also}` could be held out beside"),
                    "set `protocol = \"speaker-independent\"`, or `\"leave-one-out\"` with a `column`",
                );
            } else if self.held_out() == self.also_held_out {
                problem(
                    "also_held_out",
                    format!("`{also}` is held out already"),
                    "name another column, or remove the key",
                );
            }
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
            also_held_out: None,
            also_folds: 2,
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
        let column = Some(Grouping::Take);
        let by_column = Params { protocol: Protocol::LeaveOneOut, column, ..Params::default() };
        let file = Some("my_split.csv".to_owned());
        let by_file = Params { protocol: Protocol::File, file: file.clone(), ..Params::default() };
        let with = |rule: NearCopies| Params { near_copies: Some(rule), ..by_file.clone() };
        let also = |of: &Params, column: Grouping| Params { also_held_out: Some(column), ..of.clone() };
        let random = Params { protocol: Protocol::Random, ..Params::default() };
        for (params, expected) in [
            (Params::default(), &[][..]),
            (Params { folds: 1, column, ..Params::default() }, &["folds", "column"]),
            (by_column.clone(), &[]),
            (Params { column: None, ..by_column.clone() }, &["column"]),
            (Params { file, ..by_column.clone() }, &["file"]),
            (by_file.clone(), &[]),
            (Params { column, ..by_file.clone() }, &["column"]),
            (with(NearCopies::KeepTogether), &["near_copies"]),
            (with(NearCopies::LeaveOut), &[]),
            (with(NearCopies::Fail), &[]),
            (Params { also_folds: 3, ..Params::default() }, &["also_folds"]),
            (also(&Params::default(), Grouping::Sentence), &[]),
            (also(&Params::default(), Grouping::Speaker), &["also_held_out"]),
            (also(&by_column, Grouping::Speaker), &[]),
            (also(&by_column, Grouping::Take), &["also_held_out"]),
            (also(&by_file, Grouping::Sentence), &["also_held_out"]),
            (also(&random, Grouping::Sentence), &["also_held_out"]),
        ] {
            assert_eq!(keys(params.clone()), expected, "{params:?}");
        }
    }

    #[test]
    fn a_protocol_is_told_with_what_it_holds_out() {
        let params = Params { also_held_out: Some(Grouping::Sentence), ..Params::default() };
        assert_eq!(params.told(), "speaker-independent, sentence held out too");
        assert_eq!(params.all_held_out(), [Grouping::Speaker, Grouping::Sentence]);
        let params = Params { protocol: Protocol::LeaveOneOut, column: Some(Grouping::Language), ..Params::default() };
        assert_eq!(
            (params.told().as_str(), params.held_out()),
            ("leave-one-out by language", Some(Grouping::Language))
        );
        assert_eq!(Params { protocol: Protocol::Random, ..Params::default() }.all_held_out(), []);
    }
}
