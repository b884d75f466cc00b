//! Who computes what, where several processes work on one stage.
//!
//! Whoever begins a part holds a lock on a file of its name. That keeps processes from doing the same work, and no more: what
//! a part says follows from its identity, so one that is computed twice, where a network drive loses a lock, is the same
//! both times.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Context, Holder, LockFile, Locking, Observer};

/// Time after which a process that holds a part up is told by name.
const PATIENCE: Duration = Duration::from_mins(1);

/// The claims of one run of a stage.
pub struct Claims<'a> {
    folder: PathBuf,
    me: Holder,
    observer: &'a dyn Observer,
    /// When each part was found to be claimed by another, and whether that was told.
    elsewhere: Mutex<BTreeMap<String, (Instant, bool)>>,
}

/// A claim, held until dropped.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    _lock: LockFile,
}

impl<'a> Claims<'a> {
    /// Claims of parts of the result that is made in `ctx`.
    pub fn new(ctx: &Context<'a>) -> Self {
        let folder = ctx.parts_dir.to_owned();
        Self { folder, me: Holder::this(String::new()), observer: ctx.observer, elsewhere: Mutex::default() }
    }

    /// Claims the part `name`; `None` while another process is at work on it. Whoever gets it looks again whether the part
    /// is there: that other process may just have finished it.
    pub fn take(&self, name: &str) -> io::Result<Option<Claim>> {
        let path = self.folder.join(format!("{name}.claim"));
        match LockFile::take(&path, &self.me)? {
            Locking::Taken(lock, _) => Ok(Some(Claim { path, _lock: lock })),
            Locking::Held(holder) => {
                self.tell(name, holder);
                Ok(None)
            }
        }
    }

    /// Tells once, after some time, who is waited for: a process that was stopped and not ended holds up everybody.
    fn tell(&self, name: &str, holder: Option<Holder>) {
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, told) = elsewhere.entry(name.to_owned()).or_insert_with(|| (Instant::now(), false));
        if !*told && since.elapsed() > PATIENCE {
            *told = true;
            let who = holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
            let seconds = PATIENCE.as_secs();
            self.observer.message(&format!(
                "{who} has been at work on `{name}` for {seconds} s: waiting; if it is stuck, end it"
            ));
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Before the lock is let go: whoever waits for it finds an unnamed file, and looks again.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_claimed_once_until_it_is_let_go() {
        let folder = tempfile::tempdir().expect("folder");
        let ctx = Context::alone(folder.path());
        let (one, other) = (Claims::new(&ctx), Claims::new(&ctx));
        let claim = one.take("fold=0").expect("take");
        assert!(claim.is_some());
        assert!(other.take("fold=0").expect("take").is_none());
        assert!(other.take("fold=1").expect("take").is_some(), "another part");
        drop(claim);
        assert!(other.take("fold=0").expect("take").is_some());
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 0, "nothing is left");
    }
}
