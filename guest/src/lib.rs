//! Node.js http

#[cfg(target_family = "wasm")]
pub mod component;
pub mod error;
pub mod message;
pub mod net;
pub mod proto;
pub mod runtime;
pub mod server;
