//! Errors as text for people.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Display;

use crate::types::Error;

/// One line about an error: Node's code and message where it is one of `node:http`, boxed or not.
///
/// The `Display` of [`Error`] is generated and shows all its fields; this is what belongs into a log.
pub fn describe<E: Display + 'static>(error: &E) -> String {
    let any: &dyn Any = error;
    let found = any
        .downcast_ref::<Error>()
        .or_else(|| any.downcast_ref::<Box<dyn StdError>>()?.downcast_ref())
        .or_else(|| any.downcast_ref::<Box<dyn StdError + Send + Sync>>()?.downcast_ref());
    match found {
        Some(Error { code, message, .. }) if code.is_empty() || message.contains(code) => message.clone(),
        Some(Error { code, message, .. }) => format!("{code}: {message}"),
        None => error.to_string(),
    }
}
