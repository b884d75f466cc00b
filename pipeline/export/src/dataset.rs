//! The dataset that is handed on: a manifest's tables, how a split divides it, and what licences allow.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ser_schemas::{Assignment, Clip, Corpus, Exclusion, KEY_PROTOCOL, Role, Table as _, read_metadata};

use crate::error::{ExportError, ExportResult};

/// A manifest.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its clips.
    pub clips: Vec<Clip>,
    /// Files that were left out.
    pub exclusions: Vec<Exclusion>,
    /// Every corpus that was declared.
    pub corpora: Vec<Corpus>,
}

impl Dataset {
    /// The manifest in the folder `manifest`, called `name`.
    pub fn read(name: &str, manifest: &Path) -> Result<Self, ExportError> {
        Ok(Self {
            name: name.to_owned(),
            clips: Clip::read_in(manifest)?,
            exclusions: Exclusion::read_in(manifest)?,
            corpora: Corpus::read_in(manifest)?,
        })
    }

    /// The corpora that clips come from, in the manifest's order.
    pub(crate) fn used(&self) -> Vec<&Corpus> {
        let names: BTreeSet<&str> = self.clips.iter().map(|clip| clip.corpus.as_str()).collect();
        self.corpora.iter().filter(|corpus| names.contains(corpus.corpus.as_str())).collect()
    }

    /// Languages spoken, as tags.
    pub(crate) fn languages(&self) -> BTreeSet<&str> {
        self.clips.iter().filter_map(|clip| clip.language.as_deref()).collect()
    }
}

/// One fold of a split: which part each clip plays.
#[derive(Debug, Clone)]
pub struct Division {
    /// Name of the split stage.
    pub split: String,
    /// Its protocol.
    pub protocol: String,
    /// Number of the fold.
    pub fold: u32,
    pub(crate) roles: HashMap<String, Role>,
}

impl Division {
    /// Fold `fold` of the split called `split`, whose result is in the folder `dir`.
    pub fn read(split: &str, dir: &Path, fold: u32) -> Result<Self, ExportError> {
        let path = Assignment::file_in(dir);
        let protocol = read_metadata(&path)?.remove(KEY_PROTOCOL).unwrap_or_else(|| "unknown".to_owned());
        let (mut roles, mut folds) = (HashMap::new(), BTreeSet::new());
        for rows in Assignment::scan(&path)? {
            for row in rows? {
                folds.insert(row.fold);
                if row.fold == fold {
                    roles.insert(row.clip_id, row.role);
                }
            }
        }
        if !folds.contains(&fold) {
            let listed: Vec<String> = folds.iter().map(u32::to_string).collect();
            let expected = if listed.is_empty() { "a split with folds".to_owned() } else { listed.join(", ") };
            return Err(ExportError::NoFold { split: split.to_owned(), fold, expected });
        }
        Ok(Self { split: split.to_owned(), protocol, fold, roles })
    }
}

/// Terms on which the recordings of a corpus may be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Name of the corpus.
    pub corpus: String,
    /// `true` if its licence is known to let them be passed on.
    pub may_be_passed_on: bool,
    /// The condition of that, or the reason why they may not be passed on, in words.
    pub condition: Option<String>,
}

/// The terms of `corpus`; unknown ones forbid. Synthetic speech is nobody's corpus.
pub(crate) fn terms_of(corpus: &Corpus, terms: &[Terms]) -> Terms {
    let name = &corpus.corpus;
    if corpus.synthetic {
        let condition = Some("synthetic demo speech, not the corpus".to_owned());
        return Terms { corpus: name.clone(), may_be_passed_on: true, condition };
    }
    let known = terms.iter().find(|terms| terms.corpus == *name);
    known.cloned().unwrap_or_else(|| Terms { corpus: name.clone(), may_be_passed_on: false, condition: None })
}

/// Fails where a corpus that clips come from may not be passed on, and names all of them with their licences.
pub(crate) fn check_terms(dataset: &Dataset, terms: &[Terms]) -> ExportResult<()> {
    let refused = dataset.used().into_iter().filter_map(|corpus| {
        let terms = terms_of(corpus, terms);
        let why = terms.condition.unwrap_or_else(|| "its descriptor does not say that they may".to_owned());
        let licence = corpus.licence.as_deref().unwrap_or("no licence stated");
        (!terms.may_be_passed_on).then(|| format!("{} ({licence}: {why})", corpus.corpus))
    });
    let refused: Vec<String> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(ExportError::Forbidden { corpora: refused.join(", ") }) }
}
