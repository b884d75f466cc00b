//! Results that are made in parts.
//!
//! A stage whose work can be divided cuts its items into parts ([`Cut`](crate::Cut)) and says of each what it is made of:
//! that is its identity ([`PartId`]). A part is computed on its own, whoever does it, in whichever order and however often, and
//! is written under a name that follows from its identity; what is told of it is one row. Where parts are computed is the
//! matter of a runner ([`each_part`], or [`each_shared_part`] where other processes compute parts too), which hands the rows
//! back in the parts' order. A part that is there by its name is not
//! computed again, whether the last result has it or a run that was interrupted.

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{Context, WholeFile};

/// Hexadecimal digits of an identity: 128 bits, far from where two could be equal by chance.
const DIGITS: usize = 32;

/// Identity of a part: a digest of everything that its content follows from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId(String);

impl PartId {
    /// What `recipe` (parameters, version of the code) makes of `items`: ids and digests of what is read, in order.
    pub fn of<'a>(recipe: &str, items: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(recipe);
        items.into_iter().for_each(add);
        Self(hasher.finalize().to_hex()[..DIGITS].to_owned())
    }

    /// The digest, in hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the part's file in the folder of its table.
    pub fn file(&self) -> String {
        format!("part-{}.parquet", self.0)
    }

    /// `true` if a file of this name is a part of a table.
    pub fn names(file: &str) -> bool {
        file.starts_with("part-") && file.ends_with(".parquet")
    }

    /// `true` if a file of this name is a part that is being written, or was when its writer died.
    fn names_unfinished(file: &str) -> bool {
        let rest = file.strip_suffix(WholeFile::ENDING).and_then(|name| name.strip_suffix('.'));
        rest.is_some_and(Self::names)
    }
}

/// The folder of one table that is being made in parts: of a stage's result, or one that stands by itself.
#[derive(Debug)]
pub struct PartFolder {
    out: PathBuf,
    /// Where parts are written, and stay when a run is interrupted.
    unfinished: PathBuf,
    previous: Option<PathBuf>,
    /// Nothing but parts may be in it.
    is_ours: bool,
    taken: Mutex<BTreeSet<String>>,
}

impl PartFolder {
    /// Makes the folder `name` of a result.
    pub fn create(ctx: &Context<'_>, name: &str) -> io::Result<Self> {
        let folder = Self {
            out: ctx.out_dir.join(name),
            unfinished: ctx.parts_dir.join(name),
            previous: ctx.previous_dir.map(|previous| previous.join(name)),
            is_ours: true,
            taken: Mutex::default(),
        };
        fs::create_dir_all(&folder.out)?;
        fs::create_dir_all(&folder.unfinished)?;
        Ok(folder)
    }

    /// Makes the folder `path`, or takes the one that is there: it is somebody's own, and its parts are both its last result and
    /// what an interrupted run left. The folder above it must be there.
    pub fn standing(path: &Path) -> io::Result<Self> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            made => made?,
        }
        let (out, unfinished) = (path.to_owned(), path.to_owned());
        Ok(Self { out, unfinished, previous: None, is_ours: false, taken: Mutex::default() })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.out
    }

    /// Where a part lies that was computed before.
    pub fn known(&self, id: &PartId) -> Option<PathBuf> {
        let places = self.previous.iter().chain([&self.unfinished]);
        places.map(|place| place.join(id.file())).find(|path| path.is_file())
    }

    /// Where a part is to be written, whole or not at all. It stays there when the run is interrupted.
    pub fn place(&self, id: &PartId) -> PathBuf {
        self.unfinished.join(id.file())
    }

    /// Makes the finished part at `from` one of the result: by a link, which costs nothing, or where the file system has
    /// none by a copy.
    ///
    /// # Errors
    /// What the file system says; also where the result has the part already.
    pub fn take(&self, id: &PartId, from: &Path) -> io::Result<()> {
        let (name, to) = (id.file(), self.out.join(id.file()));
        if !locked(&self.taken).insert(name) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "two parts of the result have one identity"));
        }
        if from == to {
            return Ok(());
        }
        match fs::remove_file(&to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::hard_link(from, &to).or_else(|_| fs::copy(from, &to).map(drop))
    }

    /// Removes the parts that are none of `kept`, by the names of their files, and what writes of dead processes left: who reads
    /// the folder before its result is complete finds nothing in it that will not be there in the end.
    pub fn keep_only(&self, kept: &BTreeSet<String>) -> io::Result<()> {
        let is_part = |name: &str| PartId::names(name) || PartId::names_unfinished(name);
        for item in fs::read_dir(&self.out)? {
            let item = item?;
            let name = item.file_name();
            let name = name.to_str();
            if !name.is_some_and(|name| kept.contains(name)) && (self.is_ours || name.is_some_and(is_part)) {
                fs::remove_file(item.path())?;
            }
        }
        Ok(())
    }

    /// Ends the result: of parts, those taken are in its folder, and no others.
    pub fn finish(self) -> io::Result<()> {
        let taken = locked(&self.taken).clone();
        self.keep_only(&taken)
    }
}

/// What becomes of parts that another process is at work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are tried again until they are there: all parts make the result.
    WaitedFor,
    /// They are left to those who have them: no result is made here.
    LeftAlone,
}

/// How the computation of a part ended that others may be at work on.
#[derive(Debug)]
pub enum Attempt<P, R> {
    /// It is done, and this is its row.
    Done(R),
    /// Another process is at work on the part.
    Elsewhere(P),
}

/// Time between looks at parts that others are at work on.
const POLL: Duration = Duration::from_millis(100);

/// The parts that are still to be computed.
struct Queue<I, P> {
    parts: I,
    /// Found to be at work elsewhere.
    elsewhere: VecDeque<(usize, P)>,
}

/// State of a run over parts.
struct Progress<R, E> {
    rows: Vec<(usize, R)>,
    /// The error of the earliest part that failed.
    failed: Option<(usize, E)>,
    panicked: Option<Box<dyn Any + Send>>,
    left_alone: bool,
}

/// Computes `parts` on this machine, `at_once` of them at a time, each on a thread of its own, on which it may wait for files
/// while another computes. Gives what `compute` told, in the parts' order.
///
/// # Errors
/// That of the earliest of the parts that failed; no part is begun after a failure.
pub fn each_part<P: Send, R: Send, E: Send>(
    parts: impl Iterator<Item = Result<P, E>> + Send,
    at_once: usize,
    compute: impl Fn(P) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let rows = each_shared_part(parts, at_once, Others::WaitedFor, |part| compute(part).map(Attempt::Done))?;
    Ok(rows.unwrap_or_default())
}

/// [`each_part`] where other processes may be at work on the same parts. Parts that are [`Attempt::Elsewhere`] come after all
/// others. `None` if some were [left alone](Others::LeftAlone).
///
/// # Errors
/// Those of [`each_part`].
pub fn each_shared_part<P: Send, R: Send, E: Send>(
    parts: impl Iterator<Item = Result<P, E>> + Send,
    at_once: usize,
    others: Others,
    compute: impl Fn(P) -> Result<Attempt<P, R>, E> + Sync,
) -> Result<Option<Vec<R>>, E> {
    let queue = Mutex::new(Queue { parts: parts.enumerate(), elsewhere: VecDeque::new() });
    let progress = Mutex::new(Progress { rows: Vec::new(), failed: None, panicked: None, left_alone: false });
    let work = || {
        loop {
            let next = {
                let mut queue = locked(&queue);
                let stopped = {
                    let progress = locked(&progress);
                    progress.failed.is_some() || progress.panicked.is_some()
                };
                let first = if stopped { None } else { queue.parts.next().map(|(at, part)| (at, part, false)) };
                let again = || queue.elsewhere.pop_front().map(|(at, part)| (at, Ok(part), true));
                if stopped { None } else { first.or_else(again) }
            };
            let Some((at, part, again)) = next else { return };
            if again {
                if others == Others::LeftAlone {
                    locked(&progress).left_alone = true;
                    continue;
                }
                thread::sleep(POLL);
            }
            let computed = catch_unwind(AssertUnwindSafe(|| compute(part?)));
            if let Ok(Ok(Attempt::Elsewhere(part))) = computed {
                locked(&queue).elsewhere.push_back((at, part));
                continue;
            }
            let mut progress = locked(&progress);
            match computed {
                Ok(Ok(Attempt::Done(row))) => progress.rows.push((at, row)),
                Ok(Ok(Attempt::Elsewhere(_))) => {}
                Ok(Err(error)) => {
                    if progress.failed.as_ref().is_none_or(|(earliest, _)| at < *earliest) {
                        progress.failed = Some((at, error));
                    }
                }
                Err(panic) => progress.panicked = Some(panic),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..at_once {
            // Where the system has no thread left, those that are there do the work.
            let _ = thread::Builder::new().name("part".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(panic) = progress.panicked {
        resume_unwind(panic);
    }
    if let Some((_, error)) = progress.failed {
        return Err(error);
    }
    progress.rows.sort_by_key(|(at, _)| *at);
    let rows = progress.rows.into_iter().map(|(_, row)| row).collect();
    Ok(if progress.left_alone { None } else { Some(rows) })
}

/// What is locked is whole wherever a panic may have struck.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn context<'a>(root: &'a Path, dirs: &'a [PathBuf; 3]) -> Context<'a> {
        let [out, parts, previous] = dirs;
        Context { out_dir: out, parts_dir: parts, previous_dir: Some(previous), ..Context::alone(root) }
    }

    fn dirs(root: &Path) -> [PathBuf; 3] {
        let dirs = ["out", "parts", "previous"].map(|name| root.join(name));
        for dir in &dirs {
            fs::create_dir_all(dir.join("t")).expect("folder");
        }
        dirs
    }

    #[test]
    fn an_identity_follows_from_all_that_is_said_and_from_its_order() {
        let id = |recipe: &str, items: &[&str]| PartId::of(recipe, items.iter().copied());
        assert_eq!(id("r", &["a", "b"]), id("r", &["a", "b"]));
        let others = [id("s", &["a", "b"]), id("r", &["b", "a"]), id("r", &["ab"]), id("r", &["a", "b", ""])];
        assert!(others.iter().all(|other| *other != id("r", &["a", "b"])));
        assert!(PartId::names(&id("r", &[]).file()) && !PartId::names("part-1.parquet.partial"));
    }

    #[test]
    fn a_part_is_found_in_the_last_result_and_in_what_an_interrupted_run_left() {
        let folder = tempfile::tempdir().expect("folder");
        let dirs = dirs(folder.path());
        let parts = PartFolder::create(&context(folder.path(), &dirs), "t").expect("create");
        let [old, begun, new] = ["old", "begun", "new"].map(|name| PartId::of(name, []));
        fs::write(dirs[2].join("t").join(old.file()), "old").expect("write");
        fs::write(parts.place(&begun), "begun").expect("write");
        for id in [&old, &begun] {
            parts.take(id, &parts.known(id).expect("known")).expect("take");
        }
        assert_eq!(parts.known(&new), None);
        assert!(parts.take(&old, &parts.known(&old).expect("known")).is_err(), "once is enough");
        fs::write(parts.path().join("stray"), "").expect("write");
        let out = parts.path().to_owned();
        parts.finish().expect("finish");
        let said = |id: &PartId| fs::read_to_string(out.join(id.file())).expect("part");
        assert_eq!((said(&old), said(&begun)), ("old".to_owned(), "begun".to_owned()));
        assert_eq!(fs::read_dir(&out).expect("folder").count(), 2);
    }

    #[test]
    fn a_folder_that_stands_by_itself_keeps_its_parts_and_whatever_else_is_in_it() {
        let root = tempfile::tempdir().expect("folder");
        let path = root.path().join("answers");
        let [old, gone, new] = ["old", "gone", "new"].map(|name| PartId::of(name, []));
        let parts = PartFolder::standing(&path).expect("made");
        for (name, text) in [(old.file(), "old"), (gone.file(), "gone"), ("notes.txt".to_owned(), "mine")] {
            fs::write(path.join(name), text).expect("write");
        }
        fs::write(WholeFile::partial_of(&parts.place(&new)), "ne").expect("write");
        fs::create_dir(path.join("mine")).expect("folder");
        parts.keep_only(&BTreeSet::from([old.file()])).expect("cleared");
        assert_eq!((parts.known(&gone), parts.known(&new)), (None, None));
        fs::write(parts.place(&new), "new").expect("write");
        for id in [&old, &new] {
            parts.take(id, &parts.known(id).expect("known")).expect("take");
        }
        parts.finish().expect("finish");
        let mut names: Vec<String> = fs::read_dir(&path)
            .expect("folder")
            .map(|item| item.expect("item").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let mut expected = [old.file(), new.file(), "mine".to_owned(), "notes.txt".to_owned()];
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(fs::read_to_string(path.join(old.file())).expect("part"), "old");
        assert!(PartFolder::standing(&path).is_ok() && PartFolder::standing(&path.join("notes.txt")).is_err());
        assert!(PartFolder::standing(&root.path().join("none/answers")).is_err());
    }

    #[test]
    fn rows_come_in_the_parts_order_however_many_work() {
        for at_once in [0, 1, 3, 50] {
            let parts = (0..40_u64).map(Ok::<_, String>);
            let rows = each_part(parts, at_once, |part| {
                thread::sleep(std::time::Duration::from_micros((part * 7919) % 500));
                Ok(part * 2)
            });
            assert_eq!(rows, Ok((0..40).map(|part| part * 2).collect()), "{at_once}");
        }
    }

    /// Parts that another process is at work on until it was asked for them so many times.
    fn attempt(asked: &Mutex<BTreeMap<u64, u32>>, part: u64) -> Attempt<u64, u64> {
        let mut asked = locked(asked);
        let times = asked.entry(part).or_default();
        *times += 1;
        if u64::from(*times) > part % 4 { Attempt::Done(part * 2) } else { Attempt::Elsewhere(part) }
    }

    #[test]
    fn what_others_are_at_work_on_is_waited_for_or_left_alone() {
        for at_once in [1, 3] {
            let (waited, left) = (Mutex::default(), Mutex::default());
            let parts = || (0..12_u64).map(Ok::<_, String>);
            let rows = each_shared_part(parts(), at_once, Others::WaitedFor, |part| Ok(attempt(&waited, part)));
            assert_eq!(rows, Ok(Some((0..12).map(|part| part * 2).collect())), "{at_once}");
            let rows = each_shared_part(parts(), at_once, Others::LeftAlone, |part| Ok(attempt(&left, part)));
            assert_eq!(rows, Ok(None));
            assert!(locked(&left).values().all(|times| *times == 1), "each was tried once");
        }
    }

    #[test]
    fn the_first_failure_stops_the_run_and_panics_pass_through() {
        let begun = Mutex::new(0);
        let failing = each_part((0..1_000).map(Ok), 4, |part: usize| {
            *locked(&begun) += 1;
            if part < 10 { Ok(()) } else { Err(part) }
        });
        assert!(failing.is_err_and(|part| (10..14).contains(&part)));
        assert!(*locked(&begun) < 20);
        let unreadable = each_part([Ok(1), Err("no more")].into_iter(), 2, Ok);
        assert_eq!(unreadable, Err("no more"));
        let panicking =
            catch_unwind(|| each_part((0..9).map(Ok::<_, ()>), 2, |_| -> Result<(), ()> { panic!("as told") }));
        assert_eq!(panicking.expect_err("a panic").downcast_ref::<&str>(), Some(&"as told"));
    }
}
