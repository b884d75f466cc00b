//! Finding a kept run by what a person calls it.

use crate::record::{RunRecord, RunStatus};
use crate::store::Store;
use ser_stage::suggest;

/// Ids named in a hint; more would bury the message.
const MAX_LISTED: usize = 5;

/// No kept run, or more than one, is called that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnknownRun {
    /// Description of the mistake.
    pub message: String,
    /// The run that was probably meant, and those there are.
    pub hint: String,
}

impl Store {
    /// The run called `name`: its id or the beginning of one, or `last` or `previous`, which count the runs that did
    /// all that they were asked for.
    pub fn find_run(&self, name: &str) -> Result<RunRecord, UnknownRun> {
        find(self.runs(), name)
    }
}

/// `runs` are sorted, oldest first.
fn find(mut runs: Vec<RunRecord>, name: &str) -> Result<RunRecord, UnknownRun> {
    let back = match name {
        "last" => Some(0),
        "previous" => Some(1),
        _ => None,
    };
    let fitting: Vec<usize> = if let Some(back) = back {
        let done = (0..runs.len()).rev().filter(|&at| runs[at].status == RunStatus::Done);
        done.skip(back).take(1).collect()
    } else if let Some(at) = runs.iter().position(|run| run.id == name) {
        vec![at]
    } else {
        (0..runs.len()).filter(|&at| !name.is_empty() && runs[at].id.starts_with(name)).collect()
    };
    if let [at] = fitting[..] {
        return Ok(runs.swap_remove(at));
    }
    let message = match (fitting.len(), back) {
        (0, Some(0)) => "no finished run is kept".to_owned(),
        (0, Some(_)) => "there is no run before the last: fewer than two finished runs are kept".to_owned(),
        (0, None) => format!("there is no run `{name}`"),
        (count, _) => format!("`{name}` begins the ids of {count} runs"),
    };
    let shown: Vec<&str> = if fitting.is_empty() {
        runs.iter().map(|run| run.id.as_str()).collect()
    } else {
        fitting.iter().map(|&at| runs[at].id.as_str()).collect()
    };
    Err(UnknownRun { message, hint: hint(name, &shown) })
}

fn hint(name: &str, ids: &[&str]) -> String {
    if ids.is_empty() {
        return "a run is kept when it had something to do: `ser run`".to_owned();
    }
    let meant = suggest::nearest(name, ids.iter().copied().chain(["last", "previous"]));
    let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
    let newest: Vec<&str> = ids.iter().rev().take(MAX_LISTED).copied().collect();
    let more = ids.len() - newest.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} older") };
    format!("{meant}runs, newest first: {}{more}; `ser runs` lists them", suggest::list(&newest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, status: RunStatus) -> RunRecord {
        RunRecord { id: id.to_owned(), status, ..RunRecord::default() }
    }

    fn runs() -> Vec<RunRecord> {
        vec![
            run("20260101T000000Z-01-7", RunStatus::Done),
            run("20260102T000000Z-01-7", RunStatus::Done),
            run("20260102T000000Z-02-8", RunStatus::Failed),
            run("20260103T000000Z-01-9", RunStatus::Done),
            run("20260104T000000Z-01-9", RunStatus::Cancelled),
        ]
    }

    fn found(name: &str) -> String {
        find(runs(), name).map_or_else(|error| format!("{error}; {}", error.hint), |run| run.id)
    }

    #[test]
    fn last_and_previous_count_what_was_done() {
        assert_eq!(found("last"), "20260103T000000Z-01-9");
        assert_eq!(found("previous"), "20260102T000000Z-01-7");
        let one = vec![run("20260101T000000Z-01-7", RunStatus::Done)];
        assert!(find(one, "previous").unwrap_err().message.contains("fewer than two finished runs"));
    }

    #[test]
    fn an_id_or_its_beginning_is_enough_when_it_fits_one_run() {
        assert_eq!(found("20260102T000000Z-02-8"), "20260102T000000Z-02-8");
        assert_eq!(found("20260104"), "20260104T000000Z-01-9");
        insta::assert_snapshot!(found("20260102"), @"`20260102` begins the ids of 2 runs; did you mean `20260102T000000Z-02-8`? runs, newest first: `20260102T000000Z-02-8`, `20260102T000000Z-01-7`; `ser runs` lists them");
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_and_what_there_is() {
        insta::assert_snapshot!(found("lst"), @"there is no run `lst`; did you mean `last`? runs, newest first: `20260104T000000Z-01-9`, `20260103T000000Z-01-9`, `20260102T000000Z-02-8`, `20260102T000000Z-01-7`, `20260101T000000Z-01-7`; `ser runs` lists them");
        assert!(found("20260103T000000Z-01-8").contains("did you mean `20260103T000000Z-01-9`?"));
        assert!(found("").starts_with("there is no run ``"));
        assert!(find(Vec::new(), "last").unwrap_err().hint.contains("ser run"));
    }
}
