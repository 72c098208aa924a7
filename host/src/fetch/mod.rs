//! `node-http fetch`: a small curl over the component.
//!
//! How it reads: [`fetch`] begins with the [`hop::Hop`] that the options ask for, makes a [`request::Request`] of it → an
//! [`exchange::Exchange`] calls the exports of the component, feeds it an [`upload::Upload`] and hands the answer to an
//! [`output::Output`] → a redirect leads to the next hop, what passes to another try, and what fails becomes a
//! [`failure::Failure`], which knows the exit status. A [`web_socket`] has messages instead of an answer.

mod exchange;
mod failure;
mod hop;
mod output;
mod password;
mod progress;
mod request;
mod upload;
mod web_socket;

use std::process::ExitCode;
use std::time::Duration;

use node_http_host::wasmtime::component::Accessor;
use node_http_host::{App, BATCHED_COMPONENT, Ctx, Limits, Policy, Rule};
use url::Url;

use self::exchange::Answer;
use self::failure::Failure;
use self::hop::{Hop, MOST_REDIRECTS};
use self::output::Output;
use self::request::Request;
use crate::cli::Fetch;
use crate::commands;

/// How long the first pause between two tries is; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Fetches, and reports on standard error what went wrong.
pub(crate) fn fetch(mut options: Fetch) -> ExitCode {
    match run(&mut options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if options.shows_errors() {
                eprintln!("node-http: {failure}");
            }
            ExitCode::from(failure.status())
        }
    }
}

fn run(options: &mut Fetch) -> Result<(), Failure> {
    options.user = options.user.take().map(|user| password::complete(&user)).transpose()?;
    let options = &*options;
    let first = Hop::first(options);
    let app = commands::host(None, Limits::default())?.load(BATCHED_COMPONENT)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        if web_socket::is_for(&first.url) {
            let run = async |store: &Accessor<Ctx>, instance| web_socket::run(store, instance, options).await;
            return app.instantiate(context(&first.url)).await?.run(run).await?;
        }
        let mut output = Output::new(options, &options.url)?;
        try_again(&app, options, &first, &mut output).await
    });
    // A read of standard input cannot be stopped, and nobody waits for it any more.
    runtime.shutdown_background();
    result
}

/// Tries until it goes well, or often enough.
async fn try_again(app: &App, options: &Fetch, first: &Hop, output: &mut Output) -> Result<(), Failure> {
    let mut pause = FIRST_PAUSE;
    for left in (0..=options.retry).rev() {
        let result = in_time(options, follow(app, options, first, output)).await;
        let asked = match &result {
            Ok(answer) if answer.may_pass() => answer.retry_after,
            Err(failure) if failure.is_timeout() => None,
            _ => return result.and_then(|answer| answer.judge(options)),
        };
        if left == 0 {
            return result.and_then(|answer| answer.judge(options));
        }
        let wait = asked.unwrap_or(pause).min(LONGEST_PAUSE);
        if options.shows_errors() {
            eprintln!("node-http: trying again in {} s, {left} more times at most", wait.as_secs());
        }
        tokio::time::sleep(wait).await;
        pause *= 2;
        output.restart();
    }
    Ok(())
}

async fn in_time(
    options: &Fetch,
    work: impl Future<Output = Result<Answer, Failure>>,
) -> Result<Answer, Failure> {
    match options.max_time {
        None => work.await,
        Some(most) => tokio::time::timeout(most, work).await.unwrap_or_else(|_| Err(Failure::too_late(most))),
    }
}

/// Asks, and goes where the answers say, if that is wanted.
async fn follow(app: &App, options: &Fetch, first: &Hop, output: &mut Output) -> Result<Answer, Failure> {
    let mut hop = first.clone();
    for _ in 0..=MOST_REDIRECTS {
        let request = Request::new(options, &hop)?;
        // Each has an instance of its own, which may connect to where it has to and to nowhere else.
        let asked = options.proxy.as_ref().map_or(hop.url.as_str(), Url::as_str);
        let mut session = app.instantiate(context(asked)).await?;
        let run = async |store: &Accessor<Ctx>, instance| {
            exchange::run(store, instance, request, options, output).await
        };
        let answer = session.run(run).await?;
        let answer = answer.map_err(|failure| match options.proxy {
            Some(_) => failure.of_proxy(),
            None => failure,
        })?;
        match answer.location.as_ref().filter(|_| options.location) {
            Some(location) => hop = hop.next(answer.status, location, options)?,
            None => return Ok(answer),
        }
    }
    Err(Failure::too_many_redirects())
}

fn context(url: &str) -> Ctx {
    Ctx::builder().policy(policy(url)).build()
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
