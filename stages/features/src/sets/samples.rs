//! The samples themselves.

use crate::feature_set::{Column, Columns, Compute, FeatureSet, FromSignal, Summary};
use crate::framing::Framing;
use crate::params::Params;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "samples"
    }

    fn about(&self) -> &'static str {
        "Samples from the middle of the frame up to that of the next, full scale being 1 and silence behind the clip's end: \
         frame after frame they are the waveform."
    }

    fn columns(&self, params: &Params, framing: &Framing) -> Vec<Column> {
        let column = |index| Column::new(format!("samples_{index:03}"), "full scale").summary(Summary::Nothing);
        if params.samples { (0..framing.hop).map(column).collect() } else { Vec::new() }
    }

    fn compute(&self, _: &Params, _: &Framing) -> Compute {
        Compute::signal(Samples)
    }
}

struct Samples;

impl FromSignal for Samples {
    #[inline(always)]
    fn clip(&mut self, samples: &[f32], framing: &Framing, columns: &mut Columns<'_>) {
        // What is left of each frame's hop when the clip ends is silence already.
        columns.write_rows(samples.chunks(framing.hop));
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::Extractor;
    use crate::params::Params;

    #[test]
    fn frame_after_frame_they_are_the_waveform() {
        let params = Params { samples: true, ..Params::default() };
        let mut extractor = Extractor::new(&params, 16_000).expect("parameters");
        let names = extractor.layout().frames.names.clone();
        let first = names.iter().position(|name| name == "samples_000").expect("a column");
        assert_eq!((&names[first + 159][..], names.len()), ("samples_159", first + 160));
        assert!(!extractor.layout().functionals.iter().any(|name| name.starts_with("samples")));
        for length in [0, 1, 160, 403] {
            let clip: Vec<f32> = (0..length).map(|n| (n as f32 * 0.1).sin()).collect();
            let features = extractor.extract(&clip, 16_000).expect("features");
            let heard = features.frames.chunks_exact(names.len()).flat_map(|frame| &frame[first..]);
            let mut heard: Vec<f32> = heard.copied().collect();
            assert_eq!(heard.len(), 160 * (1 + length / 160));
            assert!(heard.split_off(length).iter().all(|sample| *sample == 0.0));
            assert_eq!(heard, clip);
        }
    }

    #[test]
    fn there_are_as_many_as_the_hop_has_samples() {
        let off = serde_json::json!({"on": false});
        let params = serde_json::json!({
            "samples": true, "hop_s": 0.005, "log_mel": off, "mfcc": off, "f0": off, "chroma": false, "zcr": false, "rms": false,
        });
        let params: Params = serde_json::from_value(params).expect("parameters");
        let mut extractor = Extractor::new(&params, 8_000).expect("parameters");
        assert_eq!((extractor.layout().frames.names.len(), extractor.layout().functionals.len()), (40, 0));
        assert!(extractor.extract(&[0.5; 100], 8_000).expect("features").functionals.is_empty());
    }
}
