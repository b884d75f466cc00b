//! Frames and functionals, of clips or of altered copies: both are made, taken over and written together.

use std::iter::repeat_n;
use std::path::Path;

use ser_schemas::frames::{self, ClipFrames, FrameLayout, FramesRow, read_keys};
use ser_schemas::functionals::{self, Functionals};
use ser_schemas::{Provenance, TableError, TableResult};
use ser_stage::{Context, PartFolder, PartId};

use crate::division::Recording;
use crate::error::FeaturesResult;
use crate::extract::ClipFeatures;

/// Both tables of a result, in parts of the same names.
pub(crate) struct Tables {
    frames: PartFolder,
    functionals: PartFolder,
}

/// Rows of a part of both.
pub(crate) struct PartRows {
    frames: Vec<FramesRow>,
    functionals: Functionals,
}

impl Tables {
    /// Makes the folders so called.
    pub(crate) fn create(ctx: &Context<'_>, frames: &str, functionals: &str) -> TableResult<Self> {
        let folder =
            |name: &str| PartFolder::create(ctx, name).map_err(TableError::io("create", &ctx.out_dir.join(name)));
        Ok(Self { frames: folder(frames)?, functionals: folder(functionals)? })
    }

    /// `true` if the part was written before.
    pub(crate) fn have(&self, id: &PartId) -> bool {
        self.frames.known(id).is_some() && self.functionals.known(id).is_some()
    }

    /// Takes the part `id` of `clips`, `each` rows of each, that was written before; the number of frames, `None` where there
    /// is none.
    pub(crate) fn take(&self, id: &PartId, clips: &[Recording], each: usize) -> TableResult<Option<usize>> {
        let (Some(frames), Some(functionals)) = (self.frames.known(id), self.functionals.known(id)) else {
            return Ok(None);
        };
        // A part that cannot be read is computed again.
        let Ok((_, keys)) = read_keys(&frames) else { return Ok(None) };
        let clip_ids = functionals::read_ids(&functionals).unwrap_or_default();
        let ids = || clips.iter().flat_map(|clip| repeat_n(&clip.clip_id, each));
        if !ids().eq(keys.iter().map(|key| &key.clip_id)) || !ids().eq(&clip_ids) {
            return Ok(None);
        }
        put(&self.frames, id, &frames)?;
        put(&self.functionals, id, &functionals)?;
        Ok(Some(keys.iter().map(|key| key.frame_count as usize).sum()))
    }

    /// Writes the part `id` and makes it one of the result; frames have `layout` and were made by `recipe`.
    pub(crate) fn write(
        &self,
        id: &PartId,
        (layout, recipe): (&FrameLayout, &str),
        rows: &PartRows,
        provenance: &Provenance,
    ) -> TableResult<()> {
        let path = self.frames.place(id);
        frames::write_part(&path, layout, recipe, &rows.frames, provenance)?;
        put(&self.frames, id, &path)?;
        let path = self.functionals.place(id);
        rows.functionals.write_part(&path, provenance)?;
        put(&self.functionals, id, &path)
    }

    /// Ends the result: see [`PartFolder::finish`].
    pub(crate) fn finish(self) -> FeaturesResult<()> {
        for folder in [self.frames, self.functionals] {
            let path = folder.path().to_owned();
            folder.finish().map_err(TableError::io("read", &path))?;
        }
        Ok(())
    }
}

impl PartRows {
    /// None yet; functionals are called `names`.
    pub(crate) fn new(names: &[String]) -> Self {
        Self { frames: Vec::new(), functionals: Functionals { names: names.to_vec(), ..Functionals::default() } }
    }

    /// Adds what was computed of `clip`, or of the alteration `variant` of it.
    pub(crate) fn push(&mut self, clip: &Recording, variant: Option<&str>, features: ClipFeatures) {
        self.functionals.clip_ids.push(clip.clip_id.clone());
        self.functionals.variants.extend(variant.map(str::to_owned));
        self.functionals.values.extend(features.functionals);
        self.frames.push(FramesRow {
            content_hash: clip.content_hash.clone(),
            clip: ClipFrames {
                clip_id: clip.clip_id.clone(),
                variant: variant.unwrap_or_default().to_owned(),
                values: features.frames,
            },
        });
    }
}

/// Makes the finished part at `path` one of the result.
fn put(folder: &PartFolder, id: &PartId, path: &Path) -> TableResult<()> {
    folder.take(id, path).map_err(TableError::io("write", &folder.path().join(id.file())))
}
