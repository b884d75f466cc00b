//! Features that were computed elsewhere: embeddings of a pretrained encoder, functionals of another toolkit.
//!
//! A [file](Params::file) of one row per clip becomes the tables that the features stage writes, so that every model
//! reads it as it reads those. What is in it is checked against the manifest: nothing that another program left out,
//! wrote twice or could not compute gets into a model unseen. Where the numbers come from, the tables say, and nothing
//! more: the pipeline knows neither how they were computed nor what computed them was trained on.

mod columns;
mod csv;
mod error;
mod findings;
mod kind;
mod names;
mod params;
mod parquet;
mod roll;
mod row;
mod run;

pub use error::ImportError;
pub use kind::Import;
pub use params::Params;
pub use run::{Inputs, run};
