//! Runs WebAssembly components that use `node:http`.
//!
//! ```
//! use node_http_host::{Ctx, Exit, Host, Policy, DEMO};
//!
//! # fn main() -> node_http_host::Result<()> {
//! let host = Host::new()?;
//! let app = host.load(DEMO)?;
//!
//! // Nothing is allowed unless it is said so here.
//! let mut policy = Policy::default();
//! policy.allow_listen("127.0.0.1:0".parse()?);
//! let ctx = Ctx::builder().env("HOST", "127.0.0.1").env("PORT", "0").policy(policy).build();
//!
//! // Somebody else may ask for the end at any time: a signal, a timer, a test.
//! let drain = ctx.drain().clone();
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! let exit = runtime.block_on(async {
//!     tokio::spawn(async move {
//!         tokio::time::sleep(std::time::Duration::from_millis(50)).await;
//!         drain.start();
//!     });
//!     app.run(ctx).await
//! })?;
//! assert_eq!(exit, Exit::Code(0));
//! # Ok(())
//! # }
//! ```
//!
//! - [`Host`] compiles and links, [`App`] is the result, [`Ctx`] is what one run of it may see and do, [`Limits`] what
//!   it may take.
//! - [`App::run`] runs a program, [`App::instantiate`] gives a [`Session`] in which exports are called from Rust.
//! - [`App::run_workers`] runs a program on several cores.
//! - [`Host::load_with_node_http`] loads an application that imports `node:http`; [`plug`] composes it with [`COMPONENT`],
//!   where another host is to run it.
//! - [`Metrics`] counts connections, bytes and memory; [`testing`] runs components in tests.
//! - [`sockets`] is usable on its own, with a store of any type.

mod app;
pub mod bindings;
mod compiled;
mod compose;
mod ctx;
mod drain;
mod engine;
mod limits;
mod listening;
mod metrics;
mod policy;
pub mod sockets;
pub mod testing;
mod wit;
mod workers;

pub use crate::app::{App, Exit, Session};
pub use crate::compose::{ComposeError, node_http_imports, plug};
pub use crate::ctx::{Ctx, CtxBuilder};
pub use crate::drain::DrainHandle;
pub use crate::engine::{Host, Options};
pub use crate::limits::Limits;
pub use crate::listening::Listening;
pub use crate::metrics::Metrics;
pub use crate::policy::{Denial, Policy, Rule, RuleError};
pub use crate::workers::Workers;

pub use wasmtime::{Error, Result};
pub use {wasmtime, wasmtime_wasi};

/// The component that exports `node:http`.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/node_http.wasm"));

/// As [`COMPONENT`], for what runs on this host alone and is to be fast: the bytes of all connections cross in one call a
/// turn. (On systems other than Unix it is the same.) It imports `node-http:host/tcp-batch`, which a [`Host`] offers
/// unless it has wasmtime's sockets.
pub const BATCHED_COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/node_http_batched.wasm"));

/// The demo application, composed with [`BATCHED_COMPONENT`].
///
/// It listens on `HOST` and `PORT` of its environment and prints `listening on http://…`.
pub const DEMO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/demo.wasm"));

/// The component that runs programs for Node: its first argument is the program, a file that it can read.
#[cfg(feature = "javascript")]
pub const JAVASCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/node_http_js.wasm"));

/// The files of the WIT package that [`COMPONENT`] implements, with what they use of WASI: path and content.
pub const WIT: &[(&str, &str)] = &wit::FILES;
