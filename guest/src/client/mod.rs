//! Requests over connections.

pub mod options;
