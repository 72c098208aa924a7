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

/// Methods whose result has room for `ERR_NODE_HTTP_PENDING`. The literal is the interface.
macro_rules! pending {
    ($interface:literal: $(fn $name:ident($($arg:ty),*) -> $value:ty;)*) => {
        $(fn $name(&self $(, _: $arg)*) -> Result<$value, Error> {
            Err($crate::component::pending::pending(concat!($interface, ".", stringify!($name))))
        })*
    };
}

/// Methods whose result has no room for an error: they answer the documented default and do nothing else.
macro_rules! pending_default {
    ($interface:literal: $(fn $name:ident($($arg:ty),*) $(-> $value:ty = $default:expr)?;)*) => {
        $(fn $name(&self $(, _: $arg)*) $(-> $value)? { $($default)? })*
    };
}

/// Waits for what cannot happen: they return at once.
macro_rules! pending_wait {
    ($interface:literal: $(fn $name:ident() $(-> $value:ty = $default:expr)?;)*) => {
        $(async fn $name(&self) $(-> $value)? { $($default)? })*
    };
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
