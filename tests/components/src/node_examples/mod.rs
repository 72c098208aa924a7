//! The examples of Node's manual that a server runs, in Rust: what is a handler in `answers`, what has to do with
//! connections in `connections`, what needs neither in `values`.

mod answers;
mod connections;
mod values;

use crate::support::*;

/// The example `name`, when it is a program of its own.
pub(crate) async fn run(name: &str) -> Done {
    match name {
        "answers" => answers::run().await,
        "upgrade" => connections::upgrade().await,
        "client_error" => connections::client_error().await,
        "client_error_guarded" => connections::client_error_guarded().await,
        "close" => connections::close().await,
        "close_all" => connections::close_all().await,
        "close_idle" => connections::close_idle().await,
        "listeners" => answers::listeners().await,
        "outgoing_message" => values::outgoing_message(),
        "validators" => values::validators(),
        "status_codes" => values::status_codes(),
        other => panic!("there is no example {other:?}"),
    }
}

/// `response.writeHead(200, { 'Content-Type': 'application/json' })` and the JSON of many examples.
fn hello_world(response: &ServerResponse) -> Result<(), Error> {
    response.write_head(200, None, &[header("Content-Type", "application/json")])?;
    end(response, r#"{"data":"Hello World!"}"#)
}
