//! `ser`: from folders of emotional speech to an audited dataset, a trained CNN-LSTM and an honest report.
//!
//! [`args`] is what may be typed, `commands` has one file per command, `kinds` is the one list of stage kinds,
//! [`terminal`] is what a run looks like, [`output`] where results and errors go, [`line`] what may be written there.

mod args;
mod commands;
mod diff;
mod interrupt;
mod kinds;
mod line;
mod output;
mod progress;
mod project;
mod terminal;
mod text_table;
mod watch;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::output::Status;
use crate::project::Project;

fn main() -> ExitCode {
    ser_stage::silence_foreign_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return output::refuse(refused),
    };
    match dispatch(&cli) {
        Ok(status) => status.exit_code(),
        Err(error) => output::fail(&error),
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<Status> {
    let project = Project::new(cli);
    match &cli.command {
        Command::Run(args) => commands::run::run(&project, args),
        Command::Status(args) => commands::status::run(&project, args),
        Command::Worker(args) => commands::worker::run(&project, args),
        Command::Runs(args) => commands::runs::run(&project, args.json),
        Command::Diff(args) => commands::diff::run(&project, args),
        Command::Gc(args) => commands::gc::run(&project, args),
        Command::Watch(args) => commands::watch::run(&project, args),
        Command::Graph(args) => commands::graph::run(&project, args),
        Command::Audit(args) => commands::audit::run(&project, args.json),
        Command::Validation(args) => commands::validation::run(&project, args),
        Command::Corpora(args) => commands::corpora::run(args),
        Command::Fetch(args) => commands::fetch::run(&project, args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Predict(args) => commands::predict::run(&project, args),
        Command::Export(args) => commands::export::run(&project, args),
        Command::Schema => commands::schema::run(),
        Command::Tables => commands::tables::run(),
    }
}
