//! Node.js http

pub mod proto;
