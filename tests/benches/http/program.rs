//! The programs that the benchmark starts itself as: a component in a host, or a peer.

use std::num::NonZeroUsize;
use std::path::Path;
use std::{env, fs};

use node_http_host::{
    Ctx, Exit, Host, Options, Policy, Result, Workers, plug,
    wasmtime::{bail, error::Context as _},
};

use crate::{contenders::VICTIM, hyper};

/// Components that answer and ask through raw sockets, and parse nothing.
const CEILING: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/ceiling.wasm"));
const CLIENT_CEILING: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/client_ceiling.wasm"));
/// The crate linked in, with its feature `batched`.
const LINKED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/server_linked_batched.wasm"));
const CLIENT_LINKED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/client_linked_batched.wasm"));
/// The same programs, which import `node:http`.
const COMPOSED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/server_composed.wasm"));
const CLIENT_COMPOSED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/client_composed.wasm"));
/// The example of a reverse proxy.
const PROXY: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/reverse_proxy.wasm"));
/// The program of the tests, one case of which is the victim of the measurements of robustness.
const CASES: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/cases.wasm"));

/// Variables that a component sees, where this process has them.
const VARIABLES: [&str; 7] =
    ["BODY", "CLOSE", "IN_FLIGHT", "KEEP_ALIVE", "KEEP_ALIVE_TIMEOUT", "PORT", "UPSTREAM"];

/// Set where a profiler is to know the functions of components.
const PERFMAP: &str = "NODE_HTTP_PERFMAP";

/// Is `program`, until it is killed: a kind and a name, and arguments of the victim.
pub(crate) fn be(program: &str) -> Result<()> {
    let (kind, name) = program.split_once(' ').unwrap_or((program, ""));
    let component = match (kind, name) {
        (kind, "hyper") => return hyper::be(kind),
        ("server", "ceiling") => CEILING,
        ("server", "linked") => LINKED,
        ("server", "composed") => COMPOSED,
        ("proxy", "composed") => PROXY,
        ("client", "ceiling") => CLIENT_CEILING,
        ("client", "linked") => CLIENT_LINKED,
        ("client", "composed") => CLIENT_COMPOSED,
        (VICTIM, _) => CASES,
        ("file", file) => &load(file)?,
        _ => bail!("there is no program {program:?}"),
    };
    // As the command does.
    let app = host()?.load_with_node_http(component)?;
    // The program of the tests wants to know which case it is.
    let arguments: Vec<&str> = ["app"].into_iter().chain(program.split_whitespace()).collect();
    let ctx = || {
        let mut policy = Policy::default();
        policy.allow_listen("127.0.0.1".parse()?);
        policy.allow_connect("127.0.0.1".parse()?);
        let ctx = Ctx::builder().args(&arguments).env("HOST", "127.0.0.1").policy(policy).inherit_stdio();
        let set = VARIABLES.into_iter().filter_map(|name| Some((name, env::var(name).ok()?)));
        Result::<_>::Ok(set.fold(ctx, |ctx, (name, value)| ctx.env(name, value)))
    };
    let exit = match env::var("WORKERS") {
        Ok(count) => {
            let count: NonZeroUsize = count.parse()?;
            app.run_workers(&Workers::new(count), |_| ctx().expect("the rules are valid"))?
        }
        Err(_) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(app.run(ctx()?.build()))?
        }
    };
    if exit == Exit::Code(0) { Ok(()) } else { bail!("the component ended with {exit:?}") }
}

/// A host that compiles each component once, however often this program starts itself.
fn host() -> Result<Host> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let perfmap = env::var_os(PERFMAP).is_some();
    Host::with(Options { cache: Some(cache), perfmap, ..Options::default() })
}

/// Reads a component, or two and composes them.
fn load(file: &str) -> Result<Vec<u8>> {
    match file.split_once('+') {
        None => read(file),
        Some((app, component)) => Ok(plug(&read(app)?, &read(component)?)?),
    }
}

fn read(file: &str) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {file}"))
}
