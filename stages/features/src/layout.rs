//! Names of the columns, in the order that the extractor fills them.

use ser_schemas::frames::FrameLayout;

use crate::feature_set::{Column, Summary, of_frames};
use crate::framing::Framing;
use crate::functionals;
use crate::params::{Functionals, Params};
use crate::recipes::of_features;

/// Names and order of frame features and functionals.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The frame features: names, sample rate, frame step and parameters, as stored in a frames table.
    pub frames: FrameLayout,
    /// Names of the functionals: `<feature>_<statistic>`, then values of clips; none where they are switched off.
    pub functionals: Vec<String>,
}

impl Layout {
    /// The names of `columns`, which are in the order of their sets.
    pub(crate) fn new(params: &Params, framing: &Framing, columns: &[Column]) -> Self {
        let frames = FrameLayout {
            names: of_frames(columns).map(|column| column.name.clone()).collect(),
            sample_rate_hz: framing.sample_rate_hz,
            hop_s: framing.hop_s(),
            params: serde_json::to_value(of_features(params)).unwrap_or_default(),
        };
        let functionals =
            if params.functionals.on { functional_names(&params.functionals, columns) } else { Vec::new() };
        Self { frames, functionals }
    }
}

fn functional_names(params: &Functionals, columns: &[Column]) -> Vec<String> {
    let statistics = functionals::names(params);
    let mut names = Vec::new();
    for column in of_frames(columns) {
        let kept = match column.summary {
            Summary::Nothing => &[],
            Summary::Mean => &statistics[..1],
            Summary::Statistics | Summary::StatisticsWhere(_) | Summary::Value => &statistics[..],
        };
        names.extend(kept.iter().map(|statistic| format!("{}_{statistic}", column.name)));
    }
    let values = columns.iter().filter(|column| column.summary == Summary::Value);
    names.extend(values.map(|column| column.name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::computations::Computations;
    use crate::sets::SETS;
    use std::collections::HashSet;

    fn layout(params: &Params) -> Layout {
        let framing = Framing::new(params, 16_000);
        let (_, columns) = Computations::new(SETS, params, &framing);
        Layout::new(params, &framing, &columns)
    }

    #[test]
    fn names_are_distinct_and_as_documented() {
        let mut params = Params::default();
        params.mfcc.deltas = 2;
        params.spectral_centroid = true;
        let with = layout(&params);
        let names = &with.frames.names;
        assert_eq!(names.len(), 64 + 60 + 12 + 1 + 1 + 1 + 2);
        assert_eq!((names[0].as_str(), names[64].as_str()), ("log_mel_00", "mfcc_00"));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(with.functionals.iter().collect::<HashSet<_>>().len(), with.functionals.len());
        assert!(with.functionals.contains(&"mfcc_03_mean".to_owned()));
        assert!(with.functionals.contains(&"zcr_slope".to_owned()));
        assert!(with.functionals.contains(&"voiced_mean".to_owned()));
        assert!(!with.functionals.contains(&"voiced_sd".to_owned()));
        let stored: Params = serde_json::from_value(with.frames.params.clone()).expect("parameters");
        assert_eq!(stored, params);
        params.functionals.on = false;
        let without = layout(&params);
        assert_eq!((&without.frames.names, without.functionals.len()), (names, 0));
    }
}
