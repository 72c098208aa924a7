//! The WIT face: one file for each interface, one-line delegations, no decisions.
//!
//! `bindings` holds the traits that wit-bindgen generates from `wit/`, `convert` the types that cross the boundary.

mod agent;
#[allow(unsafe_code, missing_docs, reason = "generated")]
pub mod bindings;
mod client_request;
mod convert;
mod http;
mod incoming_message;
mod net;
mod outgoing_message;
mod prepared_request;
mod server;
mod server_response;
mod streams;
mod web_socket;

/// The component: the type for which `node-http-component` exports the WIT package.
#[derive(Debug)]
pub struct Component;
