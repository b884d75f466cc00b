//! Which properties of clips go together, so that a model may learn the one for the other.

use ser_schemas::{Association, Clip};

use crate::contingency::Contingency;
use crate::error::AuditError;

/// A categorical property of a clip: the name of its column, and its value.
struct Property {
    name: &'static str,
    of: fn(&Clip) -> Option<String>,
}

const EMOTION: Property = Property { name: "emotion", of: |clip| clip.emotion.map(|emotion| emotion.to_string()) };
const CORPUS: Property = Property { name: "corpus", of: |clip| Some(clip.corpus.clone()) };
const GENDER: Property = Property { name: "gender", of: |clip| clip.gender.clone() };
const SPEAKER: Property = Property { name: "speaker", of: |clip| clip.speaker.clone() };
const INTENSITY: Property = Property { name: "intensity", of: |clip| clip.intensity.clone() };
/// Codes of sentences mean something within their corpus only.
const SENTENCE: Property = Property {
    name: "sentence",
    of: |clip| clip.sentence.as_ref().map(|sentence| format!("{}:{sentence}", clip.corpus)),
};
const SAMPLE_RATE: Property =
    Property { name: "sample_rate_hz", of: |clip| clip.sample_rate_hz.map(|rate| rate.to_string()) };

/// What is held against what.
const PAIRS: [(Property, Property); 8] = [
    (EMOTION, CORPUS),
    (EMOTION, GENDER),
    (EMOTION, SPEAKER),
    (EMOTION, INTENSITY),
    (EMOTION, SENTENCE),
    (EMOTION, SAMPLE_RATE),
    (CORPUS, GENDER),
    (CORPUS, SAMPLE_RATE),
];

/// Associations of emotion with corpus, gender, speaker, intensity, sentence and sample rate, and of corpus with gender
/// and sample rate. A pair of properties that no clip has has no row.
pub fn associations(clips: &[Clip]) -> Result<Vec<Association>, AuditError> {
    let mut rows = Vec::new();
    for (a, b) in &PAIRS {
        let pairs: Vec<(String, String)> = clips.iter().filter_map(|clip| (a.of)(clip).zip((b.of)(clip))).collect();
        if pairs.is_empty() {
            continue;
        }
        let table = Contingency::count(&pairs)?;
        rows.push(Association {
            property_a: a.name.to_owned(),
            property_b: b.name.to_owned(),
            clips: table.total(),
            values_a: table.sums_a().len() as u64,
            values_b: table.sums_b().len() as u64,
            chi_squared: table.chi_squared(),
            cramers_v_uncorrected: table.cramers_v_uncorrected(),
            cramers_v: table.cramers_v(),
            normalised_mutual_information: table.normalised_mutual_information(),
        });
    }
    Ok(rows)
}
