//! Node.js http

pub mod error;
pub mod message;
