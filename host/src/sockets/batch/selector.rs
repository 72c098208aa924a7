//! Which sockets have news: a selector of the system that can be asked at once, and waited for by tokio.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// How many events one question answers.
const EVENTS: usize = 256;

pub(super) struct Selector {
    /// To which sockets are added, and for which tokio waits.
    registry: AsyncFd<Registry>,
    /// What is asked; there is one who asks.
    poll: Mutex<(Poll, Events)>,
    /// Wakes who waits although the system has nothing to tell.
    woken: Notify,
}

/// What is known of a socket, or new.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// There are bytes, the end, or an error.
    pub(super) readable: bool,
    /// There is the end, or an error: it stays readable.
    pub(super) ended: bool,
    /// There is room.
    pub(super) writable: bool,
    /// There is an error.
    pub(super) broken: bool,
}

impl State {
    pub(super) fn add(&mut self, news: Self) {
        self.readable |= news.readable;
        self.ended |= news.ended;
        self.writable |= news.writable;
        self.broken |= news.broken;
    }
}

impl Selector {
    pub(super) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        // SAFETY: the registry owns its descriptor, and is not replaced as long as it is registered.
        #[allow(unsafe_code, reason = "tokio has no other way to wait for a descriptor of another kind")]
        let registry = unsafe { AsyncFd::register_with_interest(registry, tokio::io::Interest::READABLE)? };
        Ok(Self { registry, poll: Mutex::new((poll, Events::with_capacity(EVENTS))), woken: Notify::new() })
    }

    pub(super) fn add(&self, socket: &impl AsRawFd, number: usize) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.get_ref().register(&mut SourceFd(&socket.as_raw_fd()), Token(number), interest)
    }

    pub(super) fn remove(&self, socket: &impl AsRawFd) {
        // It was added and is open, so nothing can go wrong.
        let _ = self.registry.get_ref().deregister(&mut SourceFd(&socket.as_raw_fd()));
    }

    /// Tells what is new, without waiting.
    pub(super) fn look(&self, mut tell: impl FnMut(usize, State)) -> io::Result<()> {
        let mut poll = self.poll.lock().unwrap_or_else(PoisonError::into_inner);
        let (poll, events) = &mut *poll;
        loop {
            match poll.poll(events, Some(Duration::ZERO)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            let mut count = 0;
            for event in &*events {
                count += 1;
                let broken = event.is_error();
                let ended = event.is_read_closed() || broken;
                let news = State {
                    readable: event.is_readable() || ended,
                    ended,
                    writable: event.is_writable() || event.is_write_closed() || broken,
                    broken,
                };
                tell(event.token().0, news);
            }
            if count < EVENTS {
                return Ok(());
            }
        }
    }

    /// Waits until there may be something new, or somebody has called [`Self::wake`].
    pub(super) async fn news(&self) {
        tokio::select! {
            // Before anybody looks: what comes later than that look makes it readable again.
            ready = self.registry.readable() => {
                if let Ok(mut guard) = ready {
                    guard.clear_ready();
                }
            }
            () = self.woken.notified() => {}
        }
    }

    /// Ends a wait, this one or the next.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }
}
