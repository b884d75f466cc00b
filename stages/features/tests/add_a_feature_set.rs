//! Two feature sets that the product does not have, added as `docs/add-a-feature-set.md` says: one of frames, one of
//! clips. They lack only the line in the list of the product and the parameters.

#![expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]

use std::path::PathBuf;

use ser_features::{
    Block, Column, Compute, Extractor, FeatureSet, Framing, FromClip, FromSpectrum, LANES, Params, Problems, Row, SETS,
    Summary, WholeClip, reference,
};

struct HighShare;

impl FeatureSet for HighShare {
    fn name(&self) -> &'static str {
        "high_share"
    }

    fn about(&self) -> &'static str {
        "Share of power in the upper half of the spectrum, 0 for silence."
    }

    fn columns(&self, _: &Params, _: &Framing) -> Vec<Column> {
        vec![Column::new("high_share", "1")]
    }

    fn compute(&self, _: &Params, framing: &Framing) -> Compute {
        Compute::spectrum(Upper { from_bin: framing.bins() / 2 })
    }
}

struct Upper {
    from_bin: usize,
}

impl FromSpectrum for Upper {
    #[inline(always)]
    fn block(&mut self, power: Block<'_>, out: &mut [Row]) {
        let (mut all, mut upper) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        for (bin, row) in power.rows.iter().enumerate() {
            for lane in 0..LANES {
                all[lane] += row[lane];
                upper[lane] += if bin >= self.from_bin { row[lane] } else { 0.0 };
            }
        }
        out[0] = std::array::from_fn(|lane| if all[lane] > 0.0 { upper[lane] / all[lane] } else { 0.0 });
    }
}

/// Duration, and how much of it is voiced; not for rates below `least_hz`.
struct Voice {
    least_hz: u32,
}

impl FeatureSet for Voice {
    fn name(&self) -> &'static str {
        "durations"
    }

    fn about(&self) -> &'static str {
        "Duration of the clip and of its voiced frames."
    }

    fn columns(&self, _: &Params, _: &Framing) -> Vec<Column> {
        ["clip_s", "voiced_s"].map(|name| Column::new(name, "s").summary(Summary::Value)).into()
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        if !params.f0.on {
            problems.add("durations", "voiced frames are not known".to_owned(), Some("switch `f0` on"));
        }
    }

    fn check_rate(&self, _: &Params, sample_rate_hz: u32, problems: &mut Problems) {
        if sample_rate_hz < self.least_hz {
            problems.add("durations", format!("expected at least {} Hz, found {sample_rate_hz}", self.least_hz), None);
        }
    }

    fn compute(&self, _: &Params, _: &Framing) -> Compute {
        Compute::clip(Durations)
    }
}

struct Durations;

impl FromClip for Durations {
    fn clip(&mut self, clip: &WholeClip<'_>, out: &mut [f32]) {
        out[0] = clip.samples.len() as f32 / clip.framing.sample_rate_hz as f32;
        out[1] = clip.column("voiced").map_or(0.0, |voiced| voiced.sum::<f32>() * clip.framing.hop_s() as f32);
    }
}

/// The list of the product with both at its end.
fn sets() -> Vec<&'static dyn FeatureSet> {
    SETS.iter().copied().chain([&HighShare as &dyn FeatureSet, &Voice { least_hz: 8_000 }]).collect()
}

/// Half a second of a low buzz, half a second of a high tone, half a second of nothing.
fn clip() -> Vec<f32> {
    let turns = |hz: f32, n: usize| hz * n as f32 / 16_000.0;
    let buzz = (0..8_000).map(|n| 0.3 * (turns(200.0, n).fract() - 0.5));
    let tone = (0..8_000).map(|n| 0.3 * (std::f32::consts::TAU * turns(7_000.0, n)).sin());
    buzz.chain(tone).chain((0..8_000).map(|_| 0.0)).collect()
}

#[test]
fn columns_and_functionals_follow_from_the_list() {
    let params = Params::default();
    let mut plain = Extractor::new(&params, 16_000).expect("parameters");
    let mut with = Extractor::with_sets(&params, 16_000, &sets()).expect("parameters");
    let (before, after) = (plain.layout().clone(), with.layout().clone());
    let (old, new) =
        (plain.extract(&clip(), 16_000).expect("features"), with.extract(&clip(), 16_000).expect("features"));

    let width = after.frames.names.len();
    assert_eq!(after.frames.names[..width - 1], before.frames.names);
    assert_eq!(after.frames.names[width - 1], "high_share");
    for (old, new) in old.frames.chunks_exact(width - 1).zip(new.frames.chunks_exact(width)) {
        assert_eq!(old, &new[..width - 1]);
    }
    let share = |frame: usize| new.frames[frame * width + width - 1];
    assert!(share(25) < 0.3 && share(75) > 0.99 && share(130) == 0.0, "{} {} {}", share(25), share(75), share(130));

    let count = before.functionals.len();
    assert_eq!(
        (&after.functionals[..count], &new.functionals[..count]),
        (&before.functionals[..], &old.functionals[..])
    );
    let added: Vec<(&str, f32)> =
        after.functionals[count..].iter().map(String::as_str).zip(new.functionals[count..].iter().copied()).collect();
    let value = |name: &str| added.iter().find(|(found, _)| *found == name).expect(name).1;
    assert_eq!((added[0].0, added[12].0, added.len()), ("high_share_mean", "clip_s", 14));
    let mean = new.frames.chunks_exact(width).map(|frame| f64::from(frame[width - 1])).sum::<f64>();
    assert!((f64::from(value("high_share_mean")) - mean / new.frame_count as f64).abs() < 1e-6);
    assert_eq!(value("clip_s"), 1.5);
    let voiced = after.frames.names.iter().position(|name| name == "voiced").expect("a flag");
    let voiced = new.frames.iter().skip(voiced).step_by(width).sum::<f32>();
    assert!(voiced > 40.0 && (value("voiced_s") - 0.01 * voiced).abs() < 1e-4, "{voiced} {}", value("voiced_s"));
}

#[test]
fn frames_have_the_same_values_wherever_they_stand() {
    let mut with = Extractor::with_sets(&Params::default(), 16_000, &sets()).expect("parameters");
    let width = with.layout().frames.names.len();
    let whole = with.extract(&clip(), 16_000).expect("features");
    // A frame later by one stands in another lane.
    let shifted: Vec<f32> = [0.0; 160].into_iter().chain(clip()).collect();
    let shifted = with.extract(&shifted, 16_000).expect("features");
    for frame in 0..whole.frame_count {
        assert_eq!(whole.frames[frame * width + width - 1], shifted.frames[(frame + 1) * width + width - 1], "{frame}");
    }
}

#[test]
fn mistakes_in_its_parameters_are_reported() {
    let mut params = Params::default();
    params.f0.on = false;
    let message = |params: &Params, rate| Extractor::with_sets(params, rate, &sets()).err().expect("wrong").to_string();
    assert!(message(&params, 16_000).contains("`durations`: voiced frames are not known (switch `f0` on)"));
    let sets: [&dyn FeatureSet; 2] = [&HighShare, &Voice { least_hz: 22_050 }];
    let found = Extractor::with_sets(&Params::default(), 16_000, &sets).err().expect("low rate").to_string();
    assert!(found.contains("`durations`: expected at least 22050 Hz, found 16000"), "{found}");
}

#[test]
fn clips_need_frames_beside_their_values() {
    let sets: [&dyn FeatureSet; 1] = [&Voice { least_hz: 8_000 }];
    let found = Extractor::with_sets(&Params::default(), 16_000, &sets).err().expect("no frames").to_string();
    assert!(found.contains("no feature is switched on"), "{found}");
}

#[test]
fn values_of_clips_are_functionals_and_go_with_them() {
    let mut params = Params::default();
    params.functionals.on = false;
    let mut extractor = Extractor::with_sets(&params, 16_000, &sets()).expect("parameters");
    assert!(extractor.layout().functionals.is_empty());
    assert!(extractor.extract(&clip(), 16_000).expect("features").functionals.is_empty());
}

#[test]
fn every_set_keeps_the_rules_of_the_list() {
    let params: Params = serde_json::from_value(serde_json::json!({
        "spectral_centroid": true, "spectral_bandwidth": true, "spectral_rolloff": true, "spectral_flatness": true,
        "samples": true, "voice": true, "formants": {"on": true}, "spectral_tilt": true, "rhythm": true,
    }))
    .expect("parameters");
    let framing = Framing::new(&params, 16_000);
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for set in sets() {
        assert!(!names.contains(&set.name()) && set.about().ends_with('.'), "{}", set.name());
        names.push(set.name());
        let own = set.columns(&params, &framing);
        let of_clips = matches!(set.compute(&params, &framing), Compute::Clip(_));
        let agree = own.iter().all(|column| (column.summary == Summary::Value) == of_clips);
        assert!(
            agree && !own.is_empty(),
            "{}: columns of clips, and of clips alone, are computed from clips",
            set.name()
        );
        columns.extend(own);
    }
    for (index, column) in columns.iter().enumerate() {
        assert!(columns[..index].iter().all(|other| other.name != column.name), "{} is there twice", column.name);
        if let Summary::StatisticsWhere(flag) = column.summary {
            assert!(columns.iter().any(|other| other.name == flag), "{}: no column `{flag}`", column.name);
        }
    }
}

fn page(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_default()
}

#[test]
fn the_reference_page_is_up_to_date() {
    assert!(page("features.md") == reference(), "`docs/features.md` is out of date: run `just generate`");
}

#[test]
fn the_page_shows_what_this_test_does() {
    let page = page("add-a-feature-set.md");
    let code = page.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert!(include_str!("add_a_feature_set.rs").contains(code), "the example of the page is not that of the test");
    assert!(page.lines().count() <= 60);
}
