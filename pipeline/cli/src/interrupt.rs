//! Ctrl-C during a command that writes much: it stops between two steps and leaves nothing half-written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use ser_stage::Observer;

use crate::output;

/// Watches a piece of work, and stops it when the user asks.
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C; a second one ends the process at once.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                #[expect(clippy::exit, reason = "the user asked twice; the next export overwrites what is left")]
                std::process::exit(130);
            }
            output::tell("stopping; press Ctrl-C again to stop at once");
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(Self { asked })
    }
}

impl Observer for Interrupt {
    fn is_cancelled(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
