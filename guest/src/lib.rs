//! Node.js's module `http` for WebAssembly components: an HTTP/1.1 server and client over
//! `wasi:sockets` 0.3, with Node's behaviour byte for byte.
//!
//! The crate is used in two ways. `node-http-component` exports it as the WIT package `node:http`,
//! for applications in any language. A Rust application can link it instead and use [`server`] and
//! [`client`] directly: one component, no boundary inside.
//!
//! # Layers
//!
//! ```text
//! component (the WIT face) ─► server ─► transport ─► message ─► proto ─► std, httparse, bytes
//!        │                    client ─► agent          │
//!        ├─► web_socket ────────├─► net ───────────────┤    error ◄─ everything above proto
//!        │        └─► frames    │
//!        └──────────────────────┴─► runtime
//! ```
//!
//! Arrows mean "may use"; nothing points up (`tests/layering.rs` sees to it).
//!
//! - [`proto`] HTTP/1.1, sans-I/O: bytes in, events out. No clock, socket, async or Node in it.
//! - [`frames`] the WebSocket protocol, likewise sans-I/O.
//! - [`message`] what Node calls messages: header maps, implicit heads, framing, bodies. Pure.
//! - [`server`] connections, exchanges, the application's views. Its `driver.rs` is the async code.
//! - [`client`] requests, their connections, the agent that keeps these. `driver.rs` and `connecting.rs` are the
//!   async code.
//! - [`web_socket`] Node's `WebSocket`, at both ends: a request or an `upgrade`, then frames.
//! - [`agent`] which connection serves which request of a client. Pure.
//! - [`transport`] what the connections of both have in common: sockets, received messages, buffers.
//! - [`net`] streams of bytes; `net/wasi.rs` is the one file that knows `wasi:sockets`.
//! - [`runtime`] one task for all connections, one clock, one counter of events.
//! - [`error`] the one table of Node's codes and messages.
//!
//! # How a request reads
//!
//! `net::Reader::read` fills a connection's inbox → `proto::Decoder` finds a head → `server`'s
//! dispatch judges it (Host, Expect, limits) → an exchange is queued as an event → the application
//! takes it, answers through `message::OutgoingMessage` → the bytes join the connection's output in
//! the order of the requests → `net::Writer::write_all` sends head and body in one write.
//!
//! # A server in Rust
//!
//! ```no_run
//! use node_http::server::{ListenOptions, Server, ServerEventKind, ServerOptions};
//!
//! async fn serve() -> Result<(), node_http::error::Error> {
//!     let server = Server::create(ServerOptions::default())?;
//!     server.listen(ListenOptions { port: Some(8080), ..ListenOptions::default() }).await?;
//!     loop {
//!         server.ready().await;
//!         for event in server.take_events(64) {
//!             match event.kind {
//!                 ServerEventKind::Request(response) => response.end(Some(b"Hello, World!"))?,
//!                 ServerEventKind::Close => return Ok(()),
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! # A client in Rust
//!
//! ```no_run
//! use node_http::client::{Attachments, ClientRequest, RequestOptions};
//!
//! async fn fetch(url: &str) -> Result<Vec<u8>, node_http::error::Error> {
//!     let request = ClientRequest::create(Some(url), RequestOptions::default(), Attachments::default())?;
//!     request.end(None)?;
//!     let response = request.response().await?;
//!     response.read_all(1 << 20).await
//! }
//! ```

pub mod agent;
pub mod client;
#[cfg(target_family = "wasm")]
pub mod component;
pub mod error;
pub mod frames;
pub mod message;
pub mod net;
pub mod proto;
pub mod runtime;
pub mod server;
pub mod transport;
pub mod web_socket;
