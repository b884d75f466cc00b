//! Folders with generated audio, and an ingest of them.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(unreachable_pub, reason = "a module of test binaries has no outside")]

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use ser_audio::testing::{mono_wav, wav};
use ser_ingest::{IngestError, Params};
use ser_schemas::{Clip, Corpus, Table};
use ser_stage::{Context, Observer, Outcome};

pub struct Folder(tempfile::TempDir);

/// What an ingest wrote and said.
#[derive(Debug)]
pub struct Ingested {
    pub rows: Vec<Clip>,
    pub corpus: Corpus,
    pub summary: Outcome,
    pub warnings: Vec<String>,
}

/// Remembers warnings.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Observer for Ear {
    fn warn(&self, text: &str) {
        self.0.lock().expect("lock").push(text.to_owned());
    }
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn bytes(&self, below: &str, bytes: &[u8]) {
        let path = self.path().join(below);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, bytes).expect("file");
    }

    pub fn text(&self, below: &str, text: &str) {
        self.bytes(below, text.as_bytes());
    }

    /// Half a second of sound; other sound for another `seed`.
    pub fn wav(&self, below: &str, seed: u32) {
        self.bytes(below, &pcm_wav(&tone(seed, 8_000), 16_000));
    }

    pub fn ingest(&self, params: &Params) -> Ingested {
        self.try_ingest(params).expect("ingest")
    }

    pub fn try_ingest(&self, params: &Params) -> Result<Ingested, IngestError> {
        let ear = Ear::default();
        let mut ingested = self.ingest_watched(params, &ear)?;
        ingested.warnings = ear.0.into_inner().expect("lock");
        Ok(ingested)
    }

    pub fn ingest_watched(&self, params: &Params, observer: &dyn Observer) -> Result<Ingested, IngestError> {
        let out = tempfile::tempdir().expect("temporary folder");
        let ctx = Context { base_dir: self.path(), observer, ..Context::alone(out.path()) };
        let reading = ser_ingest::read(params, &ctx)?.expect("nobody else is at work");
        reading.write(ctx.out_dir, &ctx.provenance)?;
        let summary = reading.into_outcome();
        let rows = Clip::read_in(out.path()).expect("clips");
        let corpus = Corpus::read(&out.path().join(Corpus::INGESTED.file)).expect("corpus").remove(0);
        Ok(Ingested { rows, corpus, summary, warnings: Vec::new() })
    }
}

impl Ingested {
    pub fn clip(&self, id: &str) -> Clip {
        let ids: Vec<_> = self.rows.iter().map(|clip| clip.clip_id.as_str()).collect();
        self.rows.iter().find(|clip| clip.clip_id == id).unwrap_or_else(|| panic!("no `{id}` among {ids:?}")).clone()
    }
}

/// A decaying tone at half of full scale whose pitch follows from `seed`.
pub fn tone(seed: u32, samples: usize) -> Vec<i16> {
    let step = 0.05 + 0.01 * f64::from(seed);
    (0..samples).map(|n| (16_384.0 * (step * n as f64).sin() * (-0.0002 * n as f64).exp()) as i16).collect()
}

/// A mono RIFF file of 16-bit samples.
pub fn pcm_wav(samples: &[i16], rate: u32) -> Vec<u8> {
    mono_wav(rate, samples.iter().copied())
}

/// A mono RIFF file of 32-bit floating-point samples.
pub fn float_wav(samples: &[f32], rate: u32) -> Vec<u8> {
    wav(3, 32, 1, rate, &samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>())
}
