//! `node-http fetch`: a small curl over the component.
//!
//! How it reads: [`fetch`] turns the options into a [`request::Request`] → an [`exchange::Exchange`] calls the exports
//! of the component, feeds it an [`upload::Upload`] and hands the answer to an [`output::Output`] → what fails
//! becomes a [`failure::Failure`], which knows the exit status. A [`web_socket`] has messages instead of an answer.

mod exchange;
mod failure;
mod output;
mod progress;
mod request;
mod upload;
mod web_socket;

use std::process::ExitCode;

use node_http_host::wasmtime::component::Accessor;
use node_http_host::{COMPONENT, Ctx, Limits, Policy, Rule};
use url::Url;

use self::failure::Failure;
use self::request::Request;
use crate::cli::Fetch;
use crate::commands;

/// Fetches, and reports on standard error what went wrong.
pub(crate) fn fetch(options: &Fetch) -> ExitCode {
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("node-http: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run(options: &Fetch) -> Result<(), Failure> {
    let messages = web_socket::is_for(&options.url);
    let request = Request::new(options)?;
    let app = commands::host(Limits::default())?.load(COMPONENT)?;
    let ctx = Ctx::builder().policy(policy(&request.url)).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let mut session = app.instantiate(ctx).await?;
        let run = async |store: &Accessor<Ctx>, instance| match messages {
            true => web_socket::run(store, instance, options).await,
            false => exchange::run(store, instance, request, options).await,
        };
        session.run(run).await?
    });
    // A read of standard input cannot be stopped, and nobody waits for it any more.
    runtime.shutdown_background();
    result
}

/// What the URL needs and no more: the port of one address or of one name, which the component looks up by itself.
fn policy(url: &str) -> Policy {
    let mut policy = Policy::default();
    // The component says what is wrong with a URL; it needs no network for that. No host has a name that is no rule.
    if let Ok(url) = Url::parse(url)
        && let Some(port) = url.port_or_known_default()
        && let Some(host) = url.host_str()
        && let Ok(rule) = format!("{host}:{port}").parse::<Rule>()
    {
        policy.allow_connect(rule);
    }
    policy
}
