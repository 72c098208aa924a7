//! `wasi:sockets/types@0.3` for servers: TCP of our own over tokio, UDP from wasmtime-wasi.
//!
//! What is different from wasmtime-wasi, and why it could not be configured there:
//! - TCP_NODELAY is on. The guest cannot switch Nagle off, and a response in two writes costs 40 ms with it.
//! - No attempt to read or write that is bound to fail: a short read has emptied the socket, so readiness is cleared.
//! - Several connections are accepted in one go, and running out of file descriptors pauses a listener instead of
//!   ending it.
//! - Allow-lists for listening, connecting, datagrams and names ([`crate::Policy`]), and an orderly shutdown
//!   ([`DrainHandle`]).

mod accept;
#[cfg(unix)]
mod batch;
mod connection;
mod host;
mod lookup;
mod options;
mod shared;
mod socket;
mod streams;
mod udp;

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2;
use wasmtime_wasi::p3::bindings::sockets::{ip_name_lookup, types};
use wasmtime_wasi::p3::sockets::{SocketError, SocketResult};
use wasmtime_wasi::sockets::{WasiSocketsCtxView, WasiSocketsView};

#[cfg(unix)]
pub use self::batch::{Batch, add_to_linker as add_batch_to_linker};
pub use self::shared::Listeners;
use crate::{DrainHandle, Listening, Metrics, Policy};

/// What the sockets of one store may do.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// What the component may listen on, connect to, send to and look up.
    pub policy: Policy,
    /// Ends the streams of accepted sockets.
    pub drain: DrainHandle,
    /// The addresses that are shared with other workers. Default: `None`, this is the only one.
    pub listeners: Option<Listeners>,
    /// Counts connections and bytes.
    pub metrics: Metrics,
    /// Is told where the component listens.
    pub listening: Listening,
}

/// Gives the sockets access to their part of the data of a store.
///
/// The resource table is the one of wasmtime-wasi, which keeps the UDP sockets.
pub trait NetworkView: WasiSocketsView {
    /// The settings, and wasmtime-wasi's view of its own sockets.
    fn network(&mut self) -> NetworkCtxView<'_>;
}

/// What the implementation borrows from the store during a call.
pub struct NetworkCtxView<'a> {
    /// The settings.
    pub network: &'a Network,
    /// wasmtime-wasi's part, with the resource table that both use.
    pub wasi: WasiSocketsCtxView<'a>,
    /// The connections whose bytes cross in batches.
    #[cfg(unix)]
    pub batch: &'a mut Batch,
}

/// The `D` of the generated `add_to_linker`.
pub struct Sockets;

impl HasData for Sockets {
    type Data<'a> = NetworkCtxView<'a>;
}

/// Adds `wasi:sockets/types@0.3` and nothing else.
///
/// Do not combine it with `wasmtime_wasi::p3::add_to_linker`, which defines the same interface.
///
/// # Errors
/// When the linker has the interface already.
pub fn add_to_linker<T: NetworkView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    types::add_to_linker::<T, Sockets>(linker, T::network)
}

/// Adds `wasi:sockets/ip-name-lookup`, of 0.3 and of 0.2, which looks up what the policy allows. What is defined under
/// these names so far is replaced.
///
/// wasmtime-wasi does the work, so its `WasiCtxBuilder::allow_ip_name_lookup` has to be on.
///
/// # Errors
/// Never, as long as the two interfaces are all that has these names.
pub fn add_name_lookup_to_linker<T: NetworkView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    ip_name_lookup::add_to_linker::<T, Sockets>(linker, T::network)?;
    p2::bindings::sockets::ip_name_lookup::add_to_linker::<T, Sockets>(linker, T::network)?;
    linker.allow_shadowing(false);
    Ok(())
}
