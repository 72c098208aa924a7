//! Node.js http

pub mod error;
pub mod message;
pub mod net;
pub mod proto;
pub mod runtime;
