//! Trying again, after times that double and are never drawn: a run waits as long as the next one would.

use std::thread;

use crate::error::StorageError;
use crate::settings::Timings;

/// What went wrong in one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) error: StorageError,
    /// Another try may help.
    pub(crate) passes: bool,
}

impl Trouble {
    pub(crate) fn passing(error: StorageError) -> Self {
        Self { error, passes: true }
    }

    pub(crate) fn lasting(error: StorageError) -> Self {
        Self { error, passes: false }
    }
}

/// The result of `attempt`, made again after trouble that may pass.
pub(crate) fn persist<T>(
    timings: &Timings,
    mut attempt: impl FnMut() -> Result<T, Trouble>,
) -> Result<T, StorageError> {
    let mut wait = timings.first_wait;
    let mut tries = 1;
    loop {
        match attempt() {
            Ok(result) => return Ok(result),
            Err(trouble) if trouble.passes && tries < timings.tries => {
                thread::sleep(wait);
                wait = wait.saturating_mul(2);
                tries += 1;
            }
            Err(trouble) => return Err(trouble.error.tried(tries)),
        }
    }
}
