//! Work to be done, clip by clip: a thread of its own reads the manifest, finds what the last result already has, and
//! reads the files of the rest while others compute.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};

use ser_audio::{AudioError, Limits, read_file};
use ser_schemas::{Clip, Table};
use ser_stage::Context;

use crate::assembly::Key;
use crate::error::{FeaturesError, FeaturesResult};
use crate::examples::Chosen;
use crate::previous::{Index, Match};

/// One clip on its way.
pub(crate) struct Work {
    /// Its number in the manifest.
    pub(crate) order: usize,
    pub(crate) key: Key,
    pub(crate) path: String,
    /// Where its frames and functionals stand in the last result.
    pub(crate) features: Option<Match>,
    /// Where its altered copies stand there.
    pub(crate) copies: Option<Match>,
    /// Its file, unless nothing is to be computed.
    pub(crate) bytes: Option<Result<Vec<u8>, AudioError>>,
}

/// Clips that wait for a thread, in the manifest's order.
pub(crate) struct Queue(Mutex<Receiver<FeaturesResult<Work>>>);

impl Queue {
    pub(crate) fn new(receiver: Receiver<FeaturesResult<Work>>) -> Self {
        Self(Mutex::new(receiver))
    }

    /// The next clip; `None` behind the last one.
    pub(crate) fn next(&self) -> Option<FeaturesResult<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}

/// Fills a queue from a manifest.
pub(crate) struct Planner<'a> {
    pub(crate) ctx: &'a Context<'a>,
    pub(crate) manifest: &'a Path,
    pub(crate) index: &'a Index,
    /// Wish for altered copies.
    pub(crate) copies: bool,
}

impl Planner<'_> {
    /// Sends every clip of the manifest; notes those of `chosen` on the way. Waits while the queue is full, and stops
    /// when nobody listens any more.
    pub(crate) fn run(&self, sender: &SyncSender<FeaturesResult<Work>>, chosen: &mut Chosen) {
        if let Err(error) = self.send_all(sender, chosen) {
            // Nobody may be listening any more, and then nobody asks why.
            let _ = sender.send(Err(error));
        }
    }

    fn send_all(&self, sender: &SyncSender<FeaturesResult<Work>>, chosen: &mut Chosen) -> FeaturesResult<()> {
        let mut order = 0;
        for clips in Clip::scan(self.manifest)? {
            for clip in clips? {
                chosen.note(&clip);
                if sender.send(Ok(self.work(order, clip))).is_err() {
                    return Ok(());
                }
                order += 1;
            }
        }
        Ok(())
    }

    fn work(&self, order: usize, clip: Clip) -> Work {
        let hash = clip.content_hash.as_deref().unwrap_or_default();
        let features = self.index.features(&clip.clip_id, hash);
        let copies = self.index.copies(&clip.clip_id, hash).filter(|_| self.copies);
        let missing = features.is_none() || (self.copies && copies.is_none());
        let bytes = missing.then(|| read_file(&self.ctx.resolve(&clip.path), &Limits::default()));
        let seconds = clip.duration_s.unwrap_or(0.0);
        let key = Key { clip_id: clip.clip_id, content_hash: clip.content_hash, seconds };
        Work { order, key, path: clip.path, features, copies, bytes }
    }
}

/// Refuses a file whose bytes are not those that the manifest tells of: a table must never say that they are.
pub(crate) fn check_content(
    clip_id: &str,
    content_hash: Option<&str>,
    path: &Path,
    bytes: &[u8],
) -> FeaturesResult<()> {
    match content_hash {
        Some(expected) if expected != blake3::hash(bytes).to_hex().as_str() => {
            Err(FeaturesError::Changed { clip_id: clip_id.to_owned(), path: path.to_owned() })
        }
        _ => Ok(()),
    }
}
