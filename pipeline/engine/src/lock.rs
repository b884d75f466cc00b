//! One run at a time per artifacts folder.

use ser_stage::{Holder, LockFile, Locking};

use crate::failure::EngineError;
use crate::store::Store;
use crate::time;

/// Takes the lock, which is held until dropped. Also gives the last holder when that died without letting go.
pub(crate) fn lock(store: &Store) -> Result<(LockFile, Option<Holder>), EngineError> {
    let path = store.lock_path();
    match LockFile::take(&path, &Holder::this(time::now())).map_err(EngineError::io("lock", &path))? {
        Locking::Taken(lock, dead) => Ok((lock, dead)),
        Locking::Held(holder) => Err(EngineError::Locked { artifacts: store.root().to_owned(), holder }),
    }
}
