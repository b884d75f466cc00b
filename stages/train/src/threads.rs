//! The threads that training computes on.
//!
//! All stages of a run share one rayon pool, as large as `--jobs` says, and nothing is computed outside it. Each fold
//! has a thread of its own that only waits for the pool, step after step: where there are more folds than threads,
//! every thread computes a fold; where there are fewer, threads that have nothing else to do take parts of a fold's
//! batch, and clips, directions and rows of large products within a part. So no core idles while a fold of any stage
//! waits, and none is asked for twice.

/// A pool to compute on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Threads<'a> {
    /// The program's own.
    Global,
    /// Another, so that tests can choose its size.
    #[cfg_attr(not(test), expect(dead_code, reason = "the program has one pool"))]
    Pool(&'a rayon::ThreadPool),
}

impl Threads<'_> {
    /// How many threads there are.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Global => rayon::current_num_threads(),
            Self::Pool(pool) => pool.current_num_threads(),
        }
    }

    /// Does `work` on the pool and waits for it.
    pub(crate) fn run<R: Send>(self, work: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::Global => rayon::scope(|_| work()),
            Self::Pool(pool) => pool.install(work),
        }
    }
}
