//! What Node calls messages: the rules of IncomingMessage, OutgoingMessage and ServerResponse. Pure: no
//! socket, no clock, no async.
//!
//! # A walk through
//!
//! **In.** `proto` delivers a head as raw fields. [`headers`] presents them as Node does when a program asks:
//! joined, distinct or raw.
//!
//! **Out.** An [`OutgoingMessage`] turns calls into bytes in an output buffer of its own; the driver takes
//! them with [`take_output`](OutgoingMessage::take_output) when the message's turn on the connection has come
//! and tells it with [`set_unflushed`](OutgoingMessage::set_unflushed) what the transport still holds. Its life:
//!
//! ```text
//! headers, status      set_header … ─► write_head, or implied by the first write/end/flush_headers
//!                                          │  head.rs decides framing and persistence, once
//! body                                     ▼
//!                      write* ─► end  (chunked, counted against Content-Length, or until close)
//!                                          │
//! afterwards                               ▼
//!                      closes_connection() · set_finished() · destroy()
//! ```
//!
//! `write_head` alone sends nothing: the head waits for the first body bytes, so that both leave in one
//! packet. [`respond`](OutgoingMessage::respond) is all of it in one call and one pass.
//!
//! **Time** comes in as an argument: whoever may render a head passes the current `Date`, which the caller
//! formats once a second.
//!
//! **Strings** in heads are binary strings: every `char` is U+0000–U+00FF and becomes one byte ([`validate`]).
//! Body text is ordinary text with an [`Encoding`].

mod body;
pub mod encoding;
pub mod headers;
pub mod outgoing;
pub mod validate;

pub use body::{Body, ReadResult};
pub use encoding::{Chunk, Encoding};
pub use headers::HeaderValue;
pub use outgoing::{HeadFields, OutgoingMessage, PreparedAnswer, RequestContext, ResponseContext};
