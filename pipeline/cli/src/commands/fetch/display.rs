//! The progress of a download on stderr: a bar if a person is watching, a line every half minute if not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use ser_fetch::Observer;

use crate::line::Line;
use crate::output;
use crate::progress::PERIOD;
use crate::words::{duration, size};

/// Shows the download of a corpus.
pub(super) struct Display {
    corpus: String,
    quiet: bool,
    /// `None` where nobody watches.
    bar: Option<ProgressBar>,
    course: Mutex<Course>,
}

/// How far a download has come.
#[derive(Debug)]
struct Course {
    total: u64,
    /// Bytes that are there.
    done: u64,
    /// Those of them that came since `since`.
    came: u64,
    since: Instant,
    told: Instant,
}

impl Display {
    pub(super) fn new(corpus: &str, quiet: bool) -> Self {
        let bar = (output::is_watched() && !quiet).then(|| {
            let template = "  {prefix}  {bar:24.cyan/dim} {decimal_bytes}/{decimal_total_bytes}  \
                            {decimal_bytes_per_sec:.dim}  {eta:.dim} left";
            let look = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(look.progress_chars("━╸━")).with_prefix(corpus.to_owned())
        });
        Self { corpus: corpus.to_owned(), quiet, bar, course: Mutex::new(Course::new(0, Instant::now())) }
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Course)) {
        let mut course = self.course();
        change(&mut course);
        if let Some(bar) = &self.bar {
            bar.set_position(course.done);
        } else if let Some(words) = course.due(Instant::now())
            && !self.quiet
        {
            output::tell(Line::new().text(format_args!("{}: {words}", self.corpus)));
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Display {
    fn begin(&self, bytes: u64) {
        *self.course() = Course::new(bytes, Instant::now());
        if let Some(bar) = &self.bar {
            bar.set_length(bytes);
            bar.set_position(0);
            bar.reset_eta();
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    fn find(&self, bytes: u64) {
        self.change(|course| course.done = course.done.saturating_add(bytes));
        if let Some(bar) = &self.bar {
            bar.reset_eta();
        }
    }

    fn advance(&self, bytes: u64) {
        self.change(|course| {
            course.done = course.done.saturating_add(bytes);
            course.came = course.came.saturating_add(bytes);
        });
    }

    fn lose(&self, bytes: u64) {
        self.change(|course| course.done = course.done.saturating_sub(bytes));
    }

    fn tell(&self, text: &str) {
        if self.quiet {
            return;
        }
        let line = Line::new().text(format_args!("{}: {text}", self.corpus));
        match &self.bar {
            // Nothing is drawn before it is known how much is to come.
            Some(bar) if bar.length() != Some(0) => bar.suspend(|| output::tell(line)),
            _ => output::tell(line),
        }
    }
}

impl Course {
    fn new(total: u64, now: Instant) -> Self {
        Self { total, done: 0, came: 0, since: now, told: now }
    }

    /// How far it has come, if that was not told for [`PERIOD`].
    fn due(&mut self, now: Instant) -> Option<String> {
        if now.saturating_duration_since(self.told) < PERIOD {
            return None;
        }
        self.told = now;
        let seconds = now.saturating_duration_since(self.since).as_secs_f64();
        let per_s = self.came as f64 / seconds.max(1e-3);
        let left = if per_s >= 1.0 {
            format!(", {} left", duration(self.total.saturating_sub(self.done) as f64 / per_s))
        } else {
            String::new()
        };
        Some(format!("{} of {}, {}/s{left}", size(self.done), size(self.total), size(per_s as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_every_half_minute_tells_speed_and_time_left() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut course = Course::new(208_000_000, start);
        // What an earlier call left says nothing of the speed.
        (course.done, course.came) = (88_000_000, 60_000_000);
        assert_eq!(course.due(at(29)), None);
        assert_eq!(course.due(at(30)).as_deref(), Some("88 MB of 208 MB, 2.0 MB/s, 1 min 00 s left"));
        assert_eq!(course.due(at(59)), None);
        assert_eq!(course.due(at(60)).as_deref(), Some("88 MB of 208 MB, 1.0 MB/s, 2 min 00 s left"));
        let mut course = Course::new(5, start);
        assert_eq!(course.due(at(30)).as_deref(), Some("0 bytes of 5 bytes, 0 bytes/s"));
    }
}
