//! Node.js http

pub mod net;
pub mod runtime;
