//! An async function as the program.

use std::fmt::Display;

use crate::describe;

/// Makes an async function the program: the export `wasi:cli/run`, which a runtime calls. The program ends with it.
///
/// The function has no parameters and answers `Result<(), E>`, where `E` is [`Error`](crate::Error) or any other error;
/// one is printed on standard error, and the program fails.
///
/// ```
/// use node_http_imports::{Error, main};
///
/// main!(program);
///
/// async fn program() -> Result<(), Error> {
///     println!("Hello!");
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! main {
    ($function:path) => {
        struct NodeHttpProgram;

        impl $crate::wasi::exports::cli::run::Guest for NodeHttpProgram {
            async fn run() -> Result<(), ()> {
                $crate::run($function()).await
            }
        }

        $crate::wasi::cli::command::export!(NodeHttpProgram with_types_in $crate::wasi);
    };
}

/// What [`main!`] exports.
pub async fn run<E: Display + 'static>(program: impl Future<Output = Result<(), E>>) -> Result<(), ()> {
    program.await.map_err(|error| eprintln!("error: {}", describe(&error)))
}
