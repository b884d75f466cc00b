//! From a table of clips to folds: the protocol holds clips out, the rest is divided into training and validation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use ser_schemas::{Clip, Grouping};
use ser_text::{counted, exclude_line};

use crate::copies::Copies;
use crate::division::{Division, Near};
use crate::error::SplitError;
use crate::near::{keep_together, keep_validation_apart, leave_out};
use crate::params::{NearCopies, Params, Protocol};
use crate::protocols::{self, HeldOut};
use crate::roster::speaker_name;
use crate::ties::Ties;
use crate::validation::carve;

/// Share of all clips that names which copies tie together may hold, at most, to be held out together without being
/// asked for. Beyond it a model would be trained on few clips; four speakers alike, two of them tied, lie at a half.
const MAX_TIED_SHARE: f64 = 0.6;

/// Divides `clips` as `params` say, given the `copies` among them. The same clips in the same order, copies, parameters
/// and seed give the same division. `base_dir` is where a relative `file` starts; nothing else is read.
pub fn assign(
    params: &Params,
    clips: &[Clip],
    copies: Copies<'_>,
    base_dir: &Path,
    seed: u64,
) -> Result<Division, SplitError> {
    if let Some(problem) = ser_stage::schema::problems(params).into_iter().chain(params.check()).next() {
        return Err(SplitError::BadParameter { key: problem.key, message: problem.message });
    }
    if clips.is_empty() {
        return Err(SplitError::NoClips);
    }
    let Handling { ties, near } = Handling::of(params, clips, copies)?;
    let mut plan = match params.protocol {
        Protocol::SpeakerIndependent => {
            protocols::speaker_independent::plan(params, clips, &ties, &mut generator(seed, 0))
        }
        Protocol::Random => protocols::random::plan(params, clips, &mut generator(seed, 0)),
        Protocol::LeaveOneOut => protocols::leave_one_out::plan(required(params.column, "column")?, clips, &ties),
        Protocol::File => {
            let file = required(params.file.as_ref(), "file")?;
            protocols::file::plan(&base_dir.join(file), clips)
        }
    }?;
    if let Some(column) = params.also_held_out {
        // A stream of its own, so that nothing else is drawn otherwise.
        plan = protocols::also_held_out::cross(plan, column, params, clips, &mut generator(seed, u64::MAX))?;
    }
    let keeps_together = near.rule == Some(NearCopies::KeepTogether);
    let speakers = if keeps_together {
        Ties::of(clips, copies, |clip| Some(speaker_name(clip)), |copy| Some(&copy.speakers))
    } else {
        Ties::default()
    };
    let pairs = copies.pairs();
    for (position, fold) in plan.folds.iter_mut().enumerate() {
        if fold.validation.is_empty() {
            let mut generator = generator(seed, position as u64 + 1);
            let fraction = params.validation_fraction;
            fold.validation = carve(clips, &fold.train, fraction, plan.unit, &speakers, &mut generator);
            fold.train.retain(|clip| fold.validation.binary_search(clip).is_err());
        }
    }
    let mut division = Division {
        folds: plan.folds,
        held_out: params.all_held_out(),
        unknown: plan.unknown,
        tests_every_clip_once: plan.tests_every_clip_once,
        near,
    };
    match division.near.rule {
        Some(NearCopies::KeepTogether) if params.protocol == Protocol::Random => {
            keep_together(&mut division, pairs, clips.len());
        }
        Some(NearCopies::KeepTogether) => keep_validation_apart(&mut division, pairs, clips.len()),
        Some(NearCopies::LeaveOut) => leave_out(&mut division, pairs, clips.len()),
        Some(NearCopies::Fail) | None => {}
    }
    Ok(division)
}

/// What copies mean for a protocol.
struct Handling {
    /// Groups of what the protocol holds out.
    ties: Ties,
    near: Near,
}

impl Handling {
    fn of(params: &Params, clips: &[Clip], copies: Copies<'_>) -> Result<Self, SplitError> {
        let with = |ties: Ties, rule: NearCopies| Self {
            near: Near { rule: Some(rule), together: ties.told(), not_together: None },
            ties,
        };
        if copies.is_empty() {
            return Ok(Self { ties: Ties::default(), near: Near::default() });
        }
        let Some(held_out) = params.held_out().map(HeldOut) else {
            // Single clips are dealt, or a file deals them.
            let usual = if params.file.is_some() { NearCopies::LeaveOut } else { NearCopies::KeepTogether };
            return Ok(with(Ties::default(), params.near_copies.unwrap_or(usual)));
        };
        let usual = if held_out.0 == Grouping::Speaker { NearCopies::KeepTogether } else { NearCopies::LeaveOut };
        let rule = params.near_copies.unwrap_or(usual);
        if rule != NearCopies::KeepTogether {
            return Ok(with(Ties::default(), rule));
        }
        let ties = Ties::of(clips, copies, |clip| held_out.key(clip), |copy| held_out.exact(copy));
        let Some(obstacle) = obstacle(params, clips, &ties, held_out) else { return Ok(with(ties, rule)) };
        if params.near_copies.is_none() {
            let mut handling = with(Ties::default(), NearCopies::LeaveOut);
            handling.near.not_together = Some(obstacle.reason);
            return Ok(handling);
        }
        if obstacle.groups >= obstacle.needed {
            return Ok(with(ties, rule));
        }
        Err(SplitError::TiedTogether {
            ties: ties.summary(),
            reason: obstacle.reason,
            folds: if obstacle.groups >= 2 && params.protocol == Protocol::SpeakerIndependent {
                format!("`folds = {}` or ", obstacle.groups)
            } else {
                String::new()
            },
            exclude: exclude_line(copies.under_two_names(
                clips,
                |clip| held_out.key(clip),
                |copy| held_out.exact(copy),
            )),
        })
    }
}

/// What speaks against keeping copies together.
struct Obstacle {
    groups: usize,
    needed: usize,
    reason: String,
}

/// Too few groups, or one that is too large to be held out.
fn obstacle(params: &Params, clips: &[Clip], ties: &Ties, held_out: HeldOut) -> Option<Obstacle> {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for name in clips.iter().filter_map(|clip| held_out.key(clip)) {
        *sizes.entry(ties.group(name.clone())).or_default() += 1;
        names.insert(name);
    }
    let (groups, what) = (sizes.len(), held_out.what());
    let needed = if params.protocol == Protocol::SpeakerIndependent { params.folds as usize } else { 2 };
    // With too few of them there is no division whatever the copies, and the protocol says so.
    if groups < needed && names.len() >= needed {
        let left = counted(groups, "group");
        let reason = format!("copies leave {left} of the {} {what} for {needed} folds", names.len());
        return Some(Obstacle { groups, needed, reason });
    }
    let largest = sizes.iter().filter(|(group, _)| ties.is_group(group)).map(|(_, clips)| *clips).max()?;
    (largest as f64 > MAX_TIED_SHARE * clips.len() as f64).then(|| Obstacle {
        groups,
        needed,
        reason: format!("copies tie {what} of {largest} of the {} clips together", clips.len()),
    })
}

/// A parameter that [`Params::check`] has asked for.
fn required<T>(value: Option<T>, key: &str) -> Result<T, SplitError> {
    value.ok_or_else(|| SplitError::BadParameter { key: key.to_owned(), message: "it is not set".to_owned() })
}

/// A stream of random numbers of its own for every fold, so that one fold's draws do not shift another's.
fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}
