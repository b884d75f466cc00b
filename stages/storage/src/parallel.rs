//! Many requests at once: a store answers one after tens of milliseconds, and any number meanwhile.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Requests that one caller makes at once.
pub(crate) const AT_ONCE: usize = 16;

/// Bytes that are read ahead at most, unless one object alone has more.
const MOST_BYTES: u64 = 256 << 20;

/// Objects of these `sizes` in pieces, each to be read at once: few enough for the store and for memory.
pub fn pieces(sizes: impl Iterator<Item = u64>) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0_u64;
    for (at, size) in sizes.enumerate() {
        bytes = bytes.saturating_add(size);
        match pieces.last_mut() {
            Some(piece) if piece.len() < AT_ONCE && bytes <= MOST_BYTES => piece.end = at + 1,
            _ => {
                pieces.push(at..at + 1);
                bytes = size;
            }
        }
    }
    pieces
}

/// What `work` gives for each of `items`, in their order, computed on up to [`AT_ONCE`] threads of its own: those of a
/// pool that computes must not wait for the network.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            done.push((at, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE.min(items.len())).map(|_| scope.spawn(take)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn pieces_are_bounded_and_whole() {
        assert!(pieces(std::iter::empty()).is_empty());
        assert_eq!(pieces([1; 40].into_iter()), [0..16, 16..32, 32..40]);
        let large = MOST_BYTES / 2;
        assert_eq!(pieces([large, large, large, 5 * large, 1, 1].into_iter()), [0..2, 2..3, 3..4, 4..6]);
    }

    #[test]
    fn results_are_in_order_and_waiting_is_shared() {
        let items: Vec<usize> = (0..64).collect();
        let start = Instant::now();
        let doubled = side_by_side(&items, |item| {
            thread::sleep(Duration::from_millis(50));
            item * 2
        });
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(start.elapsed() < Duration::from_millis(64 * 50 / 2), "{:?}", start.elapsed());
        assert!(side_by_side(&[] as &[u8], |_| 0).is_empty());
    }
}
