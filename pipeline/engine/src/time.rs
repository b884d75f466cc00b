//! Points in time as text: UTC, ISO 8601, to the second. Enough for records and lock files, without a calendar library.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, for example `2026-11-23T15:53:49Z`.
pub fn now() -> String {
    format(seconds_since_epoch(SystemTime::now()))
}

/// A time of [`now`] as part of a file name, where `:` is not allowed everywhere: `20261123T155349Z`.
pub(crate) fn compact(time: &str) -> String {
    time.replace(['-', ':'], "")
}

fn seconds_since_epoch(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    }
}

fn format(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Year, month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar. Years start in March here,
/// so that the leap day is the last one and months have a regular length.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    let days = days + 719_468; // from 0000-03-01
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from `date -u -d @N +%FT%TZ` of GNU coreutils.
    #[test]
    fn agrees_with_gnu_date() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_795_449_229, "2026-11-23T15:53:49Z"),
        ] {
            assert_eq!(format(seconds), expected);
        }
        assert_eq!(compact("2026-11-23T15:53:49Z"), "20261123T155349Z");
    }
}
