//! What `ser audit` prints can be asked in Polars, too: how many clips of what, how evenly, and what was left out.
//!
//! ```sh
//! cargo run --release -p ser-audit --example questions -- artifacts
//! ```

#![expect(clippy::print_stdout, reason = "it is what an example does")]

use std::error::Error;
use std::path::PathBuf;

use polars::prelude::{ChunkAgg, Column, DataFrame, PolarsResult, SortMultipleOptions};
use ser_schemas::{Clip, Emotion, Exclusion, NearDuplicate, Table};

fn main() -> Result<(), Box<dyn Error>> {
    let artifacts = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "artifacts".to_owned()));
    let clips = Clip::read(&artifacts.join("manifest/clips.parquet"))?;
    let frame = DataFrame::new_infer_height(vec![
        Column::new("emotion".into(), clips.iter().map(|clip| clip.emotion.map(Emotion::as_str)).collect::<Vec<_>>()),
        Column::new("corpus".into(), clips.iter().map(|clip| clip.corpus.as_str()).collect::<Vec<_>>()),
        Column::new("speaker".into(), clips.iter().map(|clip| clip.speaker.as_deref()).collect::<Vec<_>>()),
        Column::new("duration_s".into(), clips.iter().map(|clip| clip.duration_s).collect::<Vec<_>>()),
    ])?;

    // How many clips, minutes and speakers of each emotion and corpus?
    let keys = ["emotion", "corpus"];
    let balance = frame.group_by(keys)?.apply(|group| {
        DataFrame::new_infer_height(vec![
            group.column("emotion")?.head(Some(1)),
            group.column("corpus")?.head(Some(1)),
            Column::new("clips".into(), [group.height() as u64]),
            Column::new("minutes".into(), [group.column("duration_s")?.f64()?.sum().unwrap_or_default() / 60.0]),
            Column::new("speakers".into(), [group.column("speaker")?.drop_nulls().n_unique()? as u64]),
        ])
    })?;
    let balance = balance.sort(keys, SortMultipleOptions::default())?;
    for row in 0..balance.height() {
        let (emotion, corpus) = (text(&balance, "emotion", row)?, text(&balance, "corpus", row)?);
        let clips = balance.column("clips")?.u64()?.get(row).unwrap_or_default();
        let minutes = balance.column("minutes")?.f64()?.get(row).unwrap_or_default();
        println!("{emotion:8} {corpus:8} {clips:5} clips {minutes:6.1} min");
    }

    // How evenly are the emotions covered? e to the power of the entropy of their shares.
    let counts = frame.group_by(["emotion"])?.select(["corpus"]).count()?;
    let total = frame.height() as f64;
    let counts = counts.column("corpus_count")?.u32()?.into_no_null_iter();
    let entropy: f64 = counts.map(|count| f64::from(count) / total).map(|share| -share * share.ln()).sum();
    println!("effective number of classes: {:.2}", entropy.exp());

    // What was left out, and why? What is there twice under another format?
    for exclusion in Exclusion::read(&artifacts.join("manifest/exclusions.parquet"))? {
        println!("{} {}: {}", exclusion.path, exclusion.reason, exclusion.detail);
    }
    for pair in NearDuplicate::read(&artifacts.join("audit/near_duplicates.parquet"))? {
        println!("{} = {} ({:.2})", pair.clip_a, pair.clip_b, pair.similarity);
    }
    Ok(())
}

fn text<'a>(frame: &'a DataFrame, name: &str, row: usize) -> PolarsResult<&'a str> {
    Ok(frame.column(name)?.str()?.get(row).unwrap_or_default())
}
