//! HTTP/1.1, sans-I/O: bytes in, events out. No clock, no socket, no async.
//!
//! # Theory of operation
//!
//! A [`Decoder`] belongs to one direction of one connection and decodes message after message:
//!
//! ```text
//!             ┌──────────────────────────── next message ────────────────────────────┐
//!             ▼                                                                      │
//!  between ─► head ─► Event::*Head ─► body ─► Event::Data … ─► trailers ─► Event::End ─┤
//!                                                                                    ├─► closed
//!                                                                                    └─► tunnel
//! ```
//!
//! The *scanner* (`scan`, `request_line`, `status_line`, `field_block`, `chunked`) is the one authority
//! on verdict, error code, reason and offset. Its grammar is llhttp 9.4's, because Node's is; where that differs
//! from the RFC the line above says so. It works over the caller's contiguous buffer, remembers where it stopped
//! and never looks at a byte twice (elements of a dozen bytes at most aside: method, version, status code).
//!
//! The *fast path* (`fast`) asks httparse about a head that lies whole in the buffer when it is first seen, and
//! checks the rest of the strict rules cheaply. Whatever it does not cleanly accept goes to the scanner, so that it
//! has no verdict of its own; property tests hold the two to identical heads.
//!
//! How long a body is, is one pure function (`framing`).

pub mod date;
pub mod encode;
pub mod method;
pub mod status;

mod chunked;
mod decoder;
mod error;
mod fast;
mod field_block;
mod fields;
mod framing;
mod grammar;
mod head;
mod host;
mod limits;
mod request_line;
mod scan;
mod special;
mod status_line;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Event};
pub use error::ParseError;
pub use fields::{Fields, KnownField};
pub use framing::BodyLength;
pub use head::{RequestHead, ResponseHead};
pub use host::HostField;
pub use limits::{Direction, Leniency, Limits};
pub use method::{METHODS, Method};
pub use status::{STATUS_CODES, reason};
