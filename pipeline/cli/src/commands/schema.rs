//! `ser schema`: the JSON Schema of pipeline files, from the parameters that the stages declare.

use crate::kinds;
use crate::output::{self, Status};

pub(crate) fn run() -> anyhow::Result<Status> {
    let schema = ser_engine::json_schema(&kinds::registry());
    output::print_json(&schema)?;
    Ok(Status::Done)
}
