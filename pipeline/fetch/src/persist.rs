//! Trying again, as long as that is worth it and when the server says.

use std::time::Duration;

use crate::error::FetchError;
use crate::network::Timings;
use crate::observer::Observer;

/// Tries in all, however much each one brings: a server that gives a byte at a time is left alone in the end.
const MOST_TRIES: u32 = 1000;

/// What went wrong in one try.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) error: FetchError,
    pub(crate) again: Again,
    /// Bytes that had come by then. A try that got further than all before is none of those that bring nothing new.
    pub(crate) reached: u64,
}

/// Whether another try may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It will not.
    Never,
    /// Once: what came was wrong, and a second look tells whether it always is.
    Once,
    /// It may, after the time that was asked for.
    Often(Option<Duration>),
}

impl Trouble {
    pub(crate) fn never(error: FetchError) -> Self {
        Self { error, again: Again::Never, reached: 0 }
    }

    pub(crate) fn once(error: FetchError) -> Self {
        Self { error, again: Again::Once, reached: 0 }
    }

    pub(crate) fn often(error: FetchError) -> Self {
        Self { error, again: Again::Often(None), reached: 0 }
    }
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::never(error)
    }
}

/// The result of `attempt`, made again after trouble that may pass. `url` is what it is about.
pub(crate) fn persist<T>(
    timings: &Timings,
    observer: &dyn Observer,
    url: &str,
    mut attempt: impl FnMut() -> Result<T, Trouble>,
) -> Result<T, FetchError> {
    let (mut in_vain, mut wrong, mut furthest) = (0, 0, 0);
    for tries in 1.. {
        let trouble = match attempt() {
            Ok(result) => return Ok(result),
            Err(trouble) => trouble,
        };
        if trouble.reached > furthest {
            (in_vain, wrong, furthest) = (0, 0, trouble.reached);
        }
        in_vain += 1;
        wrong += u32::from(trouble.again == Again::Once);
        let (is_over, asked) = match trouble.again {
            Again::Never => (true, None),
            Again::Once => (wrong > 1, None),
            Again::Often(asked) => (false, asked),
        };
        if is_over || in_vain >= timings.tries || tries >= MOST_TRIES {
            return Err(trouble.error);
        }
        let wait = match asked {
            Some(wait) if wait > timings.longest_asked => return Err(FetchError::Busy { url: url.to_owned(), wait }),
            Some(wait) => {
                if wait >= Duration::from_secs(2) {
                    observer.tell(&format!("the server asks to wait {} s", wait.as_secs()));
                }
                wait
            }
            None => backoff(timings, url, in_vain),
        };
        std::thread::sleep(wait);
    }
    // The loop has no other end than its returns.
    Err(FetchError::Unreachable { url: url.to_owned(), why: "it was tried too often".to_owned() })
}

/// The time before another try, twice as long each time, less up to half of it: so that threads that failed together do
/// not come again together. The part is drawn from the URL alone (FNV-1a), so that runs are alike.
fn backoff(timings: &Timings, url: &str, in_vain: u32) -> Duration {
    let drawn = url
        .bytes()
        .chain(in_vain.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let full = timings.first_wait.saturating_mul(1 << in_vain.saturating_sub(1).min(16)).min(timings.longest_wait);
    full.mul_f64(0.5 + 0.5 * (drawn >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Silent;

    fn timings() -> Timings {
        Timings { first_wait: Duration::ZERO, longest_asked: Duration::from_secs(1), ..Timings::default() }
    }

    fn unreachable() -> FetchError {
        FetchError::Unreachable { url: "u".to_owned(), why: "reset".to_owned() }
    }

    fn tries(mut trouble: impl FnMut(u64) -> Trouble) -> (u64, FetchError) {
        let mut tries = 0;
        let result: Result<(), _> = persist(&timings(), &Silent, "u", || {
            tries += 1;
            Err(trouble(tries))
        });
        (tries, result.expect_err("always trouble"))
    }

    #[test]
    fn tries_that_bring_nothing_new_are_counted() {
        assert_eq!(tries(|_| Trouble::never(unreachable())).0, 1);
        assert_eq!(tries(|_| Trouble::once(unreachable())).0, 2);
        assert_eq!(tries(|_| Trouble::often(unreachable())).0, 5);
        let mixed = |tries| if tries % 3 == 0 { Trouble::once(unreachable()) } else { Trouble::often(unreachable()) };
        assert_eq!(tries(mixed).0, 5);
        assert_eq!(
            tries(|tries| if tries == 1 { Trouble::often(unreachable()) } else { Trouble::once(unreachable()) }).0,
            3
        );
        let reached = |tries: u64| Trouble { reached: tries.min(20), ..Trouble::often(unreachable()) };
        assert_eq!(tries(reached).0, 24, "each of the first twenty got further");
        assert_eq!(tries(|tries| Trouble { reached: tries, ..Trouble::often(unreachable()) }).0, u64::from(MOST_TRIES));
    }

    #[test]
    fn a_server_may_not_ask_for_any_time() {
        let asked = |_| Trouble { again: Again::Often(Some(Duration::from_hours(2))), ..Trouble::often(unreachable()) };
        let (tries, error) = tries(asked);
        assert_eq!(tries, 1);
        assert!(error.to_string().contains("asks to come again in 7200 s"), "{error}");
    }

    #[test]
    fn waits_double_up_to_a_limit() {
        let timings = Timings::default();
        let waits: Vec<f64> = (1..12).map(|in_vain| backoff(&timings, "u", in_vain).as_secs_f64()).collect();
        for (at, wait) in waits.iter().enumerate() {
            let full = f64::from(1 << at).min(60.0);
            assert!((0.5 * full..=full).contains(wait), "{waits:?}");
        }
        assert_ne!(backoff(&timings, "u", 3), backoff(&timings, "v", 3));
    }
}
