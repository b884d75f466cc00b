//! The stage: a manifest's clips in, tables of features out.
//!
//! One thread reads the manifest and the files ahead; clips are computed in parallel, in batches; while one batch is
//! computed, the one before is put into the tables, in the manifest's order. Memory holds two batches and a row group
//! of each table, whatever the size of the corpus. Rows that the last result has are taken from there.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;
use ser_audio::{AudioError, Limits, SAMPLE_RATES_HZ, decode, read_file};
use ser_schemas::{AUGMENTED_FILE, Clip, Example, KEY_SAMPLE_RATE_HZ, Table, frames, functionals, read_metadata};
use ser_stage::{Context, Outcome, Problem};

use crate::assembly::{FramesTable, FunctionalsTable, Source};
use crate::augment::{self, Copy};
use crate::error::{FeaturesError, FeaturesResult};
use crate::examples::{self, Chooser, Drawn};
use crate::extract::{ClipFeatures, Extractor};
use crate::params::Params;
use crate::previous::{Previous, Recipes};
use crate::work::{Planner, Queue, Work, check_content};

/// Clips that are computed before the next look at the results.
const BATCH: usize = 64;

/// Files read ahead, per thread that computes.
const READ_AHEAD: usize = 2;

/// Computes features of every clip of the manifest in `manifest_dir`.
///
/// Writes `frames.parquet`, `functionals.parquet` and `examples.parquet` into the stage's folder, and
/// `augmented.parquet` where alterations are declared. Rows are in the manifest's order. The tables are the same whether
/// rows were computed or taken from the last result.
pub fn run(params: &Params, manifest_dir: &Path, ctx: &Context<'_>) -> FeaturesResult<Outcome> {
    let manifest = Clip::file_in(manifest_dir);
    let sample_rate_hz = sample_rate(&manifest)?;
    let mut chooser = Chooser::default();
    for clips in Clip::scan(&manifest)? {
        clips?.into_iter().for_each(|clip| chooser.see(clip));
    }
    if chooser.clips() == 0 {
        return Err(FeaturesError::NoClips { path: manifest });
    }
    let copies = augment::copies(&params.augment);
    check_rates(&copies, sample_rate_hz)?;
    let idle = Mutex::new(vec![Extractor::new(params, sample_rate_hz)?]);
    let job = Job { params, ctx, manifest, sample_rate_hz, copies, idle };
    ctx.observer.begin("features", chooser.clips() as u64, "clips");
    let (totals, chosen) = job.write_features(chooser)?;
    job.write_examples(&chosen)?;
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
    Err(FeaturesError::Params(vec![Problem {
        key: "augment".to_owned(),
        message: format!(
            "a speed that reads clips of {sample_rate_hz} Hz as {rate_hz} Hz cannot be made: rates go from {low} to {high} Hz"
        ),
        hint: Some("use speeds closer to 1".to_owned()),
    }]))
}

struct Job<'a> {
    params: &'a Params,
    ctx: &'a Context<'a>,
    manifest: PathBuf,
    sample_rate_hz: u32,
    copies: Vec<Copy>,
    /// Extractors that no thread is using; there are never more than threads.
    idle: Mutex<Vec<Extractor>>,
}

/// A clip and what was computed of it.
struct Done {
    work: Work,
    /// Frames and functionals, unless taken over.
    features: Option<ClipFeatures>,
    /// Frames of each altered copy, unless taken over.
    copies: Option<Vec<Vec<f32>>>,
}

#[derive(Default)]
struct Totals {
    clips: usize,
    frames: usize,
    /// True if there was a last result to take rows from.
    again: bool,
    clips_taken: usize,
    copies_taken: usize,
    features: usize,
    functionals: usize,
}

impl Job<'_> {
    fn write_features(&self, chooser: Chooser) -> FeaturesResult<(Totals, Vec<Clip>)> {
        let ctx = self.ctx;
        let layout = self.with_extractor(|extractor| Ok(extractor.layout().clone()))?;
        let recipes = Recipes::new(self.params, self.sample_rate_hz, ctx.seed);
        let previous = Previous::open(ctx.previous_dir, &recipes, self.copies.len());
        let index = previous.index;
        let create = |file: &str, recipe: &str, variants, previous| {
            let path = ctx.out_dir.join(file);
            FramesTable::create(&path, (&layout.frames, recipe), variants, previous, &ctx.provenance)
        };
        let mut frames = create(frames::FILE, &recipes.features, vec![String::new()], previous.frames)?;
        let variants: Vec<String> = self.copies.iter().map(|copy| copy.variant.clone()).collect();
        let mut augmented = if variants.is_empty() {
            None
        } else {
            Some(create(AUGMENTED_FILE, &recipes.copies, variants, previous.augmented)?)
        };
        let path = ctx.out_dir.join(functionals::FILE);
        let mut functionals =
            FunctionalsTable::create(&path, &layout.functionals, previous.functionals, &ctx.provenance)?;
        let mut totals = Totals {
            again: !index.is_empty(),
            features: layout.frames.names.len(),
            functionals: layout.functionals.len(),
            ..Totals::default()
        };
        let mut write = |batch: Vec<Done>| -> FeaturesResult<()> {
            for Done { work, features, copies } in batch {
                totals.clips += 1;
                match (features, work.features) {
                    (Some(features), _) => {
                        totals.frames += features.frame_count;
                        frames.push(&work.key, Source::New(vec![features.frames]))?;
                        functionals.push(&work.key, Source::New(features.functionals))?;
                    }
                    (None, Some(found)) => {
                        totals.clips_taken += 1;
                        totals.frames += index.frame_count(found.row);
                        frames.push(&work.key, Source::Taken(found))?;
                        functionals.push(&work.key, Source::Taken(found))?;
                    }
                    (None, None) => {}
                }
                if let Some(augmented) = augmented.as_mut() {
                    match (copies, work.copies) {
                        (Some(copies), _) => augmented.push(&work.key, Source::New(copies))?,
                        (None, Some(found)) => {
                            totals.copies_taken += 1;
                            augmented.push(&work.key, Source::Taken(found))?;
                        }
                        (None, None) => {}
                    }
                }
            }
            Ok(())
        };
        let planner = Planner { ctx, manifest: &self.manifest, index: &index, copies: !self.copies.is_empty() };
        let mut chosen = chooser.choose();
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(READ_AHEAD * rayon::current_num_threads());
            let chosen = &mut chosen;
            scope.spawn(move || planner.run(&sender, chosen));
            // Lives as long as this closure: when it fails, nobody listens, and the planner stops.
            let queue = Queue::new(receiver);
            let mut finished = Vec::new();
            loop {
                let (batch, written) =
                    rayon::join(|| self.compute_batch(&queue), || write(std::mem::take(&mut finished)));
                written?;
                finished = batch?;
                if finished.is_empty() {
                    return Ok::<(), FeaturesError>(());
                }
            }
        })?;
        frames.finish()?;
        if let Some(augmented) = augmented {
            augmented.finish()?;
        }
        functionals.finish()?;
        Ok((totals, chosen.into_clips()))
    }

    /// The next clips of the queue, in the manifest's order; none when it is at its end.
    fn compute_batch(&self, queue: &Queue) -> FeaturesResult<Vec<Done>> {
        let mut batch = (0..BATCH)
            .into_par_iter()
            .filter_map(|_| queue.next())
            .map(|work| {
                if self.ctx.observer.is_cancelled() {
                    return Err(FeaturesError::Cancelled);
                }
                let done = self.with_extractor(|extractor| self.compute(extractor, work?))?;
                self.ctx.observer.advance(1);
                Ok(done)
            })
            .collect::<FeaturesResult<Vec<Done>>>()?;
        batch.sort_unstable_by_key(|done| done.work.order);
        Ok(batch)
    }

    fn compute(&self, extractor: &mut Extractor, mut work: Work) -> FeaturesResult<Done> {
        let Some(bytes) = work.bytes.take() else { return Ok(Done { work, features: None, copies: None }) };
        let clip_id = work.key.clip_id.as_str();
        let path = self.ctx.resolve(&work.path);
        let samples = load(extractor, clip_id, work.key.content_hash.as_deref(), &path, bytes)?;
        let copies = if work.copies.is_some() || self.copies.is_empty() {
            None
        } else {
            let frames = self.copies.iter().map(|copy| {
                let (altered, rate_hz) = copy.apply(&samples, self.sample_rate_hz, self.ctx.seed, clip_id);
                let warp = copy.warp(self.sample_rate_hz, self.ctx.seed, clip_id);
                extractor.resample(altered, rate_hz).map(|altered| extractor.frames(altered, warp.as_ref()))
            });
            Some(frames.collect::<FeaturesResult<_>>()?)
        };
        let features = work.features.is_none().then(|| extractor.features(samples));
        Ok(Done { work, features, copies })
    }

    fn write_examples(&self, clips: &[Clip]) -> FeaturesResult<()> {
        let drawn = Drawn::read(self.ctx.previous_dir, self.sample_rate_hz);
        let rows = clips
            .par_iter()
            .filter_map(|clip| clip.emotion.map(|emotion| (clip, emotion)))
            .map(|(clip, emotion)| {
                if let Some(example) = drawn.of(clip, emotion) {
                    return Ok(example);
                }
                let path = self.ctx.resolve(&clip.path);
                let bytes = read_file(&path, &Limits::default());
                let hash = clip.content_hash.as_deref();
                let samples = self.with_extractor(|extractor| load(extractor, &clip.clip_id, hash, &path, bytes))?;
                Ok(examples::draw(clip, emotion, &samples, self.sample_rate_hz))
            })
            .collect::<FeaturesResult<Vec<Example>>>()?;
        let path = Example::file_in(self.ctx.out_dir);
        Ok(examples::write(&path, &rows, clips, self.sample_rate_hz, &self.ctx.provenance)?)
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

/// The samples of a clip's file, which was read from `path`, at the sample rate of the features.
fn load(
    extractor: &mut Extractor,
    clip_id: &str,
    content_hash: Option<&str>,
    path: &Path,
    bytes: Result<Vec<u8>, AudioError>,
) -> FeaturesResult<Vec<f32>> {
    let undecodable = |source| FeaturesError::Decode { clip_id: clip_id.to_owned(), path: path.to_owned(), source };
    let bytes = bytes.map_err(undecodable)?;
    check_content(clip_id, content_hash, path, &bytes)?;
    let audio = decode(bytes, &Limits::default()).map_err(undecodable)?;
    let rate_hz = audio.sample_rate_hz;
    extractor.load(audio.into_mono(), rate_hz)
}

impl Totals {
    fn summary(&self, job: &Job<'_>) -> Outcome {
        let mut notes = vec![format!(
            "{} features per frame, {} functionals per clip, at {} Hz",
            self.features, self.functionals, job.sample_rate_hz
        )];
        let taken =
            |taken: usize, what: &str| format!("{taken} of {} {what} taken over from the last result", self.clips);
        if self.again {
            notes.push(taken(self.clips_taken, "clips"));
        }
        if !job.copies.is_empty() {
            let variants: Vec<&str> = job.copies.iter().map(|copy| copy.variant.as_str()).collect();
            let copies = self.clips * job.copies.len();
            notes.push(format!("{copies} altered copies for training ({})", variants.join(", ")));
            if self.again {
                notes.push(taken(self.copies_taken, "clips' altered copies"));
            }
        }
        Outcome {
            rows: self.clips as u64,
            headline: format!("{} clips, {} frames of {} features", self.clips, self.frames, self.features),
            notes,
            ..Outcome::default()
        }
    }
}
