//! Where a change can make an ingest stale: what a program that waits for changes looks at.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ser_storage::{Listed, Mark, Root, Store};

use crate::descriptor::{Descriptor, SideTable, is_path};
use crate::walk::{SYNTHETIC_MARK, is_audio, is_included, is_passed_over};
use crate::{IngestError, Params};

/// The corpus's root, its descriptor where that is a file, and the places beside the root where its tables may lie.
/// None of them need exist. Of a descriptor that cannot be read, the tables are not known. Of a corpus in a bucket it is
/// the descriptor alone; [`watched_objects`] tells of the rest.
pub fn watched_paths(params: &Params, base_dir: &Path) -> Vec<PathBuf> {
    let descriptor = is_path(&params.corpus).then(|| base_dir.join(&params.corpus));
    if Root::is_bucket(&params.root) {
        return descriptor.into_iter().collect();
    }
    let root = base_dir.join(&params.root);
    let mut paths = vec![root.clone()];
    paths.extend(descriptor);
    if let Ok(descriptor) = Descriptor::load(&params.corpus, base_dir) {
        for table in &descriptor.tables {
            let beside = table.look_in.iter().filter(|folder| folder.starts_with(".."));
            paths.extend(beside.map(|folder| root.join(folder).join(&table.file)));
        }
    }
    paths
}

/// The objects that an ingest of a corpus in a bucket would read, as they are now, by their addresses; `None` where the
/// corpus lies in a folder. Costs a request for every thousand objects, and one for each place beside the root where a
/// table may lie.
pub fn watched_objects(params: &Params, base_dir: &Path) -> Option<Result<BTreeMap<String, Mark>, IngestError>> {
    let root = match Root::of(&params.root, base_dir) {
        Ok(Root::Folder(_)) => return None,
        root => root,
    };
    let look = || {
        let Root::Bucket(root) = root? else { return Ok(BTreeMap::new()) };
        let store = Store::shared()?;
        let reads = would_read(params, base_dir);
        let listed = store.list(&root)?.unwrap_or_default();
        let read = listed.into_iter().filter(|listed: &Listed| reads(Path::new(&listed.below)));
        let mut found: BTreeMap<String, Mark> = read.map(|listed| (listed.address.to_string(), listed.mark)).collect();
        let descriptor = Descriptor::load(&params.corpus, base_dir).ok();
        for table in descriptor.iter().flat_map(|descriptor| &descriptor.tables) {
            for folder in table.look_in.iter().filter(|folder| folder.starts_with("..")) {
                let Some(address) = root.join(folder).map(|folder| folder.address(&table.file)) else { continue };
                let mark = store.find(&address)?;
                found.extend(mark.map(|mark| (address.to_string(), mark)));
            }
        }
        Ok(found)
    };
    Some(look())
}

/// Tells of a file, by its path below the corpus's root, whether an ingest would read it: audio that the descriptor
/// includes, a side table, the mark of a synthetic corpus. Of a descriptor that cannot be read nothing is known, and
/// every file may be read that is not hidden.
pub fn would_read(params: &Params, base_dir: &Path) -> impl Fn(&Path) -> bool + Send + Sync + use<> {
    let descriptor = Descriptor::load(&params.corpus, base_dir).ok();
    move |below: &Path| match &descriptor {
        Some(descriptor) => reads(descriptor, below),
        None => !below.iter().any(is_passed_over),
    }
}

fn reads(descriptor: &Descriptor, below: &Path) -> bool {
    let declared = |table: &SideTable| {
        let mut folders =
            table.look_in.iter().map(|folder| Path::new(folder).strip_prefix(".").unwrap_or(Path::new(folder)));
        folders.any(|folder| below == folder.join(&table.file))
    };
    // A table may be declared to lie in a hidden folder.
    if descriptor.tables.iter().any(declared) {
        return true;
    }
    if below.iter().any(is_passed_over) {
        return false;
    }
    if is_audio(below) {
        let parts: Vec<_> = below.iter().map(OsStr::to_string_lossy).collect();
        return is_included(descriptor, &parts.join("/"));
    }
    let is_table = |table: &SideTable| below.file_name().is_some_and(|name| name == table.file.as_str());
    below == Path::new(SYNTHETIC_MARK) || descriptor.tables.iter().any(is_table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_ingest_reads_counts() {
        let folder = tempfile::tempdir().expect("folder");
        let base = folder.path();
        let descriptor = include_str!("../corpora/crema_d.toml");
        let cases = [
            ("AudioWAV/1001_DFA_ANG_XX.wav", true),
            ("AudioWAV/new.FLAC", true),
            ("VideoDemographics.csv", true),
            ("deep/below/VideoDemographics.csv", true),
            ("SYNTHETIC.txt", true),
            ("AudioWAV/SYNTHETIC.txt", false),
            ("AudioWAV/1001_DFA_ANG_XX.wav.crdownload", false),
            ("AudioWAV/.1001_DFA_ANG_XX.wav.Xa7", false),
            ("AudioWAV/._1001_DFA_ANG_XX.wav", false),
            ("__MACOSX/AudioWAV/1001_DFA_ANG_XX.wav", false),
            ("notes.txt", false),
            ("Other.csv", false),
        ];
        let params = |corpus: &str| Params { corpus: corpus.to_owned(), root: "data".to_owned(), ..Params::default() };
        let would = would_read(&params("crema_d"), base);
        for (below, reads) in cases {
            assert_eq!(would(Path::new(below)), reads, "{below}");
        }
        std::fs::write(base.join("mine.toml"), format!("{descriptor}\n[files]\nexclude = [\"spoilt/**\"]\n"))
            .expect("file");
        let would = would_read(&params("mine.toml"), base);
        assert!(would(Path::new("good/a.wav")) && !would(Path::new("spoilt/a.wav")));
        std::fs::write(base.join("mine.toml"), "not a descriptor").expect("file");
        let would = would_read(&params("mine.toml"), base);
        assert!(would(Path::new("any.csv")) && !would(Path::new(".git/config")));
    }

    fn watched(corpus: &str) -> Vec<String> {
        let params = Params { corpus: corpus.to_owned(), root: "data/c".to_owned(), ..Params::default() };
        let paths = watched_paths(&params, Path::new("/p"));
        paths.iter().map(|path| path.display().to_string().replace('\\', "/")).collect()
    }

    #[test]
    fn of_a_corpus_in_a_bucket_the_descriptor_is_a_file() {
        let watched = |corpus: &str| {
            let params = Params { corpus: corpus.into(), root: "s3://corpora/c".into(), ..Params::default() };
            watched_paths(&params, Path::new("/p"))
        };
        assert!(watched("crema_d").is_empty());
        assert_eq!(watched("corpora/mine.toml"), [PathBuf::from("/p/corpora/mine.toml")]);
        let folder = Params { corpus: "tess".into(), root: "data/c".into(), ..Params::default() };
        assert!(watched_objects(&folder, Path::new("/p")).is_none());
    }

    #[test]
    fn tables_beside_the_root_and_descriptors_count() {
        assert_eq!(watched("tess"), ["/p/data/c"]);
        assert_eq!(watched("corpora/mine.toml"), ["/p/data/c", "/p/corpora/mine.toml"]);
        assert!(
            watched("crema_d").contains(&"/p/data/c/../VideoDemographics.csv".to_owned()),
            "{:?}",
            watched("crema_d")
        );
    }
}
