//! Names of the values that a clip or a frame has.

use std::collections::BTreeSet;

use ser_text::printable;

/// Most values of a clip, or of a frame.
const MOST_VALUES: usize = 16_384;

/// `name_00`, `name_01`, ...: the values of a list.
pub(crate) fn numbered(name: &str, count: usize) -> Vec<String> {
    let digits = count.saturating_sub(1).to_string().len();
    (0..count).map(|at| format!("{name}_{at:0digits$}")).collect()
}

/// The statistics of frames: the mean of each column, then the standard deviation of each.
pub(crate) fn statistics(frames: &[String]) -> Vec<String> {
    ["mean", "sd"].iter().flat_map(|statistic| frames.iter().map(move |name| format!("{name}_{statistic}"))).collect()
}

/// What is wrong with `count` values.
pub(crate) fn too_many(count: usize) -> Option<String> {
    (count > MOST_VALUES).then(|| {
        format!("expected at most {MOST_VALUES} values of a clip or a frame, found {count}: take fewer `columns`")
    })
}

/// What is wrong with `names` of values.
pub(crate) fn doubled(names: &[String]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let twice = names.iter().find(|name| !seen.insert(name.as_str()))?;
    Some(format!("several values would be called `{}`: rename one of the columns", printable(twice)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_wide_as_the_last() {
        assert_eq!(numbered("h", 1), ["h_0"]);
        assert_eq!(numbered("h", 11)[9..], ["h_09", "h_10"]);
        assert_eq!(statistics(&numbered("h", 2)), ["h_0_mean", "h_1_mean", "h_0_sd", "h_1_sd"]);
    }

    #[test]
    fn names_that_are_not_one_value_each_are_told() {
        assert_eq!(doubled(&["a".into(), "b".into()]), None);
        assert!(doubled(&["a_0".into(), "a_0".into()]).is_some_and(|told| told.contains("`a_0`")));
        assert!(too_many(16_384).is_none() && too_many(16_385).is_some());
    }
}
