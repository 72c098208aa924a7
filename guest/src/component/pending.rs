//! How a method of the WIT package that is still to come answers: never with a trap, never by hanging.
//!
//! Each macro takes a list of signatures, without names of arguments, and writes the methods of an `impl` block.
//! These macros and literal calls of `pending("interface.function")` are the only ways to be pending, so that
//! `tests/wit/pending.rs` can list what is by reading the sources.

use super::bindings::exports::node::http::types;

/// `ERR_NODE_HTTP_PENDING` for `function`, which is written `interface.function` in Rust's or WIT's case.
pub(super) fn pending(function: &str) -> types::Error {
    crate::error::Error::pending(&function.replace('_', "-")).into()
}

/// Methods of a class without objects, because whatever would make one is pending.
macro_rules! pending_class {
    ($interface:literal: $(fn $name:ident($($arg:ty),*) $(-> $value:ty)?;)*) => {
        $(fn $name(&self $(, _: $arg)*) $(-> $value)? { match *self {} })*
    };
}

/// Waits of a class without objects.
macro_rules! pending_class_wait {
    ($interface:literal: $(fn $name:ident($($arg:ty),*) $(-> $value:ty)?;)*) => {
        $(async fn $name(&self $(, _: $arg)*) $(-> $value)? { match *self {} })*
    };
}
