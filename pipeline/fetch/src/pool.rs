//! Many files at once, and the failures of some.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::FetchError;

/// Failures of single files after which the rest is not tried any more.
const MOST_FAILURES: usize = 20;

/// Failures of a piece of work, and how many files it was about.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    first: Option<FetchError>,
    failed: usize,
}

impl Failures {
    pub(crate) fn add(&mut self, error: FetchError) {
        self.failed += 1;
        // What is not the fault of one file explains more.
        if self.first.as_ref().is_none_or(|first| first.is_of_one_file() && !error.is_of_one_file()) {
            self.first = Some(error);
        }
    }

    /// `true` if it is of no use to go on.
    fn ends_all(&self) -> bool {
        self.failed >= MOST_FAILURES || self.first.as_ref().is_some_and(|first| !first.is_of_one_file())
    }

    fn merge(&mut self, other: Self) {
        let counted = other.failed;
        if let Some(first) = other.first {
            self.add(first);
            self.failed += counted - 1;
        }
    }

    /// An error, if there was one.
    pub(crate) fn result(self, of: usize) -> Result<(), FetchError> {
        match self.first {
            None => Ok(()),
            Some(first) if self.failed == 1 && !first.is_of_one_file() => Err(first),
            Some(first) => Err(FetchError::Some { failed: self.failed, of, first: Box::new(first) }),
        }
    }
}

/// Does `work` for each of `items`, on so many threads. What ends all lets the others finish what they are at.
pub(crate) fn each<T: Sync>(items: &[T], threads: usize, work: impl Fn(&T) -> Failures + Sync) -> Failures {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failures = Mutex::new(Failures::default());
    let worker = || {
        while !stop.load(Ordering::Relaxed)
            && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let failed = work(item);
            let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.merge(failed);
            if failures.ends_all() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()).max(1) {
            scope.spawn(worker);
        }
    });
    failures.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// [`Failures`] of the one file that `result` is of.
pub(crate) fn of_one(result: Result<(), FetchError>) -> Failures {
    let mut failures = Failures::default();
    if let Err(error) = result {
        failures.add(error);
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(number: usize) -> FetchError {
        FetchError::Missing { url: format!("u{number}"), status: 404 }
    }

    #[test]
    fn a_file_that_fails_keeps_no_other_from_coming() {
        let items: Vec<usize> = (0..50).collect();
        let done = AtomicUsize::new(0);
        let failures = each(&items, 4, |item| {
            done.fetch_add(1, Ordering::Relaxed);
            of_one(if item % 10 == 3 { Err(missing(*item)) } else { Ok(()) })
        });
        assert_eq!(done.into_inner(), 50);
        let error = failures.result(50).expect_err("five failed").to_string();
        assert!(error.starts_with("5 of 50 files could not be fetched, the first: there is no `u"), "{error}");
    }

    #[test]
    fn a_failure_of_the_machine_ends_all_and_is_the_one_that_is_told() {
        let items: Vec<usize> = (0..1000).collect();
        let done = AtomicUsize::new(0);
        let failures = each(&items, 1, |item| {
            done.fetch_add(1, Ordering::Relaxed);
            of_one(match item {
                2 => Err(missing(2)),
                5 => Err(FetchError::Unreachable { url: "u5".to_owned(), why: "reset".to_owned() }),
                _ => Ok(()),
            })
        });
        assert_eq!(done.into_inner(), 6);
        let error = failures.result(1000).expect_err("two failed").to_string();
        assert_eq!(error, "2 of 1000 files could not be fetched, the first: `u5` could not be fetched: reset");
        assert!(each(&items, 4, |_| Failures::default()).result(1000).is_ok());
        let many = each(&items, 1, |item| of_one(Err(missing(*item)))).result(1000).expect_err("all fail").to_string();
        assert!(many.starts_with("20 of 1000"), "{many}");
    }
}
