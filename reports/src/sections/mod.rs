//! The sections of the report, one module each: tables in, what the templates show out.

pub(crate) mod answer;
pub(crate) mod audit;
mod budget;
pub(crate) mod calibration;
pub(crate) mod comparisons;
pub(crate) mod corpora;
pub(crate) mod coverage;
pub(crate) mod cross_corpus;
pub(crate) mod distrust;
pub(crate) mod ensembles;
pub(crate) mod errors;
pub(crate) mod groups;
pub(crate) mod labelled;
pub(crate) mod labels;
pub(crate) mod left_out;
pub(crate) mod measurements;
mod pairs;
pub(crate) mod protocols;
pub(crate) mod provenance;
mod rivals;
pub(crate) mod seeds;
pub(crate) mod standardisation;
mod standings;
pub(crate) mod training;
pub(crate) mod unheard;
pub(crate) mod voices;
pub(crate) mod words;
