//! The time that a server asks to be given.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use ureq::http::HeaderMap;

/// How long to wait by `Retry-After` (RFC 9110, 10.2.3: seconds or a date), or else by the second at which the limit
/// that `X-RateLimit-Remaining` counts down is set up again.
pub(crate) fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let now_s = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let until = |second: u64| Duration::from_secs(second.saturating_sub(now_s));
    if let Some(asked) = text("retry-after") {
        if let Ok(seconds) = asked.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = DateTime::parse_from_rfc2822(asked).ok()?;
        return Some(until(u64::try_from(date.timestamp()).unwrap_or(0)));
    }
    if text("x-ratelimit-remaining") == Some("0") {
        return text("x-ratelimit-reset")?.parse().ok().map(until);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_limits_are_understood() {
        // RFC 9110's own example of a date, 3 s later than `now`.
        let now = UNIX_EPOCH + Duration::from_secs(784_111_774);
        let asked = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().expect("a value"));
            }
            super::asked(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(asked(&[("retry-after", "120")]), Some(120));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), Some(3));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(0), "it is over");
        assert_eq!(asked(&[("retry-after", "soon")]), None);
        assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111834")]), Some(60));
        assert_eq!(asked(&[("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "784111834")]), None);
        assert_eq!(asked(&[]), None);
    }
}
