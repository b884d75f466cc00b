//! How the models of an answer hear: models that want the same of a recording hear it once, together.

use ser_manifest::SoundRules;

use super::hearing::{Heard, Hearing};
use super::leaf::Leaf;
use super::recordings::Recording;
use super::windows::Windows;

/// The hearings of some models.
pub(super) struct Ears {
    /// Each once.
    pub(super) hearings: Vec<Hearing>,
    /// Of each model, the place of its hearing; `None` of one that hears nothing.
    of_leaf: Vec<Option<usize>>,
}

/// Some recordings as every hearing hears them.
pub(super) struct HeardByAll {
    heard: Vec<Vec<Heard>>,
    /// Of each hearing, the place of what it heard.
    places: Vec<usize>,
}

impl Ears {
    /// Those of `leaves`.
    pub(super) fn new(leaves: &[Leaf]) -> anyhow::Result<Self> {
        let (mut hearings, mut of_leaf) = (Vec::new(), Vec::new());
        for leaf in leaves {
            let Some(wants) = leaf.wants()? else {
                of_leaf.push(None);
                continue;
            };
            let hearing = Hearing::new(&wants)?;
            let known = hearings.iter().position(|known| *known == hearing);
            of_leaf.push(Some(known.unwrap_or(hearings.len())));
            if known.is_none() {
                hearings.push(hearing);
            }
        }
        anyhow::ensure!(!hearings.is_empty(), "it hears nothing: it gives every recording the same answer");
        Ok(Self { hearings, of_leaf })
    }

    /// The place of the hearing of a model; of one that hears nothing, the first.
    pub(super) fn of(&self, leaf: usize) -> usize {
        self.of_leaf[leaf].unwrap_or(0)
    }

    /// Hears recordings beside each other.
    pub(super) fn short(&self, recordings: &[&Recording], windows: &Windows) -> HeardByAll {
        let (mut heard, mut places, mut alike) = (Vec::new(), Vec::new(), Vec::new());
        for hearing in &self.hearings {
            let known = alike.iter().position(|known: &&Hearing| known.is_alike(hearing));
            places.push(known.unwrap_or(heard.len()));
            if known.is_none() {
                heard.push(hearing.short(recordings, windows));
                alike.push(hearing);
            }
        }
        HeardByAll { heard, places }
    }

    /// Longest part of a clip that every model hears at once, in seconds.
    pub(super) fn at_once_s(&self) -> f64 {
        self.hearings.iter().map(Hearing::at_once_s).fold(f64::INFINITY, f64::min)
    }

    /// What the manifests of the models ask of the sound of a clip.
    pub(super) fn rules(&self) -> Vec<SoundRules> {
        self.hearings.iter().map(Hearing::rules).collect()
    }

    /// The highest sample rate of the features in hertz.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.hearings.iter().map(Hearing::sample_rate_hz).max().unwrap_or_default()
    }
}

impl HeardByAll {
    /// What a hearing heard of the recording at `at`.
    pub(super) fn get(&self, hearing: usize, at: usize) -> &Heard {
        &self.heard[self.places[hearing]][at]
    }
}
