//! Requests no closer together than a server likes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets the threads that share it begin one request after another, so far apart.
#[derive(Debug)]
pub(crate) struct Pace {
    apart: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn new(apart: Duration) -> Self {
        Self { apart, next: Mutex::new(None) }
    }

    /// Returns when it is this caller's turn.
    pub(crate) fn wait(&self) {
        if self.apart.is_zero() {
            return;
        }
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(turn + self.apart);
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_take_turns() {
        let pace = Pace::new(Duration::from_millis(20));
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| pace.wait());
            }
        });
        assert!(start.elapsed() >= Duration::from_millis(40), "{:?}", start.elapsed());
    }
}
