//! The stage: a manifest's clips in, tables of features out.
//!
//! Clips are divided into parts, of which each becomes a file of each table. A part that was computed before, by the last
//! result or by a run that was interrupted, is taken as it is; of any other one the clips are computed that the last result
//! does not have. Memory holds a few parts, whatever the size of the corpus. Other processes may compute parts of the same result.

use std::path::Path;
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;
use ser_audio::{Limits, SAMPLE_RATES_HZ, decode};
use ser_schemas::frames::{self, FrameLayout};
use ser_schemas::functionals;
use ser_schemas::{Clip, Example, KEY_SAMPLE_RATE_HZ, Provenance, Table, TableError, read_metadata};
use ser_stage::{Attempt, Claims, Context, Outcome, PartId, Problem, each_shared_part};

use crate::augment::{self, Copy};
use crate::division::{Division, Part, Recording};
use crate::error::{FeaturesError, FeaturesResult};
use crate::examples::{self, Chooser, Drawn};
use crate::extract::{ClipFeatures, Extractor};
use crate::layout::Layout;
use crate::params::Params;
use crate::previous::Rows;
use crate::recipes::Recipes;
use crate::recording::{self, Recorded};
use crate::tables::{PartRows, Tables};

/// Parts at work: one waits for files to be read, one computes, one waits for the disk.
const PARTS_AT_ONCE: usize = 3;

/// Files of a part that are read before their clips are computed, per thread that computes.
const READ_AHEAD: usize = 8;

/// Computes features of every clip of the manifest in `manifest_dir`.
///
/// Writes the folders `frames` and `functionals` and the file `examples.parquet` into the stage's folder, and the folders
/// `augmented` and `augmented_functionals` where alterations are declared. The tables are the same whether rows were computed or taken over.
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
    let extractor = Extractor::new(params, sample_rate_hz)?;
    let layout = extractor.layout().clone();
    let idle = Mutex::new(vec![extractor]);
    let augmented =
        if copies.is_empty() { None } else { Some(Tables::create(ctx, frames::AUGMENTED, functionals::AUGMENTED)?) };
    let job = Job {
        params,
        ctx,
        sample_rate_hz,
        copies,
        layout,
        recipes: Recipes::new(params, sample_rate_hz, ctx.seed),
        tables: Tables::create(ctx, frames::FOLDER, functionals::FOLDER)?,
        augmented,
        claims: Claims::new(ctx),
        last: OnceLock::new(),
        last_copies: OnceLock::new(),
        idle,
    };
    ctx.observer.begin("features", chooser.clips() as u64, "clips");
    let mut chosen = chooser.choose();
    let parts = Division::new(Clip::scan(&manifest)?, &job.recipes, &mut chosen);
    let at_once = PARTS_AT_ONCE + rayon::current_num_threads() / 8;
    let Some(told) = each_shared_part(parts, at_once, ctx.others, |part| job.part(part))? else {
        return Ok(Outcome::default());
    };
    job.write_examples(&chosen.into_clips())?;
    let outcome = job.summary(&told);
    for tables in std::iter::once(job.tables).chain(job.augmented) {
        tables.finish()?;
    }
    Ok(outcome)
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
    sample_rate_hz: u32,
    copies: Vec<Copy>,
    layout: Layout,
    recipes: Recipes,
    tables: Tables,
    /// Where altered copies are declared.
    augmented: Option<Tables>,
    claims: Claims<'a>,
    /// Rows of the last result, looked up where a part is not known.
    last: OnceLock<Rows>,
    last_copies: OnceLock<Rows>,
    /// Extractors that no thread is using; there are never more than threads.
    idle: Mutex<Vec<Extractor>>,
}

/// Row of a part.
#[derive(Debug, Default)]
struct Told {
    clips: usize,
    frames: usize,
    /// Clips that were not computed.
    taken: usize,
    /// Clips whose altered copies were not computed.
    copies_taken: usize,
}

/// What was made of a clip so far.
#[derive(Default)]
struct Done {
    features: Option<ClipFeatures>,
    /// Those of each altered copy.
    copies: Option<Vec<ClipFeatures>>,
}

/// What a part wants computed.
#[derive(Clone, Copy)]
struct Wanted {
    features: bool,
    copies: bool,
}

impl Done {
    fn lacks(&self, wanted: Wanted) -> bool {
        (wanted.features && self.features.is_none()) || (wanted.copies && self.copies.is_none())
    }
}

impl Job<'_> {
    /// Puts a part of every table into the result, unless another process is at work on it.
    fn part(&self, part: Part) -> FeaturesResult<Attempt<Part, Told>> {
        let count = part.clips.len();
        let mut told = Told { clips: count, taken: count, copies_taken: count, ..Told::default() };
        // Of the copies too: whoever computes the one computes the other.
        let name = part.features.as_str();
        let claim = if self.is_there(&part) { None } else { Some(self.claims.take(name)) };
        let claim = claim.transpose().map_err(TableError::io("claim a part in", self.ctx.parts_dir))?;
        if matches!(claim, Some(None)) {
            let is_cancelled = self.ctx.observer.is_cancelled();
            return if is_cancelled { Err(FeaturesError::Cancelled) } else { Ok(Attempt::Elsewhere(part)) };
        }
        let known = if part.is_known { self.tables.take(&part.features, &part.clips, 1)? } else { None };
        told.frames = known.unwrap_or_default();
        let copies_known = match &self.augmented {
            Some(tables) => part.is_known && tables.take(&part.copies, &part.clips, self.copies.len())?.is_some(),
            None => true,
        };
        let wanted = Wanted { features: known.is_none(), copies: !copies_known };
        if !wanted.features && !wanted.copies {
            self.ctx.observer.advance(count as u64);
            return Ok(Attempt::Done(told));
        }
        let mut done: Vec<Done> = part.clips.iter().map(|_| Done::default()).collect();
        if wanted.features {
            self.last().features(&part.clips, |at, features| done[at].features = Some(features));
            told.taken = done.iter().filter(|done| done.features.is_some()).count();
        }
        if wanted.copies {
            let count = self.copies.len();
            self.last_copies().copies(&part.clips, count, |at, copies| done[at].copies = Some(copies));
            told.copies_taken = done.iter().filter(|done| done.copies.is_some()).count();
        }
        self.compute(&part.clips, &mut done, wanted)?;
        if wanted.features {
            told.frames = done.iter().filter_map(|done| done.features.as_ref()).map(|clip| clip.frame_count).sum();
        }
        self.write(&part, done, wanted)?;
        Ok(Attempt::Done(told))
    }

    /// `true` if every table's file of the part was written before.
    fn is_there(&self, part: &Part) -> bool {
        let have_copies = || self.augmented.as_ref().is_none_or(|tables| tables.have(&part.copies));
        part.is_known && self.tables.have(&part.features) && have_copies()
    }

    fn last(&self) -> &Rows {
        let table = || self.ctx.previous_dir.map(|dir| dir.join(frames::FOLDER));
        self.last.get_or_init(|| Rows::read(table(), &self.recipes.features, false))
    }

    fn last_copies(&self) -> &Rows {
        let table = || self.ctx.previous_dir.map(|dir| dir.join(frames::AUGMENTED));
        self.last_copies.get_or_init(|| Rows::read(table(), &self.recipes.copies, true))
    }

    /// Computes what is wanted of `clips` and not in `done` yet.
    fn compute(&self, clips: &[Recording], done: &mut [Done], wanted: Wanted) -> FeaturesResult<()> {
        let mut missing: Vec<(&Recording, &mut Done)> =
            clips.iter().zip(done).filter(|(_, done)| done.lacks(wanted)).collect();
        self.ctx.observer.advance((clips.len() - missing.len()) as u64);
        for some in missing.chunks_mut(READ_AHEAD * rayon::current_num_threads()) {
            // Here: the threads of the pool never wait for a disk or for the network.
            let paths: Vec<&str> = some.iter().map(|(clip, _)| clip.path.as_str()).collect();
            let files = recording::read(&paths, self.ctx.base_dir);
            some.par_iter_mut().zip(files).try_for_each(|((clip, done), recorded)| {
                if self.ctx.observer.is_cancelled() {
                    return Err(FeaturesError::Cancelled);
                }
                self.with_extractor(|extractor| self.clip(extractor, clip, recorded, done, wanted))?;
                self.ctx.observer.advance(1);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn clip(
        &self,
        extractor: &mut Extractor,
        clip: &Recording,
        recorded: Recorded,
        done: &mut Done,
        wanted: Wanted,
    ) -> FeaturesResult<()> {
        let clip_id = clip.clip_id.as_str();
        let samples = load(extractor, clip_id, clip.content_hash.as_deref(), recorded)?;
        if wanted.copies && done.copies.is_none() {
            let copies = self.copies.iter().map(|copy| {
                let (altered, rate_hz) = copy.apply(&samples, self.sample_rate_hz, self.ctx.seed, clip_id);
                let warp = copy.warp(self.sample_rate_hz, self.ctx.seed, clip_id);
                extractor.resample(altered, rate_hz).map(|altered| extractor.features(altered, warp.as_ref()))
            });
            done.copies = Some(copies.collect::<FeaturesResult<_>>()?);
        }
        if wanted.features && done.features.is_none() {
            done.features = Some(extractor.features(samples, None));
        }
        Ok(())
    }

    /// Writes the wanted tables of a part and puts them into the result.
    fn write(&self, part: &Part, done: Vec<Done>, wanted: Wanted) -> FeaturesResult<()> {
        let [mut rows, mut altered] = [(); 2].map(|()| PartRows::new(&self.layout.functionals));
        for (clip, done) in part.clips.iter().zip(done) {
            if let Some(features) = done.features {
                rows.push(clip, None, features);
            }
            for (copy, features) in self.copies.iter().zip(done.copies.into_iter().flatten()) {
                altered.push(clip, Some(&copy.variant), features);
            }
        }
        let layout = &self.layout.frames;
        if wanted.features {
            let id = &part.features;
            self.tables.write(id, (layout, &self.recipes.features), &rows, &self.provenance(id))?;
        }
        if let (true, Some(tables)) = (wanted.copies, &self.augmented) {
            let id = &part.copies;
            let params = serde_json::to_value(self.params).unwrap_or_default();
            let layout = FrameLayout { params, ..layout.clone() };
            tables.write(id, (&layout, &self.recipes.copies), &altered, &self.provenance(id))?;
        }
        Ok(())
    }

    /// Origin of a part, which is the same whichever run computed it.
    fn provenance(&self, id: &PartId) -> Provenance {
        Provenance { fingerprint: id.as_str().to_owned(), ..self.ctx.provenance.clone() }
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
                let hash = clip.content_hash.as_deref();
                let recorded = recording::read_one(&clip.path, self.ctx.base_dir);
                let samples = self.with_extractor(|extractor| load(extractor, &clip.clip_id, hash, recorded))?;
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

    fn summary(&self, told: &[Told]) -> Outcome {
        let sum = |of: fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
        let (clips, frames) = (sum(|told| told.clips), sum(|told| told.frames));
        let (features, functionals) = (self.layout.frames.names.len(), self.layout.functionals.len());
        let hz = self.sample_rate_hz;
        let mut notes = vec![format!("{features} features per frame, {functionals} functionals per clip, at {hz} Hz")];
        let taken = |taken: usize, what: &str| format!("{taken} of {clips} {what} taken over");
        let again = sum(|told| told.taken) > 0 || self.last.get().is_some_and(Rows::are_there);
        if again {
            notes.push(taken(sum(|told| told.taken), "clips"));
        }
        if !self.copies.is_empty() {
            let variants: Vec<&str> = self.copies.iter().map(|copy| copy.variant.as_str()).collect();
            let copies = clips * self.copies.len();
            notes.push(format!("{copies} altered copies for training ({})", variants.join(", ")));
            if again {
                notes.push(taken(sum(|told| told.copies_taken), "clips' altered copies"));
            }
        }
        let headline = format!("{clips} clips, {frames} frames of {features} features");
        Outcome { rows: clips as u64, headline, notes, ..Outcome::default() }
    }
}

/// The samples of a clip at the sample rate of the features.
fn load(
    extractor: &mut Extractor,
    clip_id: &str,
    content_hash: Option<&str>,
    recorded: Recorded,
) -> FeaturesResult<Vec<f32>> {
    let path = recorded.path.clone();
    let bytes = recorded.checked(clip_id, content_hash)?;
    let undecodable = |source| FeaturesError::Decode { clip_id: clip_id.to_owned(), path, source };
    let audio = decode(bytes, &Limits::default()).map_err(undecodable)?;
    let rate_hz = audio.sample_rate_hz;
    extractor.load(audio.into_mono(), rate_hz)
}
