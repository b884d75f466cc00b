//! Of which corpus the recordings are, for models standardised per corpus.
//!
//! Such a model knows mean and standard deviation of every corpus that it was trained on. Recordings made like those of one of
//! them, in its room and with its microphone, are standardised by these; all others by the statistics of all training clips.

use ser_stage::suggest;

use super::models::Models;
use crate::args::PredictArgs;
use crate::output::{self, UsageError};

/// The corpus that `--corpus` names, where the model asks for one; warnings are written at once.
pub(super) fn told<'a>(args: &'a PredictArgs, models: &Models) -> anyhow::Result<Option<&'a str>> {
    let Some(known) = models.corpora() else {
        if args.corpus.is_some() {
            output::warn(
                "this model does not standardise per corpus: of which one recordings are makes no difference to it",
            );
        }
        return Ok(None);
    };
    let known: Vec<&str> = known.into_iter().collect();
    let Some(name) = args.corpus.as_deref() else {
        output::warn(format_args!(
            "this model expects features standardised per corpus, and nothing says of which the recordings are: the statistics of all its training clips are used, with which it may do worse; `--corpus NAME` tells it, one of {}",
            suggest::list(&known)
        ));
        return Ok(None);
    };
    if known.contains(&name) {
        return Ok(Some(name));
    }
    let message = format!("the model knows no corpus `{name}`: it was not trained on it");
    Err(UsageError { message, hint: suggest::advice(name, &known, "corpora that it knows") }.into())
}

/// The statistics that recordings of `corpus` are standardised with, in words.
pub(super) fn standardised(corpus: Option<&str>) -> String {
    corpus.map_or_else(|| "training statistics: the corpus is not known".to_owned(), |name| format!("corpus {name}"))
}
