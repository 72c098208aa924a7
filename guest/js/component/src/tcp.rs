//! TCP for the module `net`: connections and listeners by number, each noted for `runtime::take_watched` when
//! something has changed. The numbers are beyond those of the binding's handles.

mod connection;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
};

use node_http::{
    net::{self, Listener, NetError, Stream, wasi::TcpListener},
    runtime::{self, Signal, Span, unless},
};
use rquickjs::{Ctx, Function, Object, Result, TypedArray, Value as Js};
use serde_json::{Value, json};

use self::connection::{Connection, receive, send};
use crate::values::{bytes, to_js};

/// The first number: handles of the binding have 32 bits.
const FIRST: u64 = 1 << 32;

/// What a number stands for.
enum Entry {
    Connection(Rc<Connection>),
    Listener(Rc<Accepting>),
    /// Something asked for, until it is answered.
    Question(Rc<Question>),
}

#[derive(Default)]
struct Accepting {
    accepted: RefCell<VecDeque<u64>>,
    over: Cell<bool>,
    closed: Cell<bool>,
    wake: Signal,
    changed: Signal,
}

#[derive(Default)]
struct Question {
    answer: RefCell<Option<Value>>,
    changed: Signal,
}

thread_local! {
    static ENTRIES: RefCell<BTreeMap<u64, Entry>> = const { RefCell::new(BTreeMap::new()) };
    static LAST: Cell<u64> = const { Cell::new(FIRST) };
}

fn add(entry: Entry) -> u64 {
    let number = LAST.get() + 1;
    LAST.set(number);
    match &entry {
        Entry::Connection(connection) => connection.changed.watch(number),
        Entry::Listener(listener) => listener.changed.watch(number),
        Entry::Question(question) => question.changed.watch(number),
    }
    ENTRIES.with_borrow_mut(|entries| entries.insert(number, entry));
    number
}

fn connection(number: f64) -> Option<Rc<Connection>> {
    ENTRIES.with_borrow(|entries| match entries.get(&key(number))? {
        Entry::Connection(connection) => Some(Rc::clone(connection)),
        _ => None,
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a number of ours")]
fn key(number: f64) -> u64 {
    number as u64
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(key: u64) -> f64 {
    key as f64
}

/// A connection that is up: starts its loops.
fn begin(stream: Stream) -> u64 {
    let (reader, writer, endpoints) = stream.split();
    let connection = Rc::new(Connection::default());
    connection.endpoints.replace(Some(endpoints));
    runtime::spawn(receive(Rc::clone(&connection), reader));
    runtime::spawn(send(Rc::clone(&connection), writer));
    add(Entry::Connection(connection))
}

/// Puts the functions into `object`.
pub(crate) fn define<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    object.set("tcpConnect", Function::new(ctx.clone(), connect)?)?;
    object.set("tcpListen", Function::new(ctx.clone(), listen)?)?;
    object.set("tcpAccept", Function::new(ctx.clone(), accept)?)?;
    object.set("tcpRead", Function::new(ctx.clone(), read)?)?;
    object.set("tcpWrite", Function::new(ctx.clone(), write)?)?;
    object.set("tcpUnsent", Function::new(ctx.clone(), unsent)?)?;
    object.set("tcpFinish", Function::new(ctx.clone(), finish)?)?;
    object.set("tcpClose", Function::new(ctx.clone(), close)?)?;
    object.set("tcpCarry", Function::new(ctx.clone(), carry)?)?;
    object.set("tcpCarried", Function::new(ctx.clone(), carried)?)?;
    object.set("tcpAddresses", Function::new(ctx.clone(), addresses)?)?;
    object.set("tcpKeepAlive", Function::new(ctx.clone(), keep_alive)?)?;
    object.set("resolve", Function::new(ctx.clone(), resolve)?)?;
    object.set("answer", Function::new(ctx.clone(), answer)?)
}

fn ask(work: impl Future<Output = Value> + 'static) -> f64 {
    let question = Rc::new(Question::default());
    let asked = Rc::clone(&question);
    let key = add(Entry::Question(question));
    runtime::spawn(async move {
        let answer = work.await;
        asked.answer.replace(Some(answer));
        asked.changed.notify();
    });
    number(key)
}

/// The answer to what was asked, once it is there: `[error code?, value]`.
fn answer<'js>(ctx: Ctx<'js>, asked: f64) -> Result<Js<'js>> {
    let answer = ENTRIES.with_borrow_mut(|entries| {
        let Some(Entry::Question(question)) = entries.get(&key(asked)) else { return None };
        let answer = question.answer.take();
        if answer.is_some() {
            entries.remove(&key(asked));
        }
        answer
    });
    to_js(&ctx, &answer.unwrap_or_default())
}

/// Asks for a connection: the answer is its number.
fn connect(address: String, port: u16, local: Option<String>, local_port: Option<u16>) -> f64 {
    ask(async move {
        let Ok(ip) = address.parse::<IpAddr>() else { return json!(["EINVAL", null, "connect"]) };
        let local = local.and_then(|local| local.parse::<IpAddr>().ok());
        let local = local.or_else(|| local_port.map(|_| unspecified(ip)));
        let local = local.map(|local| SocketAddr::new(local, local_port.unwrap_or(0)));
        match net::connect(SocketAddr::new(ip, port), local).await {
            Ok(stream) => json!([null, begin(stream)]),
            Err(error) => json!([error.code, null, error.syscall]),
        }
    })
}

fn unspecified(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// Asks for the addresses of a name.
fn resolve(name: String) -> f64 {
    ask(async move {
        match net::resolve(&name).await {
            Ok(addresses) => json!([null, addresses.iter().map(ToString::to_string).collect::<Vec<_>>()]),
            Err(error) => json!([error.code, null]),
        }
    })
}

/// Listens: `[error code?, number, address, port]`. Without an address on all there are.
fn listen<'js>(
    ctx: Ctx<'js>,
    address: Option<String>,
    port: u16,
    backlog: u32,
    ipv6_only: bool,
) -> Result<Js<'js>> {
    let answer = match bind(address.as_deref(), port, backlog, ipv6_only) {
        Ok(listeners) => {
            let bound = listeners[0].address();
            json!([null, serve(listeners), bound.ip().to_string(), bound.port()])
        }
        Err(error) => json!([error.code, null]),
    };
    to_js(&ctx, &answer)
}

/// Tries to find a port that is free for IPv6 and IPv4.
const TRIES: u32 = 16;

/// At least one listener. What the system chooses as a port for IPv6 may be somebody's for IPv4: then it chooses anew.
fn bind(
    address: Option<&str>,
    port: u16,
    backlog: u32,
    ipv6_only: bool,
) -> std::result::Result<Vec<TcpListener>, NetError> {
    let mut tries = 1..TRIES;
    loop {
        match bind_once(address, port, backlog, ipv6_only) {
            Err(error) if port == 0 && error.code == "EADDRINUSE" && tries.next().is_some() => {}
            result => return result,
        }
    }
}

/// IPv6 sockets of `wasi:sockets` never speak IPv4, so `::` takes two.
fn bind_once(
    address: Option<&str>,
    port: u16,
    backlog: u32,
    ipv6_only: bool,
) -> std::result::Result<Vec<TcpListener>, NetError> {
    let v4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let one = |ip: IpAddr, port| TcpListener::bind(SocketAddr::new(ip, port), backlog);
    match address.map(str::parse::<IpAddr>) {
        Some(Ok(ip)) if ip != IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ok(vec![one(ip, port)?]),
        Some(Err(_)) => Err(NetError { code: "EINVAL" }),
        given => {
            let v6 = match one(Ipv6Addr::UNSPECIFIED.into(), port) {
                Err(error) if given.is_none() && error.code != "EADDRINUSE" && error.code != "EACCES" => {
                    return Ok(vec![one(v4, port)?]);
                }
                listener => listener?,
            };
            if ipv6_only {
                return Ok(vec![v6]);
            }
            let port = v6.address().port();
            Ok(vec![v6, one(v4, port)?])
        }
    }
}

fn serve(listeners: Vec<TcpListener>) -> u64 {
    let accepting = Rc::new(Accepting::default());
    let open = Rc::new(Cell::new(listeners.len()));
    for listener in listeners {
        runtime::spawn(accept_all(Rc::clone(&accepting), Listener::Tcp(listener), Rc::clone(&open)));
    }
    add(Entry::Listener(accepting))
}

async fn accept_all(accepting: Rc<Accepting>, mut listener: Listener, open: Rc<Cell<usize>>) {
    loop {
        let streams = unless(&accepting.wake, || accepting.closed.get(), listener.accept()).await;
        let Some(Some(streams)) = streams else { break };
        accepting.accepted.borrow_mut().extend(streams.into_iter().map(begin));
        accepting.changed.notify();
    }
    open.set(open.get() - 1);
    // The host drains: no more will come.
    if open.get() == 0 {
        accepting.over.set(true);
        accepting.changed.notify();
    }
}

/// The number of the next connection of a listener; 0: none for now, -1: no more will come.
fn accept(listener: f64) -> f64 {
    ENTRIES.with_borrow(|entries| {
        let Some(Entry::Listener(accepting)) = entries.get(&key(listener)) else { return -1.0 };
        let next = accepting.accepted.borrow_mut().pop_front();
        match next {
            Some(accepted) => number(accepted),
            None if accepting.over.get() => -1.0,
            None => 0.0,
        }
    })
}

/// Bytes, `pending`, `end`, or the code of an error.
fn read<'js>(ctx: Ctx<'js>, from: f64) -> Result<Js<'js>> {
    let word = |word: &str| Ok(rquickjs::String::from_str(ctx.clone(), word)?.into_value());
    let Some(connection) = connection(from) else { return word("end") };
    let bytes = connection.received.borrow_mut().pop_front();
    if let Some(bytes) = bytes {
        connection.unread.set(connection.unread.get() - bytes.len());
        connection.wake.notify();
        return Ok(TypedArray::new(ctx, bytes)?.into_value());
    }
    match connection.failed.get() {
        Some(code) => word(code),
        None if connection.ended.get() => word("end"),
        None => word("pending"),
    }
}

fn write(to: f64, given: TypedArray<'_, u8>) {
    let Some(connection) = connection(to) else { return };
    connection.take_from_carrier();
    connection.awaited.set(true);
    connection.to_send.borrow_mut().extend_from_slice(&bytes(&given));
    connection.wake.notify();
}

/// Whether bytes wait that the system has not taken; or the code of an error, which the reader is told as well.
fn unsent<'js>(ctx: Ctx<'js>, of: f64) -> Result<Js<'js>> {
    let Some(connection) = connection(of) else { return to_js(&ctx, &json!(false)) };
    let waits = connection.in_flight.get() || !connection.to_send.borrow().is_empty();
    let finishing = connection.finishing.get() && !connection.finished.get();
    let value = match connection.failed.get() {
        Some(code) => json!(code),
        None => json!(waits || finishing),
    };
    connection.awaited.set(waits || finishing);
    to_js(&ctx, &value)
}

/// Sends the end behind what waits.
fn finish(of: f64) {
    if let Some(connection) = connection(of) {
        connection.take_from_carrier();
        connection.finishing.set(true);
        connection.wake.notify();
    }
}

/// Ends a connection at once, or a listener.
fn close(of: f64) {
    let entry = ENTRIES.with_borrow_mut(|entries| entries.remove(&key(of)));
    match entry {
        Some(Entry::Connection(connection)) => {
            connection.closed.set(true);
            connection.wake.notify();
        }
        Some(Entry::Listener(accepting)) => {
            accepting.closed.set(true);
            accepting.wake.notify();
        }
        Some(Entry::Question(_)) | None => {}
    }
}

/// The bytes of a connection go to this pipe and come from it, without JavaScript; with 0 they are JavaScript's again,
/// those included that the pipe has not read.
fn carry(of: f64, pipe: u32) {
    let Some(connection) = connection(of) else { return };
    connection.carry(pipe);
}

/// How many bytes of a connection were carried: `[received, sent]`.
fn carried(of: f64) -> Vec<f64> {
    let (received, sent) = connection(of).map(|connection| connection.carried.get()).unwrap_or_default();
    vec![number(received), number(sent)]
}

/// `[local address, port, remote address, port]`.
fn addresses<'js>(ctx: Ctx<'js>, of: f64) -> Result<Js<'js>> {
    let ends = connection(of).and_then(|connection| {
        connection.endpoints.borrow().as_ref().map(|endpoints| (endpoints.local(), endpoints.remote()))
    });
    let (local, remote) = ends.unwrap_or_default();
    let ip = |address: Option<SocketAddr>| address.map(|address| address.ip().to_string());
    let port = |address: Option<SocketAddr>| address.map(|address| address.port());
    to_js(&ctx, &json!([ip(local), port(local), ip(remote), port(remote)]))
}

fn keep_alive(of: f64, enable: bool, delay: u32) {
    if let Some(connection) = connection(of)
        && let Some(endpoints) = &*connection.endpoints.borrow()
    {
        endpoints.set_keep_alive(enable, Span::millis(delay));
    }
}
