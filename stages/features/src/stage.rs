//! The stage: a manifest's clips in, tables of features out.
//!
//! Clips are worked on in parallel, in batches: while one batch is computed, the one before is written, in the
//! manifest's order. At no time are there more than two batches in memory.

use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;
use ser_audio::{Limits, SAMPLE_RATES_HZ, decode_file};
use ser_schemas::frames::{ClipFrames, FramesWriter};
use ser_schemas::functionals::Functionals;
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};
use ser_schemas::{AUGMENTED_FILE, Clip, Example, KEY_SAMPLE_RATE_HZ, Table, read_metadata};

use crate::augment::{self, Copy};
use crate::error::{FeaturesError, FeaturesResult};
use crate::examples;
use crate::extract::Extractor;
use crate::params::Params;

/// Clips that are computed before the next look at the results.
const BATCH: usize = 64;

/// Computes features of every clip of the manifest in `manifest_dir`.
///
/// Writes `frames.parquet`, `functionals.parquet` and `examples.parquet` into the stage's folder, and
/// `augmented.parquet` where alterations are declared. Rows are in the manifest's order.
pub fn run(params: &Params, manifest_dir: &Path, ctx: &StageContext<'_>) -> FeaturesResult<StageSummary> {
    let manifest = manifest_dir.join("clips.parquet");
    let sample_rate_hz = sample_rate(&manifest)?;
    let clips = Clip::read(&manifest)?;
    if clips.is_empty() {
        return Err(FeaturesError::NoClips { path: manifest });
    }
    let copies = augment::copies(&params.augment);
    check_rates(&copies, sample_rate_hz)?;
    let job =
        Job { params, ctx, sample_rate_hz, copies, idle: Mutex::new(vec![Extractor::new(params, sample_rate_hz)?]) };
    ctx.observer.begin("features", clips.len() as u64, "clips");
    let totals = job.write_features(&clips)?;
    job.write_examples(&clips)?;
    Ok(totals.summary(&job))
}

/// The sample rate that the manifest asks for.
fn sample_rate(manifest: &Path) -> FeaturesResult<u32> {
    let metadata = read_metadata(manifest)?;
    let found = metadata.get(KEY_SAMPLE_RATE_HZ);
    found.and_then(|text| text.parse().ok()).filter(|rate| SAMPLE_RATES_HZ.contains(rate)).ok_or_else(|| {
        FeaturesError::SampleRate {
            path: manifest.to_owned(),
            key: KEY_SAMPLE_RATE_HZ,
            found: found.map_or_else(|| "nothing".to_owned(), |text| format!("`{text}`")),
        }
    })
}

/// Refuses speeds that would need a conversion between sample rates that do not exist.
fn check_rates(copies: &[Copy], sample_rate_hz: u32) -> FeaturesResult<()> {
    let impossible =
        copies.iter().map(|copy| copy.rate_hz(sample_rate_hz)).find(|rate| !SAMPLE_RATES_HZ.contains(rate));
    let Some(rate_hz) = impossible else { return Ok(()) };
    let (low, high) = (SAMPLE_RATES_HZ.start(), SAMPLE_RATES_HZ.end());
    Err(FeaturesError::Params(vec![ParamProblem {
        key: "augment".to_owned(),
        message: format!(
            "a speed that reads clips of {sample_rate_hz} Hz as {rate_hz} Hz cannot be made: rates go from {low} to {high} Hz"
        ),
        hint: Some("use speeds closer to 1".to_owned()),
    }]))
}

struct Job<'a> {
    params: &'a Params,
    ctx: &'a StageContext<'a>,
    sample_rate_hz: u32,
    copies: Vec<Copy>,
    /// Extractors that no thread is using; there are never more than threads.
    idle: Mutex<Vec<Extractor>>,
}

/// What is computed of one clip.
struct Computed {
    frames: ClipFrames,
    functionals: Vec<f32>,
    copies: Vec<ClipFrames>,
}

struct Totals {
    clips: usize,
    frames: usize,
    copies: usize,
    features: usize,
    functionals: usize,
}

impl Job<'_> {
    fn write_features(&self, clips: &[Clip]) -> FeaturesResult<Totals> {
        let layout = self.with_extractor(|extractor| Ok(extractor.layout().clone()))?;
        let ctx = self.ctx;
        let create = |file: &str| FramesWriter::create(&ctx.out_dir.join(file), &layout.frames, &ctx.provenance);
        let mut frames = create("frames.parquet")?;
        let mut augmented = if self.copies.is_empty() { None } else { Some(create(AUGMENTED_FILE)?) };
        let mut functionals = Functionals { names: layout.functionals, ..Functionals::default() };
        let width = layout.frames.names.len();
        let mut totals = Totals {
            clips: clips.len(),
            frames: 0,
            copies: clips.len() * self.copies.len(),
            features: width,
            functionals: functionals.names.len(),
        };
        let mut write = |batch: Vec<Computed>| -> FeaturesResult<()> {
            for clip in batch {
                totals.frames += clip.frames.frame_count(width);
                functionals.clip_ids.push(clip.frames.clip_id.clone());
                functionals.values.extend(clip.functionals);
                frames.push(clip.frames)?;
                for copy in clip.copies {
                    if let Some(writer) = augmented.as_mut() {
                        writer.push(copy)?;
                    }
                }
            }
            Ok(())
        };
        let mut finished = Vec::new();
        for batch in clips.chunks(BATCH) {
            let (computed, written) =
                rayon::join(|| self.compute_batch(batch), || write(std::mem::take(&mut finished)));
            written?;
            finished = computed?;
        }
        write(finished)?;
        frames.finish()?;
        if let Some(writer) = augmented {
            writer.finish()?;
        }
        functionals.write(&ctx.out_dir.join("functionals.parquet"), &ctx.provenance)?;
        Ok(totals)
    }

    fn compute_batch(&self, clips: &[Clip]) -> FeaturesResult<Vec<Computed>> {
        clips
            .par_iter()
            .map(|clip| {
                if self.ctx.observer.is_cancelled() {
                    return Err(FeaturesError::Cancelled);
                }
                let computed = self.with_extractor(|extractor| self.compute(extractor, clip))?;
                self.ctx.observer.advance(1);
                Ok(computed)
            })
            .collect()
    }

    fn compute(&self, extractor: &mut Extractor, clip: &Clip) -> FeaturesResult<Computed> {
        let samples = self.load(extractor, clip)?;
        let row =
            |variant: &str, values| ClipFrames { clip_id: clip.clip_id.clone(), variant: variant.to_owned(), values };
        let copies = self
            .copies
            .iter()
            .map(|copy| {
                let (altered, rate_hz) = copy.apply(&samples, self.sample_rate_hz, self.ctx.seed, &clip.clip_id);
                let altered = extractor.resample(altered, rate_hz)?;
                Ok(row(&copy.variant, extractor.frames(altered)))
            })
            .collect::<FeaturesResult<_>>()?;
        let frames = extractor.frames(samples);
        let functionals = extractor.functionals(&frames);
        Ok(Computed { frames: row("", frames), functionals, copies })
    }

    /// The clip's samples at the sample rate of the features.
    fn load(&self, extractor: &mut Extractor, clip: &Clip) -> FeaturesResult<Vec<f32>> {
        let path = self.ctx.resolve(&clip.path);
        match decode_file(&path, &Limits::default()) {
            Ok(audio) => extractor.load(&audio.mono(), audio.sample_rate_hz),
            Err(source) => Err(FeaturesError::Decode { clip_id: clip.clip_id.clone(), path, source }),
        }
    }

    fn write_examples(&self, clips: &[Clip]) -> FeaturesResult<()> {
        let rows = examples::choose(clips)
            .into_par_iter()
            .map(|(emotion, clip)| {
                let samples = self.with_extractor(|extractor| self.load(extractor, clip))?;
                Ok(examples::draw(clip, emotion, &samples, self.sample_rate_hz))
            })
            .collect::<FeaturesResult<Vec<Example>>>()?;
        Ok(Example::write(&self.ctx.out_dir.join("examples.parquet"), &rows, &self.ctx.provenance)?)
    }

    /// Lends an idle extractor to `work`, or a new one when all are in use.
    fn with_extractor<T>(&self, work: impl FnOnce(&mut Extractor) -> FeaturesResult<T>) -> FeaturesResult<T> {
        // A panic elsewhere leaves the list whole: extractors are only ever moved in and out.
        let idle = || self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let taken = idle().pop();
        let mut extractor = match taken {
            Some(extractor) => extractor,
            None => Extractor::new(self.params, self.sample_rate_hz)?,
        };
        let result = work(&mut extractor);
        idle().push(extractor);
        result
    }
}

impl Totals {
    fn summary(&self, job: &Job<'_>) -> StageSummary {
        let mut notes = vec![format!(
            "{} features per frame, {} functionals per clip, at {} Hz",
            self.features, self.functionals, job.sample_rate_hz
        )];
        if self.copies > 0 {
            let variants: Vec<&str> = job.copies.iter().map(|copy| copy.variant.as_str()).collect();
            notes.push(format!("{} altered copies for training ({})", self.copies, variants.join(", ")));
        }
        StageSummary {
            rows: self.clips as u64,
            headline: format!("{} clips, {} frames of {} features", self.clips, self.frames, self.features),
            notes,
        }
    }
}
