//! The sections of the report, one module each: tables in, what the templates show out.

pub(crate) mod answer;
pub(crate) mod corpora;
pub(crate) mod distrust;
pub(crate) mod errors;
pub(crate) mod findings;
pub(crate) mod left_out;
pub(crate) mod protocols;
pub(crate) mod provenance;
pub(crate) mod training;
pub(crate) mod voices;
