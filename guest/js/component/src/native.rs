//! What JavaScript needs of the engine and the system, as one object.

use std::io::Write;

use rquickjs::{Ctx, Function, Object, Result, TypedArray, Value as Js};
use serde_json::json;

use crate::{
    bindings, files, tcp,
    values::{bytes, to_js},
};

/// The object.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    bindings::define(ctx, &object)?;
    tcp::define(ctx, &object)?;
    files::define(ctx, &object)?;
    object.set("arguments", std::env::args().collect::<Vec<_>>())?;
    let variables = Object::new(ctx.clone())?;
    for (name, value) in std::env::vars() {
        variables.set(name, value)?;
    }
    object.set("environment", variables)?;
    object.set("now", Function::new(ctx.clone(), now)?)?;
    object.set("print", Function::new(ctx.clone(), print)?)?;
    object.set("exit", Function::new(ctx.clone(), exit)?)?;
    object.set("runMicrotasks", Function::new(ctx.clone(), run_microtasks)?)?;
    object.set("compile", Function::new(ctx.clone(), compile)?)?;
    object.set("import", Function::new(ctx.clone(), import)?)?;
    object.set("parseUrl", Function::new(ctx.clone(), parse_url)?)?;
    object.set("utf8", Function::new(ctx.clone(), utf8)?)?;
    object.set("fromUtf8", Function::new(ctx.clone(), from_utf8)?)?;
    object.set("hash", Function::new(ctx.clone(), crate::hash::digest)?)?;
    object.set("random", Function::new(ctx.clone(), random)?)?;
    Ok(object)
}

/// The monotonic clock, milliseconds.
fn now() -> f64 {
    const NANOS_PER_MILLI: f64 = 1e6;
    #[allow(
        clippy::cast_precision_loss,
        reason = "a component lives less than the hundred days that are exact"
    )]
    let nanos = wasi::clocks::monotonic_clock::now() as f64;
    nanos / NANOS_PER_MILLI
}

/// To standard output (1) or standard error (2).
fn print(to: u32, text: String) {
    // Who closed it does not want to know.
    let _ = if to == 2 {
        std::io::stderr().write_all(text.as_bytes())
    } else {
        std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush())
    };
}

fn exit(code: i32) {
    std::process::exit(code);
}

/// Runs every job of a promise that waits.
fn run_microtasks(ctx: Ctx<'_>) {
    while ctx.execute_pending_job() {}
}

/// A function of a CommonJS module: `(exports, require, module, __filename, __dirname)`.
fn compile<'js>(ctx: Ctx<'js>, source: String, name: String) -> Result<Js<'js>> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name);
    ctx.eval_with_options(source, options)
}

/// The promise of a module's namespace.
fn import<'js>(ctx: Ctx<'js>, path: String) -> Result<Js<'js>> {
    Ok(rquickjs::Module::import(&ctx, path)?.into_value())
}

/// The parts of an address by the URL standard; null for what is none.
fn parse_url<'js>(ctx: Ctx<'js>, text: String, base: Option<String>) -> Result<Js<'js>> {
    let parsed = match base {
        Some(base) => url::Url::parse(&base).and_then(|base| base.join(&text)),
        None => url::Url::parse(&text),
    };
    let Ok(url) = parsed else { return Ok(Js::new_null(ctx)) };
    let part = |part: Option<&str>, mark: &str| match part {
        Some(part) if !part.is_empty() => format!("{mark}{part}"),
        _ => String::new(),
    };
    to_js(
        &ctx,
        &json!({
            "href": url.as_str(), "protocol": format!("{}:", url.scheme()), "username": url.username(),
            "password": url.password().unwrap_or_default(), "hostname": url.host_str().unwrap_or_default(),
            "port": url.port().map(|port| port.to_string()).unwrap_or_default(), "pathname": url.path(),
            "search": part(url.query(), "?"), "hash": part(url.fragment(), "#"),
            "origin": url.origin().ascii_serialization(),
        }),
    )
}

fn utf8<'js>(ctx: Ctx<'js>, text: rquickjs::String<'js>) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, text.to_string()?.into_bytes())
}

fn from_utf8(given: TypedArray<'_, u8>) -> String {
    String::from_utf8_lossy(&bytes(&given)).into_owned()
}

fn random<'js>(ctx: Ctx<'js>, size: u32) -> Result<TypedArray<'js, u8>> {
    let bytes = wasi::random::random::get_random_bytes(u64::from(size));
    TypedArray::new(ctx, bytes)
}
