//! Points in time as text: UTC, ISO 8601, to the second.

use chrono::{SecondsFormat, Utc};

/// Now, for example `2026-11-23T15:53:49Z`.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time of [`now`] as part of a file name, where `:` is not allowed everywhere: `20261123T155349Z`.
pub(crate) fn compact(time: &str) -> String {
    time.replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_one_width_and_sort_as_text() {
        let (time, earlier) = (now(), "2026-11-23T15:53:49Z");
        assert_eq!(time.len(), earlier.len());
        assert!(time.ends_with('Z') && time.as_str() > "2020", "{time}");
        assert_eq!(compact(earlier), "20261123T155349Z");
    }
}
