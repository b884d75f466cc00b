//! Sizes and durations as people say them.

/// `812 bytes`, `4.2 kB`, `17 MB`: decimal units, two digits where they tell something.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for larger in ["kB", "MB", "GB", "TB"] {
        // What would be shown as 1000 is shown as 1.0 of the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits() {
        let told = [0, 999, 1000, 4_249, 9_960, 17_400_000, 999_600, 3_000_000_000].map(size);
        assert_eq!(told, ["0 bytes", "999 bytes", "1.0 kB", "4.2 kB", "10 kB", "17 MB", "1.0 MB", "3.0 GB"]);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(0.04), "0.0 s");
        assert_eq!(duration(9.4), "9.4 s");
        assert_eq!(duration(9.96), "10 s");
        assert_eq!(duration(59.6), "1 min 00 s");
        assert_eq!(duration(185.0), "3 min 05 s");
        assert_eq!(duration(3725.0), "1 h 02 min");
    }
}
