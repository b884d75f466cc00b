//! What is known of files that were read before, so that only changed ones are read again.
//!
//! A file is taken to hold what it held when its size, its times and its place on the disk are the same. Two files that
//! are written within one tick of the clock have the same times; so a file is read again as long as it is not clearly
//! older than the look at it that was written down (git's rule for its index). If the clock now says an earlier time
//! than that look, nothing is taken for granted. An object of a bucket has no such times: it holds what it held when
//! its size and its entity tag are the same.
//!
//! The index saves time and nothing else: one that is missing, damaged or of another version is an empty one.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ser_stage::write_whole;
use ser_storage::Mark;

/// Name of the index in the stage's state folder.
const FILE: &str = "files.index";
/// Begins every index; the last characters are the version of the format.
const MAGIC: &[u8; 8] = b"serfile1";
/// The same of one in which entity tags stand.
const MAGIC_OBJECTS: &[u8; 8] = b"serobjc1";
/// Coarsest time stamps of files that are in use: those of FAT.
const MODIFIED_TICK_NS: i64 = 2_000_000_000;
/// Coarsest time stamps of changes to the entry itself, which only file systems with finer ones keep.
const CHANGED_TICK_NS: i64 = 20_000_000;

/// What tells whether a file may have changed, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stat {
    pub(crate) bytes: u64,
    /// When its content was written, in nanoseconds since 1970.
    pub(crate) modified_ns: i64,
    /// When its content, name or permissions changed, in nanoseconds since 1970; 0 where that is not known.
    pub(crate) changed_ns: i64,
    /// Its number in the file system; 0 where that is not known.
    pub(crate) inode: u64,
    /// Of an object of a bucket, which has none of these three, the first half of the hash of its entity tag. 0 for files.
    pub(crate) etag: u128,
}

impl Stat {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified_ns = metadata.modified().map_or(0, nanoseconds);
        let (changed_ns, inode) = identity(metadata);
        Self { bytes: metadata.len(), modified_ns, changed_ns, inode, etag: 0 }
    }

    pub(crate) fn of_object(mark: &Mark) -> Self {
        let hash = blake3::hash(mark.etag.as_bytes());
        let half = hash.as_bytes().first_chunk().map_or(0, |half| u128::from_le_bytes(*half));
        Self { bytes: mark.bytes, etag: half.max(1), ..Self::default() }
    }
}

/// BLAKE3 hash of a file's bytes.
pub(crate) type Hash = [u8; 32];

/// A file as it was when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) stat: Stat,
    pub(crate) hash: Hash,
}

/// Files by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Index {
    /// When the look at the files began, in nanoseconds since 1970.
    looked_ns: i64,
    entries: BTreeMap<String, Entry>,
}

impl Index {
    /// An index of files that are looked at from `looked_ns` on.
    pub(crate) fn new(looked_ns: i64, entries: impl IntoIterator<Item = (String, Entry)>) -> Self {
        Self { looked_ns, entries: entries.into_iter().collect() }
    }

    /// The index in `folder`; an empty one where there is none that can be used.
    pub(crate) fn load(folder: &Path) -> Self {
        fs::read(folder.join(FILE)).ok().and_then(|bytes| Self::decode(&bytes)).unwrap_or_default()
    }

    /// Writes the index to `folder`: beside the old one first, then in its place.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        write_whole(&folder.join(FILE), &self.encode())
    }

    /// What the file called `name` holds, if at `now_ns` there is no doubt that it still does.
    pub(crate) fn entry(&self, name: &str, stat: &Stat, now_ns: i64) -> Option<&Entry> {
        let entry = self.entries.get(name).filter(|entry| entry.stat == *stat)?;
        let settled = stat.modified_ns.saturating_add(MODIFIED_TICK_NS) < self.looked_ns
            && stat.changed_ns.saturating_add(CHANGED_TICK_NS) < self.looked_ns;
        (stat.etag != 0 || (settled && self.looked_ns <= now_ns)).then_some(entry)
    }

    /// Number of files.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn encode(&self) -> Vec<u8> {
        let has_etags = self.entries.values().any(|entry| entry.stat.etag != 0);
        let mut bytes = if has_etags { MAGIC_OBJECTS } else { MAGIC }.to_vec();
        bytes.extend(self.looked_ns.to_le_bytes());
        bytes.extend((self.entries.len() as u64).to_le_bytes());
        for (name, Entry { stat, hash }) in &self.entries {
            bytes.extend((name.len() as u32).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend(stat.bytes.to_le_bytes());
            bytes.extend(stat.modified_ns.to_le_bytes());
            bytes.extend(stat.changed_ns.to_le_bytes());
            bytes.extend(stat.inode.to_le_bytes());
            if has_etags {
                bytes.extend(stat.etag.to_le_bytes());
            }
            bytes.extend(hash);
        }
        let check = blake3::hash(&bytes);
        bytes.extend(check.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, check) = bytes.split_last_chunk::<32>()?;
        if blake3::hash(body).as_bytes() != check {
            return None;
        }
        let (has_etags, mut rest) = match body.strip_prefix(MAGIC) {
            Some(rest) => (false, rest),
            None => (true, body.strip_prefix(MAGIC_OBJECTS)?),
        };
        let looked_ns = i64::from_le_bytes(take(&mut rest)?);
        let count = u64::from_le_bytes(take(&mut rest)?);
        let mut entries = Vec::new();
        for _ in 0..count {
            let length = u32::from_le_bytes(take(&mut rest)?) as usize;
            let (name, after) = rest.split_at_checked(length)?;
            rest = after;
            let stat = Stat {
                bytes: u64::from_le_bytes(take(&mut rest)?),
                modified_ns: i64::from_le_bytes(take(&mut rest)?),
                changed_ns: i64::from_le_bytes(take(&mut rest)?),
                inode: u64::from_le_bytes(take(&mut rest)?),
                etag: if has_etags { u128::from_le_bytes(take(&mut rest)?) } else { 0 },
            };
            entries.push((std::str::from_utf8(name).ok()?.to_owned(), Entry { stat, hash: take(&mut rest)? }));
        }
        // Sorted as they were written, so the map is built without searching.
        rest.is_empty().then(|| Self { looked_ns, entries: entries.into_iter().collect() })
    }
}

/// Now, in nanoseconds since 1970.
pub(crate) fn now_ns() -> i64 {
    nanoseconds(SystemTime::now())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn nanoseconds(time: SystemTime) -> i64 {
    let signed = |nanoseconds: u128| i64::try_from(nanoseconds).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after.as_nanos()),
        Err(before) => -signed(before.duration().as_nanos()),
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (i64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec()), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (i64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn stat(modified_ns: i64) -> Stat {
        Stat { bytes: 5, modified_ns, changed_ns: modified_ns, inode: 9, etag: 0 }
    }

    fn index(looked_ns: i64, modified_ns: i64) -> Index {
        Index::new(looked_ns, [("a/b.wav".to_owned(), Entry { stat: stat(modified_ns), hash: [7; 32] })])
    }

    #[test]
    fn it_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().expect("folder");
        let state = folder.path().join("not/there/yet");
        assert_eq!(Index::load(&state), Index::default());
        let index = Index::new(
            3,
            (0..100_u64).map(|n| (format!("ä {n}"), Entry { stat: stat(-(n as i64)), hash: [n as u8; 32] })),
        );
        index.save(&state).expect("save");
        assert_eq!(Index::load(&state), index);
    }

    #[test]
    fn a_damaged_index_is_an_empty_one() {
        let folder = tempfile::tempdir().expect("folder");
        index(9 * SECOND, SECOND).save(folder.path()).expect("save");
        let whole = fs::read(folder.path().join(FILE)).expect("index");
        for cut in 0..whole.len() {
            assert_eq!(Index::decode(&whole[..cut]), None, "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert_eq!(Index::decode(&bytes), None, "damaged at {at}");
        }
    }

    #[test]
    fn a_file_is_known_while_nothing_about_it_differs() {
        let index = index(9 * SECOND, SECOND);
        let known = |stat: Stat| index.entry("a/b.wav", &stat, 20 * SECOND).is_some();
        assert!(known(stat(SECOND)));
        assert!(!known(Stat { bytes: 6, ..stat(SECOND) }));
        assert!(!known(Stat { modified_ns: SECOND + 1, ..stat(SECOND) }));
        assert!(!known(Stat { changed_ns: SECOND + 1, ..stat(SECOND) }));
        assert!(!known(Stat { inode: 1, ..stat(SECOND) }));
        assert!(index.entry("a/c.wav", &stat(SECOND), 20 * SECOND).is_none());
    }

    #[test]
    fn a_file_as_young_as_the_index_is_read_again() {
        let known = |modified_ns: i64| {
            index(9 * SECOND, modified_ns).entry("a/b.wav", &stat(modified_ns), 20 * SECOND).is_some()
        };
        assert!(known(9 * SECOND - MODIFIED_TICK_NS - 1));
        assert!(!known(9 * SECOND - MODIFIED_TICK_NS));
        assert!(!known(9 * SECOND));
        assert!(!known(30 * SECOND), "a time to come");
        let renamed = Stat { changed_ns: 9 * SECOND, ..stat(SECOND) };
        let index = Index::new(9 * SECOND, [("a".to_owned(), Entry { stat: renamed, hash: [7; 32] })]);
        assert!(index.entry("a", &renamed, 20 * SECOND).is_none());
    }

    #[test]
    fn an_object_is_known_by_its_entity_tag_alone() {
        let stat = |bytes: u64, etag: &str| Stat::of_object(&Mark { bytes, etag: etag.to_owned() });
        let entry = Entry { stat: stat(5, "\"abc\""), hash: [7; 32] };
        let index = Index::new(9 * SECOND, [("a.wav".to_owned(), entry)]);
        let folder = tempfile::tempdir().expect("folder");
        index.save(folder.path()).expect("save");
        assert_eq!(Index::load(folder.path()), index);
        // Whatever the clock says.
        for now_ns in [0, 9 * SECOND, 20 * SECOND] {
            assert_eq!(index.entry("a.wav", &stat(5, "\"abc\""), now_ns), Some(&entry));
            for other in [stat(6, "\"abc\""), stat(5, "\"abd\""), Stat { etag: 0, ..entry.stat }] {
                assert_eq!(index.entry("a.wav", &other, now_ns), None);
            }
        }
    }

    #[test]
    fn after_the_clock_was_set_back_nothing_is_known() {
        assert!(index(9 * SECOND, SECOND).entry("a/b.wav", &stat(SECOND), 9 * SECOND).is_some());
        assert!(index(9 * SECOND, SECOND).entry("a/b.wav", &stat(SECOND), 9 * SECOND - 1).is_none());
    }
}
