//! Where recordings are, as the page links to them: files on the reader's disk, or, when asked for, a few inside the
//! page. A browser has no credentials for a bucket: what lies there is heard inside the page or not at all.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use ser_schemas::Clip;
use ser_storage::{Place, StorageError};
use ser_text::percent_encoded;

/// How to listen to one clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Listen {
    /// The file, relative to the page; `None` for an object of a bucket.
    href: Option<String>,
    /// The file itself as a `data:` address, where the page has room for it.
    data: Option<String>,
}

/// The recordings behind the clips of a manifest.
#[derive(Debug)]
pub(crate) struct Recordings<'a> {
    clips: HashMap<&'a str, &'a Clip>,
    /// Folder that the clips' paths start from; absolute.
    base_dir: PathBuf,
    /// Folder that the page will lie in; absolute.
    page_dir: PathBuf,
    /// Bytes of audio that may still be put into the page.
    room: u64,
    /// Why a recording could not be read from its bucket, the first of them.
    trouble: Option<StorageError>,
}

impl<'a> Recordings<'a> {
    /// `base_dir` is where the paths of `clips` start, `page_dir` where the page will lie; up to `room` bytes of audio
    /// are put into the page itself.
    pub(crate) fn new(clips: &'a [Clip], base_dir: &Path, page_dir: &Path, room: u64) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            clips: clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect(),
            base_dir: absolute(base_dir),
            page_dir: absolute(page_dir),
            room,
            trouble: None,
        }
    }

    /// Why recordings that there was room for are missing from the page.
    pub(crate) fn trouble(&self) -> Option<&StorageError> {
        self.trouble.as_ref()
    }

    /// The clip's row in the manifest.
    pub(crate) fn clip(&self, clip_id: &str) -> Option<&'a Clip> {
        self.clips.get(clip_id).copied()
    }

    /// A link to the clip's file; `None` for a clip that the manifest does not hold or that no browser can open.
    pub(crate) fn link(&self, clip_id: &str) -> Option<Listen> {
        let clip = self.clip(clip_id)?;
        match Place::of(&clip.path, &self.base_dir) {
            Ok(Place::File(path)) => Some(Listen { href: Some(relative_url(&self.page_dir, &path)), data: None }),
            Ok(Place::Object(_)) | Err(_) => None,
        }
    }

    /// The same, with the file itself while there is room. A file that cannot be read stays a link.
    pub(crate) fn carry(&mut self, clip_id: &str) -> Option<Listen> {
        let link = self.link(clip_id);
        let clip = self.clip(clip_id)?;
        let Some(kind) = media_type(clip).filter(|_| clip.bytes <= self.room) else { return link };
        let bytes = self.read(clip).filter(|bytes| bytes.len() as u64 <= self.room);
        let Some(bytes) = bytes else { return link };
        self.room -= bytes.len() as u64;
        let data = Some(format!("data:{kind};base64,{}", STANDARD.encode(bytes)));
        Some(Listen { href: link.and_then(|link| link.href), data })
    }

    fn read(&mut self, clip: &Clip) -> Option<Vec<u8>> {
        let read = match Place::of(&clip.path, &self.base_dir) {
            Ok(Place::File(path)) => return std::fs::read(path).ok(),
            Ok(Place::Object(object)) => object.read(self.room),
            Err(error) => Err(error),
        };
        read.map_err(|error| self.trouble.get_or_insert(error)).ok()
    }
}

/// Media type of the containers that all browsers play.
fn media_type(clip: &Clip) -> Option<&'static str> {
    match clip.container.as_deref()? {
        "wav" => Some("audio/wav"),
        "flac" => Some("audio/flac"),
        "mp3" => Some("audio/mpeg"),
        "ogg" => Some("audio/ogg"),
        _ => None,
    }
}

/// The way from the folder `from` to the file `to`, both absolute, as a relative URL. Folders are compared by name, as
/// a browser does.
fn relative_url(from: &Path, to: &Path) -> String {
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let mut url = "../".repeat(from.len() - shared);
    for (place, part) in to[shared..].iter().enumerate() {
        if place > 0 {
            url.push('/');
        }
        url += &percent_encoded(part, b"");
    }
    url
}

/// Folder names of an absolute path, with `.` and `..` resolved by name.
fn parts(path: &Path) -> Vec<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            Component::Prefix(prefix) => parts.push(prefix.as_os_str().to_string_lossy().into_owned()),
            Component::RootDir | Component::CurDir => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(id: &str, path: &str, bytes: u64) -> Clip {
        let mut clip = Clip::found(id.into(), "ravdess".into(), path.into(), bytes);
        clip.container = Some("wav".into());
        clip
    }

    #[test]
    fn links_lead_from_the_page_to_the_file() {
        let url = |from: &str, to: &str| relative_url(Path::new(from), Path::new(to));
        assert_eq!(url("/p/artifacts/report", "/p/data/tess/a b.wav"), "../../data/tess/a%20b.wav");
        assert_eq!(url("/p/artifacts/report", "/corpora/x#1?.wav"), "../../../corpora/x%231%3F.wav");
        assert_eq!(url("/p/artifacts/report", "/p/../p/./data/ä.wav"), "../../data/%C3%A4.wav");
        assert_eq!(url("/p/report", "/p/report/clip.wav"), "clip.wav");
    }

    #[test]
    fn a_name_can_neither_leave_its_attribute_nor_become_a_script() {
        let clips = [clip("r/1", "javascript:alert(1)\"><script>", 1)];
        let recordings = Recordings::new(&clips, Path::new("/p"), Path::new("/p/artifacts/report"), 0);
        let link = recordings.link("r/1").expect("known");
        assert_eq!(link.href.as_deref(), Some("../../javascript%3Aalert%281%29%22%3E%3Cscript%3E"));
        assert_eq!(recordings.link("r/2"), None);
    }

    #[test]
    fn what_lies_in_a_bucket_is_no_link() {
        let clips = [clip("a", "s3://corpora/ravdess/a.wav", 60)];
        let mut recordings = Recordings::new(&clips, Path::new("/p"), Path::new("/p/report"), 0);
        assert_eq!(recordings.link("a"), None);
        assert_eq!(recordings.carry("a"), None, "no room, and no request");
        assert_eq!(recordings.trouble(), None);
    }

    #[test]
    fn files_are_carried_while_there_is_room() {
        let folder = tempfile::tempdir().expect("folder");
        for name in ["a.wav", "b.wav", "c.wav"] {
            std::fs::write(folder.path().join(name), [7; 60]).expect("file");
        }
        let clips = [clip("a", "a.wav", 60), clip("b", "b.wav", 60), clip("c", "c.wav", 60), clip("d", "gone.wav", 1)];
        let mut recordings = Recordings::new(&clips, folder.path(), Path::new("/p/report"), 130);
        assert_eq!(recordings.carry("d").expect("known").data, None);
        let first = recordings.carry("a").expect("known").data.expect("room");
        assert!(first.starts_with("data:audio/wav;base64,BwcH"));
        assert!(recordings.carry("b").expect("known").data.is_some());
        assert_eq!(recordings.carry("c").expect("known").data, None);
    }
}
