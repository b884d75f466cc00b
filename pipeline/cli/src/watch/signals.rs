//! When to look again: after a file event, or after some time where there are none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::network;
use super::{Place, Places};

/// Time between looks at buckets at least, unless the user says otherwise: every one is paid for.
const BUCKET_POLL: Duration = Duration::from_mins(1);

/// Why waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Something may have changed.
    Look,
    /// The user asked to stop.
    Stop,
}

/// Gives a [`Signal`] when it is time to look.
pub(crate) struct Signals {
    send: Sender<Signal>,
    receive: Receiver<Signal>,
    /// A [`Signal::Look`] is on its way: a burst of events is one signal.
    woken: Arc<AtomicBool>,
    /// Time between looks; `None` while file events tell.
    poll: Option<Duration>,
    /// Time between looks where events turn out not to work.
    fallback: Duration,
    watcher: Option<RecommendedWatcher>,
    registered: Registered,
}

/// Folders that events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Registered {
    /// With all that is in them.
    deep: BTreeSet<PathBuf>,
    /// Only what lies directly in them.
    flat: BTreeSet<PathBuf>,
    /// Places of interest there; other events mean nothing.
    related: Vec<Place>,
}

impl Signals {
    /// With file events, or looking every `poll`.
    pub(crate) fn new(poll: Option<Duration>, fallback: Duration) -> Self {
        let (send, receive) = channel();
        Self { send, receive, woken: Arc::default(), poll, fallback, watcher: None, registered: Registered::default() }
    }

    /// Sender of signals that end the waiting from elsewhere.
    pub(crate) fn sender(&self) -> Sender<Signal> {
        self.send.clone()
    }

    /// Time between looks; `None` where file events tell of changes.
    pub(crate) fn polls(&self) -> Option<Duration> {
        self.poll
    }

    /// Asks for events of `places` as they are now: folders that came or went since are seen anew. Gives the reason
    /// when events cannot be relied on; from then on it polls.
    pub(crate) fn register(&mut self, places: &Places) -> Option<String> {
        if self.poll.is_some() {
            return None;
        }
        let wanted = Registered::of(places);
        let far = places.buckets.first().map(|bucket| format!("`{}` is in object storage", bucket.root));
        let problem = far
            .clone()
            .or_else(|| wanted.unreliable())
            .or_else(|| self.start(&wanted, places).err().map(|error| why_not(&error)));
        if problem.is_some() {
            self.watcher = None;
            self.poll = Some(if far.is_some() { self.fallback.max(BUCKET_POLL) } else { self.fallback });
        }
        self.registered = wanted;
        problem
    }

    /// Like [`register`](Self::register), if the folders are other ones than last time.
    pub(crate) fn refresh(&mut self, places: &Places) -> Option<String> {
        let same = self.poll.is_some() || Registered::of(places) == self.registered;
        if same { None } else { self.register(places) }
    }

    /// Waits until it is time to look.
    pub(crate) fn wait(&self) -> Signal {
        let signal = match self.poll {
            None => self.receive.recv().unwrap_or(Signal::Stop),
            Some(poll) => match self.receive.recv_timeout(poll) {
                Ok(signal) => signal,
                Err(RecvTimeoutError::Timeout) => Signal::Look,
                Err(RecvTimeoutError::Disconnected) => Signal::Stop,
            },
        };
        self.woken.store(false, Ordering::SeqCst);
        signal
    }

    /// Waits for `time`, whatever changes meanwhile; less when the user asks to stop.
    pub(crate) fn rest(&self, time: Duration) -> Signal {
        let end = Instant::now() + time;
        loop {
            match self.receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Signal::Look) => {}
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return Signal::Stop,
                Err(RecvTimeoutError::Timeout) => {
                    self.woken.store(false, Ordering::SeqCst);
                    return Signal::Look;
                }
            }
        }
    }

    fn start(&mut self, wanted: &Registered, places: &Places) -> notify::Result<()> {
        let (send, woken) = (self.send.clone(), Arc::clone(&self.woken));
        let related = wanted.related.clone();
        let except = places.except.canonicalize().unwrap_or_else(|_| places.except.clone());
        let meant = move |kind: &EventKind, path: &Path| {
            !path.starts_with(&except) && related.iter().any(|place| is_about(*kind, path, place))
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let look = match event {
                // Reading is no change, and this program reads what it watches.
                Ok(event) if event.kind.is_access() => false,
                Ok(event) => event.need_rescan() || event.paths.iter().any(|path| meant(&event.kind, path)),
                // Events may have been lost.
                Err(_) => true,
            };
            if look && !woken.swap(true, Ordering::SeqCst) {
                // Nobody listens any more when the program ends.
                let _ = send.send(Signal::Look);
            }
        })?;
        for folder in &wanted.flat {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        for folder in &wanted.deep {
            watcher.watch(folder, RecursiveMode::Recursive)?;
        }
        self.watcher = Some(watcher);
        Ok(())
    }
}

/// `true` if an event at `path` may be about something that is read of `place`.
fn is_about(kind: EventKind, path: &Path, place: &Place) -> bool {
    match path.strip_prefix(&place.path) {
        Ok(below) => below.as_os_str().is_empty() || place.counts(below) || may_be_folder(kind, path),
        Err(_) => place.path.starts_with(path),
    }
}

/// `true` if an event may be about a folder: whatever it is called, files that are read may come or go with it.
fn may_be_folder(kind: EventKind, path: &Path) -> bool {
    match kind {
        EventKind::Create(CreateKind::File)
        | EventKind::Remove(RemoveKind::File)
        | EventKind::Modify(ModifyKind::Data(_)) => false,
        EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => true,
        _ => path.is_dir() || !path.exists(),
    }
}

/// Why there are no events, in words that name the limit that is reached: the system's own sound like a full disk.
fn why_not(error: &notify::Error) -> String {
    const EMFILE: i32 = 24;
    const ENOSPC: i32 = 28;
    let code = match &error.kind {
        notify::ErrorKind::MaxFilesWatch => Some(ENOSPC),
        notify::ErrorKind::Io(source) if cfg!(unix) => source.raw_os_error(),
        _ => None,
    };
    match code {
        Some(ENOSPC) => {
            "the system's limit of watched folders is reached (on Linux `sysctl fs.inotify.max_user_watches`)"
                .to_owned()
        }
        Some(EMFILE) => "the system's limit of watchers or of open files is reached (on Linux \
                         `sysctl fs.inotify.max_user_instances`, `ulimit -n`)"
            .to_owned(),
        _ => error.to_string(),
    }
}

impl Registered {
    /// For each place: the place itself, if it is a folder, and the nearest folder above it that exists, in which it
    /// may appear, vanish or be replaced. Links are resolved, so that no folder is met under two names.
    fn of(places: &Places) -> Self {
        let mut found = Self::default();
        for wanted in &places.paths {
            let place = &wanted.path;
            let related = |path: PathBuf| Place { path, reads: wanted.reads.clone() };
            if let Ok(real) = place.canonicalize() {
                if real.is_dir() {
                    found.deep.insert(real.clone());
                }
                found.related.push(related(real));
            }
            let above = place.ancestors().skip(1).find_map(|above| Some((above, above.canonicalize().ok()?)));
            if let Some((above, real)) = above
                && real.is_dir()
            {
                let below = place.strip_prefix(above).unwrap_or(place);
                found.related.push(related(real.join(below)));
                found.flat.insert(real);
            }
        }
        let deep = found.deep.clone();
        let inside = |folder: &Path| folder.ancestors().skip(1).any(|above| deep.contains(above));
        found.deep.retain(|folder| !inside(folder));
        found.flat.retain(|folder| !deep.contains(folder) && !inside(folder));
        found
    }

    /// Why events are not to be relied on here: a change made by another computer gives none.
    fn unreliable(&self) -> Option<String> {
        let folders = self.deep.iter().chain(&self.flat);
        folders.into_iter().find_map(|folder| {
            let kind = network::file_system(folder)?;
            Some(format!("`{}` is on a network drive ({kind})", folder.display()))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn relative(base: &Path, set: &BTreeSet<PathBuf>) -> Vec<String> {
        set.iter().map(|path| path.strip_prefix(base).unwrap_or(path).display().to_string()).collect()
    }

    #[test]
    fn folders_that_are_missing_are_awaited_where_they_will_appear() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let base = dir.path().canonicalize().expect("real path");
        fs::create_dir_all(base.join("data/tess/inner")).expect("folder");
        fs::write(base.join("pipeline.toml"), "").expect("file");
        let places = ["data/tess", "data/tess/inner", "data/tess/../table.csv", "later/on/savee", "pipeline.toml"];
        let paths = places.iter().map(|place| Place::whole(base.join(place))).collect();
        let registered = Registered::of(&Places { paths, buckets: Vec::new(), except: base.join("artifacts") });
        assert_eq!(relative(&base, &registered.deep), ["data/tess"]);
        assert_eq!(relative(&base, &registered.flat), ["", "data"]);
        for related in ["data/tess", "data/table.csv", "later/on/savee", "pipeline.toml"] {
            let related = Place::whole(base.join(related));
            assert!(registered.related.contains(&related), "{related:?}: {:?}", registered.related);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_root_is_watched_where_it_is_and_where_its_link_is() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let base = dir.path().canonicalize().expect("real path");
        fs::create_dir_all(base.join("disk/corpora")).expect("folder");
        std::os::unix::fs::symlink(base.join("disk/corpora"), base.join("data")).expect("link");
        let registered = Registered::of(&Places {
            paths: vec![Place::whole(base.join("data"))],
            buckets: Vec::new(),
            except: base.join("artifacts"),
        });
        assert_eq!(relative(&base, &registered.deep), ["disk/corpora"]);
        assert_eq!(relative(&base, &registered.flat), [""]);
        assert!(registered.related.contains(&Place::whole(base.join("data"))));
    }

    #[test]
    fn events_of_files_that_nobody_reads_mean_nothing() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let data = dir.path().join("data");
        fs::create_dir_all(data.join("sub.d")).expect("folder");
        fs::write(data.join("notes.txt"), "").expect("file");
        let reads = |below: &Path| below.extension().is_some_and(|extension| extension == "wav");
        let place = Place { path: data.clone(), reads: Some(Arc::new(reads)) };
        let about = |kind: EventKind, path: &str| is_about(kind, &dir.path().join(path), &place);
        let create = EventKind::Create(CreateKind::File);
        let rename = EventKind::Modify(ModifyKind::Name(notify::event::RenameMode::To));
        assert!(about(create, "data/sub/a.wav") && !about(create, "data/sub/a.wav.part"));
        assert!(!about(EventKind::Remove(RemoveKind::File), "data/gone.txt"));
        assert!(!about(rename, "data/notes.txt") && about(rename, "data/sub.d"));
        assert!(about(EventKind::Create(CreateKind::Folder), "data/new"));
        assert!(about(EventKind::Remove(RemoveKind::Folder), "data") && about(rename, ""));
        assert!(!about(create, "other/a.wav"));
    }

    #[test]
    fn limits_of_the_system_are_named() {
        let told = why_not(&notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        assert!(told.contains("limit of watched folders") && told.contains("max_user_watches"), "{told}");
        if cfg!(unix) {
            let io = |code: i32| why_not(&notify::Error::io(std::io::Error::from_raw_os_error(code)));
            assert_eq!(io(28), told, "the system calls it a full disk");
            assert!(io(24).contains("max_user_instances"), "{}", io(24));
            assert!(io(13).to_lowercase().contains("permission denied"), "{}", io(13));
        }
    }

    #[test]
    fn polling_and_stopping_need_no_events() {
        let signals = Signals::new(Some(Duration::from_millis(5)), Duration::from_secs(9));
        assert_eq!(signals.wait(), Signal::Look);
        assert_eq!(signals.rest(Duration::from_millis(5)), Signal::Look);
        signals.sender().send(Signal::Stop).expect("sent");
        assert_eq!(signals.rest(Duration::from_mins(1)), Signal::Stop);
    }
}
