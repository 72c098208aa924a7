//! Node.js's module `http` for Rust apps that import the WebAssembly package `node:http`.
//!
//! ```no_run
//! use node_http_imports::server::{ListenOptions, Reply, Server, ServerOptions};
//! use node_http_imports::{Error, main};
//!
//! main!(hello);
//!
//! async fn hello() -> Result<(), Error> {
//!     let server = Server::create(&ServerOptions::default())?; // all options have defaults
//!     let address = server.listen(ListenOptions::from_env(), None).await?;
//!     println!("listening on port {}", address.port);
//!     server.serve(async |_| Reply::text("Hello!\n")).await;
//!     Ok(())
//! }
//! ```
//!
//! Built as a `cdylib` for `wasm32-wasip2` this is a component that imports `node:http`. `node-http run` plugs that in and
//! runs it; `node-http compose` and `wac plug` make one component of the two, for every runtime with WASI 0.3.
//!
//! - [`http`] has the functions of the module, [`server`] and [`client`] its classes, [`web_socket`] the browser's
//!   `WebSocket`, [`types`] and [`net`] what they use. The comments of the WIT package are the manual of each.
//! - [`Server::serve`](server::Server::serve) is the loop that most servers need; the events are there for the others.
//! - [`until`] waits for anything on any object, and all such waits are one for the runtime.
//! - Every record of options has a `Default` (nothing is set), [`types::HeaderValue`] and [`types::Chunk`] come from what
//!   one has: `response.set_header("ETag", &"\"1\"".into())?`.
//! - [`main!`] makes an async function the program. [`spawn_local`] starts a task beside it, [`wit_stream`] makes streams,
//!   [`wasi`] is the crate `wasip3`: clocks, files, sockets.
//! - The crate `node-http` has the same classes under the same paths, for apps that link the implementation.
//!
//! # Features
//!
//! - `http`: conversions to and from the types of the crates `http` and `http-body`, see `http_types`.
//! - `tower`: `Server::serve_tower` for services such as an axum `Router`.

#![allow(clippy::result_large_err, reason = "the errors are the generated ones")]

mod bindings;
mod body_writer;
mod convert;
mod error;
#[cfg(feature = "http")]
pub mod http_types;
mod message;
mod options;
mod program;
mod reply;
mod serve;
#[cfg(feature = "tower")]
mod tower;
mod wait;

pub use wasi;
pub use wit_bindgen::spawn_local;

pub use crate::bindings::node::http::{net, outgoing_message, types, web_socket};
pub use crate::bindings::wit_stream;
pub use crate::body_writer::BodyWriter;
pub use crate::error::describe;
#[doc(hidden)]
pub use crate::program::run;
pub use crate::types::Error;
pub use crate::wait::{Watch, until};

/// The functions of Node's module `http`.
pub mod http {
    pub use crate::bindings::node::http::http::*;
    // Those that an app takes besides the waits of this crate.
    pub use crate::wait::{take_watched, watched};
}

/// Node's `http.Server`, `http.ServerResponse` and `http.IncomingMessage`.
pub mod server {
    pub use crate::bindings::node::http::incoming_message::{
        IncomingMessage, IncomingMessageEvent, IncomingMessageEventKind, IncomingMessageEvents,
    };
    pub use crate::bindings::node::http::server::{
        ClientError, DroppedConnection, DroppedRequest, ListenOptions, Requests, Server, ServerEvent,
        ServerEventKind, ServerEvents, ServerOptions, Upgrade,
    };
    pub use crate::bindings::node::http::server_response::{
        Answer, FailedAnswer, PreparedAnswer, RequestLine, ServerResponse, ServerResponseEvent,
        ServerResponseEventKind, ServerResponseEvents,
    };
    pub use crate::net::{Socket, SocketEvent, SocketEventKind, SocketEvents};
    pub use crate::reply::{IntoReply, Reply};
}

/// Node's `http.ClientRequest`, `http.Agent` and `http.IncomingMessage`.
pub mod client {
    pub use crate::bindings::node::http::agent::{
        Agent, AgentEvent, AgentEventKind, AgentEvents, AgentOptions, CreateConnectionHook,
        KeepSocketAliveHook, NameOptions, Scheduling,
    };
    pub use crate::bindings::node::http::client_request::{
        AgentChoice, ClientRequest, ClientRequestEvent, ClientRequestEventKind, ClientRequestEvents,
        Information, RequestOptions, Upgraded, WholeResponse,
    };
    pub use crate::bindings::node::http::prepared_request::{Fetched, PreparedRequest};
    pub use crate::net::{AbortSignal, Socket};
    pub use crate::server::{
        IncomingMessage, IncomingMessageEvent, IncomingMessageEventKind, IncomingMessageEvents,
    };
}
