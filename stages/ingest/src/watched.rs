//! Where a change can make an ingest stale: what a program that waits for changes looks at.

use std::path::{Path, PathBuf};

use crate::Params;
use crate::descriptor::{Descriptor, is_path};

/// The corpus's root, its descriptor where that is a file, and the places beside the root where its tables may lie.
/// None of them need exist. Of a descriptor that cannot be read, the tables are not known.
pub fn watched_paths(params: &Params, base_dir: &Path) -> Vec<PathBuf> {
    let root = base_dir.join(&params.root);
    let mut paths = vec![root.clone()];
    if is_path(&params.corpus) {
        paths.push(base_dir.join(&params.corpus));
    }
    if let Ok(descriptor) = Descriptor::load(&params.corpus, base_dir) {
        for table in &descriptor.tables {
            let beside = table.look_in.iter().filter(|folder| folder.starts_with(".."));
            paths.extend(beside.map(|folder| root.join(folder).join(&table.file)));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(corpus: &str) -> Vec<String> {
        let params = Params { corpus: corpus.to_owned(), root: "data/c".to_owned(), ..Params::default() };
        let paths = watched_paths(&params, Path::new("/p"));
        paths.iter().map(|path| path.display().to_string().replace('\\', "/")).collect()
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
