//! One wait for all that an app waits for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use crate::bindings::node::http::http as module;
use crate::client::{Agent, ClientRequest};
use crate::net::Socket;
use crate::server::{IncomingMessage, Server, ServerResponse};
use crate::spawn_local;
use crate::web_socket::WebSocket;

/// What [`until`] can wait for: everything that has events.
pub trait Watch {
    /// Names the object by `number` whenever it has something new: `watch` of each class.
    fn watch(&self, number: u64);

    /// A number that no other object has, from [`WAITS`] on.
    #[doc(hidden)]
    fn number(&self) -> u64;
}

macro_rules! watch {
    ($($class:ty = $number:literal),*) => {$(
        impl Watch for $class {
            fn watch(&self, number: u64) {
                Self::watch(self, number);
            }

            fn number(&self) -> u64 {
                WAITS | $number << 32 | u64::from(self.handle())
            }
        }
    )*};
}

watch!(
    Agent = 0,
    ClientRequest = 1,
    IncomingMessage = 2,
    Server = 3,
    ServerResponse = 4,
    Socket = 5,
    WebSocket = 6
);

/// Waits until `look` finds something. It is called at once, and again whenever one of the `watched` objects has
/// something new.
///
/// All these waits of an app are one for the runtime, [`watched`], where each call of an asynchronous function of the
/// package, such as `readable` or `closed`, is a task of its own: with many requests at a time this is the fast way. An
/// object that the app watches itself, with `watch`, cannot be waited for as well, nor can one message through two of its
/// handles: `response.request()` gives another one each time.
///
/// Dropping the wait loses nothing, unless `look` takes something.
///
/// ```no_run
/// # use node_http_imports::{Error, client::{ClientRequest, IncomingMessage}, server::ServerResponse, until};
/// /// The answer to a request; none if the client that it is for goes away first.
/// async fn answer(
///     request: &ClientRequest,
///     response: &ServerResponse,
/// ) -> Option<Result<IncomingMessage, Error>> {
///     until(&[request, response], || match request.take_response() {
///         None if response.destroyed() => Some(None),
///         None => None,
///         answer => Some(answer),
///     })
///     .await
/// }
/// ```
pub async fn until<T>(watched: &[&dyn Watch], mut look: impl FnMut() -> Option<T>) -> T {
    let mut place = None;
    poll_fn(move |context| {
        if let Some(found) = look() {
            return Poll::Ready(found);
        }
        place.get_or_insert_with(|| Place::new(watched)).wait(context.waker());
        Poll::Pending
    })
    .await
}

/// Numbers from here on are those of waits, smaller ones the app's.
const WAITS: u64 = 1 << 63;

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::new()) };
}

/// Who waits, and what was named and not looked at.
struct State {
    /// The number of the youngest wait.
    last: u64,
    /// By the number of an object and that of a wait for it.
    waiting: BTreeMap<(u64, u64), Waker>,
    /// Numbers of the app that it has not taken.
    named: Vec<u64>,
    /// Who waits for such numbers.
    app: Vec<Waker>,
    /// Whether there is a task that waits.
    runs: bool,
}

impl State {
    const fn new() -> Self {
        Self { last: 0, waiting: BTreeMap::new(), named: Vec::new(), app: Vec::new(), runs: false }
    }

    /// Takes what is named. Those who wait for it, to be woken.
    fn take(&mut self) -> Vec<Waker> {
        let (waits, app): (Vec<u64>, Vec<u64>) =
            module::take_watched().into_iter().partition(|number| *number >= WAITS);
        let waiting = waits.iter().flat_map(|&number| self.waiting.range((number, 0)..=(number, u64::MAX)));
        let mut woken: Vec<Waker> = waiting.map(|(_, waker)| waker.clone()).collect();
        if !app.is_empty() {
            self.named.extend(app);
            woken.append(&mut self.app);
        }
        woken
    }
}

/// One wait, by its number, for objects; dropped, it is no more.
struct Place<'a>(u64, &'a [&'a dyn Watch]);

impl<'a> Place<'a> {
    fn new(watched: &'a [&'a dyn Watch]) -> Self {
        watched.iter().for_each(|object| object.watch(object.number()));
        let number = STATE.with_borrow_mut(|state| {
            state.last += 1;
            state.last
        });
        Self(number, watched)
    }

    fn wait(&self, waker: &Waker) {
        STATE.with_borrow_mut(|state| {
            for object in self.1 {
                state.waiting.insert((object.number(), self.0), waker.clone());
            }
        });
        start();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        STATE.with_borrow_mut(|state| {
            for object in self.1 {
                state.waiting.remove(&(object.number(), self.0));
            }
        });
    }
}

/// Makes sure that somebody waits for all.
fn start() {
    let runs = STATE.with_borrow_mut(|state| std::mem::replace(&mut state.runs, true));
    if !runs {
        spawn_local(async {
            loop {
                module::watched().await;
                dispatch();
            }
        });
    }
}

fn dispatch() {
    let woken = STATE.with_borrow_mut(State::take);
    woken.into_iter().for_each(Waker::wake);
}

/// Waits until [`take_watched`] has something to give; see `http.watched`.
pub async fn watched() {
    poll_fn(|context| {
        let named = STATE.with_borrow_mut(|state| {
            let named = !state.named.is_empty();
            // It may look often before anything is named.
            if !named && !state.app.iter().any(|waker| waker.will_wake(context.waker())) {
                state.app.push(context.waker().clone());
            }
            named
        });
        if named {
            return Poll::Ready(());
        }
        start();
        Poll::Pending
    })
    .await;
}

/// The numbers, below 2⁶³, of the watched objects that have something new; see `http.take-watched`.
pub fn take_watched() -> Vec<u64> {
    dispatch();
    let mut named = STATE.with_borrow_mut(|state| std::mem::take(&mut state.named));
    named.sort_unstable();
    named.dedup();
    named
}
