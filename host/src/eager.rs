//! Polling on while there is something to do.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// How often a future is polled before the caller, and so the operating system's events, get a turn.
const POLLS: u32 = 16;

/// Runs `work`, and polls it again at once when it has woken itself meanwhile.
///
/// wasmtime does that between two steps of a component. Without this tokio would ask the system for events each time,
/// which costs as much as a small step does.
pub(crate) async fn eager<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    poll_fn(|outer| wakes.poll(work.as_mut(), &mut Context::from_waker(&waker), outer.waker())).await
}

/// Whether a future was woken, and whom to tell when that happens between two polls.
#[derive(Default)]
struct Wakes {
    woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Wakes {
    fn poll<T>(
        &self,
        mut work: Pin<&mut impl Future<Output = T>>,
        inner: &mut Context<'_>,
        outer: &Waker,
    ) -> Poll<T> {
        self.outer().take();
        for _ in 0..POLLS {
            self.woken.store(false, Ordering::SeqCst);
            if let Poll::Ready(done) = work.as_mut().poll(inner) {
                return Poll::Ready(done);
            }
            if !self.woken.load(Ordering::SeqCst) {
                break;
            }
        }
        *self.outer() = Some(outer.clone());
        // It may have been woken before there was anybody to tell.
        if self.woken.load(Ordering::SeqCst) {
            outer.wake_by_ref();
        }
        Poll::Pending
    }

    fn outer(&self) -> MutexGuard<'_, Option<Waker>> {
        self.outer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let outer = self.outer().take();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Wakes itself until it was polled `polls` times.
    async fn busy(polls: u32) {
        let mut polled = 0;
        poll_fn(|cx| {
            polled += 1;
            if polled == polls {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn what_wakes_itself_is_polled_again_but_not_for_ever() {
        for (polls, turns) in [(1, 1), (POLLS, 1), (POLLS + 1, 2), (3 * POLLS, 3)] {
            let count = Arc::new(Count::default());
            let waker = Waker::from(Arc::clone(&count));
            let mut work = pin!(eager(busy(polls)));
            let mut needed = 1;
            while work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                assert_eq!(count.0.load(Ordering::SeqCst), needed, "whoever is not done wants another turn");
                needed += 1;
            }
            assert_eq!(needed, turns);
        }
    }

    #[tokio::test]
    async fn what_is_woken_later_goes_on() {
        let sleeps = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(5))).await
        };
        assert!(tokio::time::timeout(Duration::from_secs(10), eager(sleeps)).await.is_ok());
    }
}
