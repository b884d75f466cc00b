//! Start of a stage, which its record does not say: it says when the stage was done and how long it took.

use chrono::{DateTime, SecondsFormat, TimeDelta};

/// The time `seconds` before `finished`, both UTC and to the second; `None` where `finished` is no time.
pub(super) fn started(finished: &str, seconds: f64) -> Option<String> {
    let finished = DateTime::parse_from_rfc3339(finished).ok()?;
    let took = TimeDelta::try_milliseconds((seconds.max(0.0) * 1000.0) as i64)?;
    Some(finished.checked_sub_signed(took)?.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_the_end_less_the_time_between() {
        assert_eq!(started("2026-11-29T00:00:05Z", 65.2).as_deref(), Some("2026-11-28T23:58:59Z"));
        assert_eq!(started("2026-11-29T00:00:05Z", -1.0).as_deref(), Some("2026-11-29T00:00:05Z"));
        assert_eq!(started("2026-11-29T00:00:05Z", f64::NAN).as_deref(), Some("2026-11-29T00:00:05Z"));
        assert_eq!((started("yesterday", 1.0), started("2026-11-29T00:00:05Z", f64::INFINITY)), (None, None));
    }
}
