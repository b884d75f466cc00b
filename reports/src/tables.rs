//! Every table that the report draws, read once.

use std::collections::BTreeMap;
use std::path::Path;

use ser_schemas::{
    Balance, Check, ClassMetrics, Clip, ConfusionCell, Corpus, Emotion, Epoch, Example, Exclusion, Finding,
    SummaryMetric, Table, read_metadata,
};

use crate::{Error, Inputs};

/// The tables, as rows.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub clips: Vec<Clip>,
    pub exclusions: Vec<Exclusion>,
    pub corpora: Vec<Corpus>,
    /// Empty without an audit.
    pub balance: Vec<Balance>,
    /// `None` without an audit.
    pub findings: Option<Vec<Finding>>,
    pub examples: Vec<Example>,
    /// By split stage.
    pub checks: Vec<(String, Vec<Check>)>,
    /// By train stage.
    pub history: Vec<(String, Vec<Epoch>)>,
    pub classes: Vec<ClassMetrics>,
    pub summary: Vec<SummaryMetric>,
    pub confusion: Vec<ConfusionCell>,
    /// Fingerprints by stage, as found in the tables.
    pub fingerprints: BTreeMap<String, String>,
}

impl Tables {
    /// Reads the tables of `inputs`.
    pub(crate) fn read(inputs: &Inputs<'_>) -> Result<Self, Error> {
        let mut fingerprints = BTreeMap::new();
        let seen = &mut fingerprints;
        let mut tables = Self {
            clips: read(&inputs.manifest.join("clips.parquet"), seen)?,
            exclusions: read(&inputs.manifest.join("exclusions.parquet"), seen)?,
            corpora: read(&inputs.manifest.join("corpora.parquet"), seen)?,
            classes: read(&inputs.evaluate.join("classes.parquet"), seen)?,
            summary: read(&inputs.evaluate.join("summary.parquet"), seen)?,
            confusion: read(&inputs.evaluate.join("confusion.parquet"), seen)?,
            ..Self::default()
        };
        if let Some(audit) = inputs.audit {
            tables.balance = read(&audit.join("balance.parquet"), seen)?;
            tables.findings = Some(read(&audit.join("findings.parquet"), seen)?);
        }
        if let Some(path) =
            inputs.features.map(|features| features.join("examples.parquet")).filter(|path| path.exists())
        {
            tables.examples = read(&path, seen)?;
        }
        for (name, folder) in &inputs.splits {
            tables.checks.push((name.clone(), read(&folder.join("checks.parquet"), seen)?));
        }
        for (name, folder) in &inputs.trains {
            tables.history.push((name.clone(), read(&folder.join("history.parquet"), seen)?));
        }
        tables.fingerprints = fingerprints;
        Ok(tables)
    }

    /// The emotions that occur among the clips or were evaluated, in the order of all tables.
    pub(crate) fn emotions(&self) -> Vec<Emotion> {
        Emotion::ALL
            .into_iter()
            .filter(|emotion| {
                self.clips.iter().any(|clip| clip.emotion == Some(*emotion))
                    || self.classes.iter().any(|row| row.emotion == *emotion)
            })
            .collect()
    }
}

fn read<T: Table>(path: &Path, fingerprints: &mut BTreeMap<String, String>) -> Result<Vec<T>, Error> {
    let rows = T::read(path)?;
    let metadata = read_metadata(path)?;
    if let (Some(stage), Some(fingerprint)) = (metadata.get("ser.stage"), metadata.get("ser.fingerprint")) {
        fingerprints.insert(stage.clone(), fingerprint.clone());
    }
    Ok(rows)
}
