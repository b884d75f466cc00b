//! Sizes as people say them.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits() {
        let told = [0, 999, 1000, 4_249, 9_960, 17_400_000, 999_600, 3_000_000_000].map(size);
        assert_eq!(told, ["0 bytes", "999 bytes", "1.0 kB", "4.2 kB", "10 kB", "17 MB", "1.0 MB", "3.0 GB"]);
    }
}
