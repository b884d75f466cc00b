//! Every table that the report draws, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ser_schemas::{
    Adaptation, Association, Balance, CalibrationBin, Check, ClassBalance, ClassMetrics, Clip, Comparison,
    ConfusionCell, Corpus, Coverage, CrossCorpus, Durations, Emotion, Epoch, Example, Exclusion, Finding,
    KEY_FINGERPRINT, KEY_STAGE, LabelError, Member, Model, ModelCheck, NearDuplicate, Perceived, Shortcut,
    StandardisationLimit, SummaryMetric, Table, WorstGroup, read_metadata,
};

use crate::{Error, Inputs};

/// The tables, as rows.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub clips: Vec<Clip>,
    pub exclusions: Vec<Exclusion>,
    pub corpora: Vec<Corpus>,
    /// `None` without an audit.
    pub audit: Option<Audit>,
    pub examples: Vec<Example>,
    /// By split stage.
    pub checks: Vec<(String, Vec<Check>)>,
    /// By the stage that trained.
    pub history: Vec<(String, Vec<Epoch>)>,
    /// By ensemble.
    pub members: Vec<(String, Vec<Member>)>,
    /// Descriptions of the evaluated models.
    pub models: Vec<Model>,
    pub classes: Vec<ClassMetrics>,
    pub summary: Vec<SummaryMetric>,
    pub confusion: Vec<ConfusionCell>,
    pub worst_groups: Vec<WorstGroup>,
    pub calibration: Vec<CalibrationBin>,
    /// Models that may say that they do not know.
    pub coverage: Vec<Coverage>,
    pub comparisons: Vec<Comparison>,
    pub cross_corpus: Vec<CrossCorpus>,
    /// Models with few and unbalanced clips of a speaker.
    pub standardisation: Vec<StandardisationLimit>,
    /// Models with labelled clips of a speaker.
    pub adaptation: Vec<Adaptation>,
    pub label_errors: Vec<LabelError>,
    pub perceived: Vec<Perceived>,
    pub model_checks: Vec<ModelCheck>,
    /// Fingerprints by stage, as found in the tables.
    pub fingerprints: BTreeMap<String, String>,
}

/// The tables of an audit.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub balance: Vec<Balance>,
    pub findings: Vec<Finding>,
    pub class_balance: Vec<ClassBalance>,
    pub durations: Vec<Durations>,
    pub associations: Vec<Association>,
    pub shortcuts: Vec<Shortcut>,
    pub near_duplicates: Vec<NearDuplicate>,
}

impl Tables {
    /// Reads the tables of `inputs`. Those that only some runs write are empty where their file is missing.
    pub(crate) fn read(inputs: &Inputs<'_>) -> Result<Self, Error> {
        let mut fingerprints = BTreeMap::new();
        let seen = &mut fingerprints;
        let mut tables = Self {
            clips: read(inputs.manifest, seen)?,
            exclusions: read(inputs.manifest, seen)?,
            corpora: read(inputs.manifest, seen)?,
            models: read_any(inputs.evaluate, seen)?,
            classes: read(inputs.evaluate, seen)?,
            summary: read(inputs.evaluate, seen)?,
            confusion: read(inputs.evaluate, seen)?,
            worst_groups: read_any(inputs.evaluate, seen)?,
            calibration: read_any(inputs.evaluate, seen)?,
            coverage: read_any(inputs.evaluate, seen)?,
            comparisons: read_any(inputs.evaluate, seen)?,
            cross_corpus: read_any(inputs.evaluate, seen)?,
            standardisation: read_any(inputs.evaluate, seen)?,
            adaptation: read_any(inputs.evaluate, seen)?,
            label_errors: read_any(inputs.evaluate, seen)?,
            perceived: read_any(inputs.evaluate, seen)?,
            model_checks: read_any(inputs.evaluate, seen)?,
            ..Self::default()
        };
        if let Some(folder) = inputs.audit {
            tables.audit = Some(Audit {
                balance: read(folder, seen)?,
                findings: read(folder, seen)?,
                class_balance: read_any(folder, seen)?,
                durations: read_any(folder, seen)?,
                associations: read_any(folder, seen)?,
                shortcuts: read_any(folder, seen)?,
                near_duplicates: read_any(folder, seen)?,
            });
        }
        if let Some(folder) = inputs.features {
            tables.examples = read_any(folder, seen)?;
        }
        for (name, folder) in &inputs.splits {
            tables.checks.push(((*name).to_owned(), read(folder, seen)?));
        }
        for (name, folder) in &inputs.trains {
            tables.history.push(((*name).to_owned(), read(folder, seen)?));
        }
        for (name, folder) in &inputs.ensembles {
            tables.members.push(((*name).to_owned(), read(folder, seen)?));
        }
        tables.fingerprints = fingerprints;
        Ok(tables)
    }

    /// The emotions that occur among the clips or were evaluated, in the order of all tables.
    pub(crate) fn emotions(&self) -> Vec<Emotion> {
        let clips = self.clips.iter().filter_map(|clip| clip.emotion);
        clips.chain(self.classes.iter().map(|row| row.emotion)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The names of all corpora, those without clips too.
    pub(crate) fn corpora_declared(&self) -> Vec<&str> {
        self.corpora.iter().map(|corpus| corpus.corpus.as_str()).collect()
    }

    /// The names of the corpora with clips, in the order of their declaration.
    pub(crate) fn corpora_with_clips(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.corpora.iter().map(|corpus| corpus.corpus.as_str()).collect();
        names.extend(self.clips.iter().map(|clip| clip.corpus.as_str()));
        let present: std::collections::BTreeSet<&str> = self.clips.iter().map(|clip| clip.corpus.as_str()).collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| present.contains(name) && seen.insert(*name));
        names
    }
}

/// The table of `T` in `folder`, which must be there.
fn read<T: Table>(folder: &Path, fingerprints: &mut BTreeMap<String, String>) -> Result<Vec<T>, Error> {
    let path = T::file_in(folder);
    let rows = T::read(&path)?;
    let metadata = read_metadata(&path)?;
    if let (Some(stage), Some(fingerprint)) = (metadata.get(KEY_STAGE), metadata.get(KEY_FINGERPRINT)) {
        fingerprints.insert(stage.clone(), fingerprint.clone());
    }
    Ok(rows)
}

/// The table of `T` in `folder`; no rows where there is no such file.
fn read_any<T: Table>(folder: &Path, fingerprints: &mut BTreeMap<String, String>) -> Result<Vec<T>, Error> {
    if T::file_in(folder).exists() { read(folder, fingerprints) } else { Ok(Vec::new()) }
}
