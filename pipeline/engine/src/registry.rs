//! Stage kinds that a pipeline may contain.

use std::path::Path;
use std::sync::Arc;

use ser_stage::{BoxError, Input, StageKind};

/// Digest of what the file of a result at a path says, without what differs from run to run and means nothing: who made
/// it, how long that took. Stages that read it are fresh as long as this stays the same. `None`: every byte counts.
pub type ContentDigest = fn(&Path) -> Result<Option<String>, BoxError>;

/// The kinds that a pipeline file may use, in the order in which they are listed to users.
#[derive(Clone)]
pub struct Registry {
    kinds: Vec<Arc<dyn StageKind>>,
    pub(crate) content: ContentDigest,
}

impl Registry {
    /// A registry of nothing; `content` tells what the files of results say.
    pub fn new(content: ContentDigest) -> Self {
        Self { kinds: Vec::new(), content }
    }

    /// Adds a kind; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, kind: impl StageKind + 'static) -> Self {
        self.kinds.retain(|known| known.name() != kind.name());
        self.kinds.push(Arc::new(kind));
        self
    }

    /// The kind called `name`.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn StageKind>> {
        self.kinds.iter().find(|kind| kind.name() == name)
    }

    /// All kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn StageKind>> {
        self.kinds.iter()
    }

    /// Names of the kinds whose stages fit `input`.
    pub(crate) fn writers(&self, input: &Input) -> Vec<&'static str> {
        self.kinds.iter().filter(|kind| input.fits(kind.outputs())).map(|kind| kind.name()).collect()
    }

    /// Names of all kinds.
    pub fn names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.name()).collect()
    }
}
