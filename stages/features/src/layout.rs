//! Names of the columns, in the order that the extractor fills them.

use ser_schemas::frames::FrameLayout;

use crate::chroma::CLASSES;
use crate::framing::Framing;
use crate::functionals;
use crate::params::Params;

/// Names and order of frame features and functionals.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The frame features: names, sample rate, frame step and parameters, as stored in a frames table.
    pub frames: FrameLayout,
    /// Names of the functionals: `<feature>_<statistic>`; none where they are switched off.
    pub functionals: Vec<String>,
}

impl Layout {
    pub(crate) fn new(params: &Params, framing: &Framing) -> Self {
        let names = frame_names(params);
        let statistics = functionals::names(&params.functionals);
        let functionals = names
            .iter()
            .filter(|_| params.functionals.on)
            .flat_map(|name| {
                // A flag has no distribution: its mean, the share of voiced frames, says all.
                let kept = if name == VOICED { 1 } else { statistics.len() };
                statistics[..kept].iter().map(move |statistic| format!("{name}_{statistic}"))
            })
            .collect();
        let frames = FrameLayout {
            names,
            sample_rate_hz: framing.sample_rate_hz,
            hop_s: framing.hop_s(),
            params: serde_json::to_value(params).unwrap_or_default(),
        };
        Self { frames, functionals }
    }
}

/// Name of the voicing flag, whose functional is its mean alone.
pub(crate) const VOICED: &str = "voiced";

fn frame_names(params: &Params) -> Vec<String> {
    let mut names = Vec::new();
    let mut numbered = |stem: &str, count: usize| names.extend((0..count).map(|index| format!("{stem}_{index:02}")));
    if params.log_mel.on {
        numbered("log_mel", params.log_mel.n_mels as usize);
    }
    if params.mfcc.on {
        let stems = ["mfcc", "mfcc_delta", "mfcc_delta2"];
        for stem in &stems[..=(params.mfcc.deltas as usize).min(2)] {
            numbered(stem, params.mfcc.n_mfcc as usize);
        }
    }
    if params.chroma {
        numbered("chroma", CLASSES);
    }
    let singles = [
        (params.zcr, "zcr"),
        (params.rms, "rms"),
        (params.spectral_centroid, "spectral_centroid_hz"),
        (params.spectral_bandwidth, "spectral_bandwidth_hz"),
        (params.spectral_rolloff, "spectral_rolloff_hz"),
        (params.spectral_flatness, "spectral_flatness"),
        (params.f0.on, "f0_hz"),
        (params.f0.on, VOICED),
    ];
    names.extend(singles.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_distinct_and_as_documented() {
        let mut params = Params::default();
        params.mfcc.deltas = 2;
        params.spectral_centroid = true;
        let layout = Layout::new(&params, &Framing::new(&params, 16_000));
        let names = &layout.frames.names;
        assert_eq!(names.len(), 64 + 60 + 12 + 1 + 1 + 1 + 2);
        assert_eq!((names[0].as_str(), names[64].as_str()), ("log_mel_00", "mfcc_00"));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(layout.functionals.iter().collect::<HashSet<_>>().len(), layout.functionals.len());
        assert!(layout.functionals.contains(&"mfcc_03_mean".to_owned()));
        assert!(layout.functionals.contains(&"zcr_slope".to_owned()));
        assert!(layout.functionals.contains(&"voiced_mean".to_owned()));
        assert!(!layout.functionals.contains(&"voiced_sd".to_owned()));
        assert_eq!(Params::from_layout(&layout.frames).expect("parameters"), params);
        params.functionals.on = false;
        let without = Layout::new(&params, &Framing::new(&params, 16_000));
        assert_eq!((&without.frames.names, without.functionals.len()), (names, 0));
    }
}
