//! One address for all workers: whoever accepts a connection gives it to the worker that has the fewest.
//!
//! Measured against SO_REUSEPORT: with that the kernel deals by a hash, so that few long connections end up uneven, a
//! worker that ends takes its share of the backlog along, and a second server could take the address unnoticed.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::fd::AsFd;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use wasmtime_wasi::p3::bindings::sockets::types::ErrorCode;

/// The addresses that the workers of one program listen on, as one of them sees it.
#[derive(Clone, Debug)]
pub struct Listeners {
    worker: usize,
    addresses: Arc<Mutex<Vec<Weak<Address>>>>,
}

impl Listeners {
    /// One for each worker.
    pub(crate) fn for_workers(count: NonZeroUsize) -> impl Iterator<Item = Self> {
        let addresses = Arc::default();
        (0..count.get()).map(move |worker| Self { worker, addresses: Arc::clone(&addresses) })
    }

    /// Joins the others at the address that this worker wants, if they have it and this worker does not. Otherwise
    /// binds `socket` to it with `bind`, and shares that with the others from now on.
    pub(super) fn claim(
        &self,
        wanted: SocketAddr,
        socket: impl AsFd,
        bind: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<Claim, ErrorCode> {
        // Held all the time: another worker may be about to do the same.
        let mut addresses = lock(&self.addresses);
        let joinable = addresses.iter().find_map(|address| {
            let address = address.upgrade()?;
            (address.wanted == wanted && !lock(&address.holders).contains(&self.worker)).then_some(address)
        });
        let address = match joinable {
            Some(address) => address,
            None => {
                bind()?;
                let socket = rustix::io::fcntl_dupfd_cloexec(socket, 0).map_err(io::Error::from)?;
                let address = Arc::new(Address::new(wanted, socket.into()));
                addresses.retain(|address| address.strong_count() > 0);
                addresses.push(Arc::downgrade(&address));
                address
            }
        };
        Ok(Claim::new(address, self.worker))
    }
}

/// A bound socket that workers share. It closes when the last of them lets go.
#[derive(Debug)]
struct Address {
    /// What was asked for; the port may be 0.
    wanted: SocketAddr,
    socket: TcpListener,
    /// The workers that have a socket for it.
    holders: Mutex<Vec<usize>>,
    /// Those that accept.
    hands: Mutex<Vec<Hand>>,
}

impl Address {
    fn new(wanted: SocketAddr, socket: TcpListener) -> Self {
        Self { wanted, socket, holders: Mutex::default(), hands: Mutex::default() }
    }
}

/// Where one worker takes connections.
#[derive(Debug)]
struct Hand {
    worker: usize,
    sender: UnboundedSender<Dealt>,
    open: Arc<AtomicUsize>,
}

/// A connection on its way from the worker that has accepted it to another one.
type Dealt = (std::net::TcpStream, SocketAddr, Seat);

/// One of a worker's open connections.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A worker's share of an address.
#[derive(Debug)]
pub(super) struct Claim {
    address: Arc<Address>,
    worker: usize,
}

impl Claim {
    fn new(address: Arc<Address>, worker: usize) -> Self {
        lock(&address.holders).push(worker);
        Self { address, worker }
    }

    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.address.socket.local_addr()
    }

    /// The socket, for options.
    pub(super) fn socket(&self) -> &TcpListener {
        &self.address.socket
    }

    /// Listens, which the second worker to do so does in vain and without harm.
    pub(super) fn listen(&self, backlog: u32) -> io::Result<tokio::net::TcpListener> {
        rustix::net::listen(&self.address.socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        let listener = self.address.socket.try_clone()?;
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    }

    /// Takes part in the dealing until the result is dropped.
    pub(super) fn take_part(self: &Arc<Self>) -> Part {
        let (sender, dealt) = mpsc::unbounded_channel();
        let hand = Hand { worker: self.worker, sender, open: Arc::default() };
        lock(&self.address.hands).push(hand);
        Part { claim: Arc::clone(self), dealt }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.address.holders).retain(|worker| *worker != self.worker);
    }
}

/// A worker's part in the dealing.
#[derive(Debug)]
pub(super) struct Part {
    claim: Arc<Claim>,
    /// What other workers have accepted for this one.
    pub(super) dealt: UnboundedReceiver<Dealt>,
}

impl Part {
    /// Gives a connection to whoever has the fewest. Returns it when that is this worker, or nobody takes it.
    pub(super) fn deal(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Option<(TcpStream, Seat)>> {
        let mine = self.claim.worker;
        let hands = lock(&self.claim.address.hands);
        let open = |hand: &&Hand| hand.open.load(Ordering::Relaxed);
        let Some(fewest) = hands.iter().min_by_key(|hand| (open(hand), hand.worker != mine)) else {
            return Ok(Some((stream, Seat(Arc::new(AtomicUsize::new(1))))));
        };
        let seat = Seat::take(&fewest.open);
        if fewest.worker == mine {
            return Ok(Some((stream, seat)));
        }
        match fewest.sender.send((stream.into_std()?, peer, seat)) {
            Ok(()) => Ok(None),
            // It ends at this moment.
            Err(mpsc::error::SendError((stream, _, seat))) => Ok(Some((TcpStream::from_std(stream)?, seat))),
        }
    }

    /// Nothing more is dealt to this worker. What was is still there.
    pub(super) fn leave(&mut self) {
        lock(&self.claim.address.hands).retain(|hand| hand.worker != self.claim.worker);
        self.dealt.close();
    }
}

impl Drop for Part {
    /// What a worker that has trapped was dealt and has not looked at is the next one's.
    fn drop(&mut self) {
        self.leave();
        let hands = lock(&self.claim.address.hands);
        while let Ok((stream, peer, _)) = self.dealt.try_recv() {
            if let Some(fewest) = hands.iter().min_by_key(|hand| hand.open.load(Ordering::Relaxed)) {
                // Whoever stands in the list under its lock has not left.
                let _ = fewest.sender.send((stream, peer, Seat::take(&fewest.open)));
            }
        }
    }
}

/// What a worker that has panicked leaves is whole: every change is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// As when a worker traps while a connection is on its way to it.
    #[test]
    fn what_a_worker_leaves_is_dealt_to_another() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let _entered = runtime.enter();
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let shared = Arc::new(Address::new(address, socket));
        let [first, mut second] =
            [1, 2].map(|worker| Arc::new(Claim::new(Arc::clone(&shared), worker)).take_part());
        let _client = std::net::TcpStream::connect(address).expect("somebody listens");
        let (stream, peer) = shared.socket.accept().expect("a client");
        stream.set_nonblocking(true).expect("a socket");
        let stream = TcpStream::from_std(stream).expect("a runtime");
        let _seat = Seat::take(&lock(&shared.hands)[1].open);
        assert!(second.deal(stream, peer).expect("a socket").is_none(), "the first has fewer");
        drop(first);
        assert!(second.dealt.try_recv().is_ok());
    }

    #[test]
    fn others_join_an_address_and_its_holder_does_not() {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let [first, second] = Listeners::for_workers(NonZeroUsize::new(2).expect("not zero"))
            .collect::<Vec<_>>()
            .try_into()
            .expect("two");
        let taken = || Err(ErrorCode::AddressInUse);
        assert!(first.claim(address, &socket, taken).is_err(), "somebody else has it");
        let held = first.claim(address, &socket, || Ok(())).expect("it is bound");
        assert!(first.claim(address, &socket, taken).is_err(), "it has it already");
        let joined = second.claim(address, &socket, taken).expect("the others have it");
        assert_eq!(joined.local_address().expect("it is bound"), address);
        drop(held);
        let again = first.claim(address, &socket, taken).expect("the second still has it");
        drop((joined, again));
        assert!(second.claim(address, &socket, taken).is_err(), "nobody has it any more");
    }
}
