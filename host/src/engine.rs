//! Engine, compiled-code cache and linker: the only place that configures wasmtime.

use std::borrow::Cow;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::error::Context as _;
use wasmtime::{Config, Engine, ProfilingStrategy, Result, ensure};
use wasmtime_wasi::p3::bindings::sockets::types;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};

use crate::compiled::Compiled;
use crate::{App, BATCHED_COMPONENT, COMPONENT, Ctx, Limits, sockets};

/// Compiles components and links them with `wasi`. One per process is enough; it is cheap to clone.
#[derive(Clone)]
pub struct Host {
    engine: Engine,
    linker: Linker<Ctx>,
    limits: Limits,
    compiled: Option<Compiled>,
    node_http: NodeHttp,
}

impl Host {
    /// A host with our sockets, no cache of compiled code, and the default limits.
    ///
    /// # Errors
    /// When this machine cannot run compiled WebAssembly.
    pub fn new() -> Result<Self> {
        Self::with(Options::default())
    }

    /// A host with other options.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(options: Options) -> Result<Self> {
        Self::with_limits(options, Limits::default())
    }

    /// A host with other options and other limits.
    ///
    /// # Errors
    /// As [`Self::new`], and when there is no thread to count time slices.
    pub fn with_limits(options: Options, limits: Limits) -> Result<Self> {
        let mut config = config(&options);
        config.epoch_interruption(limits.time_slice.is_some());
        let engine = Engine::new(&config)?;
        if let Some(slice) = limits.time_slice {
            count(&engine, slice)?;
        }
        let linker = linker(&engine, &options)?;
        let compiled = options.cache.as_deref().map(Compiled::new);
        let node_http = if options.wasmtime_sockets { NodeHttp::STREAMS } else { NodeHttp::BATCHED };
        Ok(Self { engine, linker, limits, compiled, node_http })
    }

    /// Compiles a component, or takes the compiled code from the cache.
    ///
    /// # Errors
    /// When `bytes` is no component, or when it imports something that this host does not offer.
    pub fn load(&self, bytes: &[u8]) -> Result<App> {
        self.load_made_of(&[bytes], || Ok(Cow::Borrowed(bytes)))
    }

    /// As [`Self::load`], with `node:http` plugged in if `app` imports it: the one of [`BATCHED_COMPONENT`], or of
    /// [`COMPONENT`] on a host with wasmtime's sockets. When there is a cache, this composes once.
    ///
    /// # Errors
    /// As [`Self::load`], and when `app` imports another version of `node:http`.
    pub fn load_with_node_http(&self, app: &[u8]) -> Result<App> {
        let NodeHttp { component, hash } = self.node_http;
        self.load_made_of(&[app, hash], || {
            check(app)?;
            Ok(match crate::node_http_imports(app)?.as_slice() {
                [] => Cow::Borrowed(app),
                _ => Cow::Owned(crate::plug(app, component)?),
            })
        })
    }

    /// Loads what `make` makes of `parts`.
    fn load_made_of<'a>(&self, parts: &[&[u8]], make: impl FnOnce() -> Result<Cow<'a, [u8]>>) -> Result<App> {
        let compile = || {
            let component = make()?;
            check(&component)?;
            Component::from_binary(&self.engine, &component).context("not a component that can be compiled")
        };
        let component = match &self.compiled {
            Some(compiled) => compiled.get_or_make(&self.engine, parts, compile)?,
            None => compile()?,
        };
        let pre = self.linker.instantiate_pre(&component).context("cannot be linked")?;
        Ok(App::new(pre, self.limits.clone()))
    }

    /// The engine, for embedders that use wasmtime directly.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The linker, where interfaces of the embedder are added before [`Self::load`].
    pub fn linker(&mut self) -> &mut Linker<Ctx> {
        &mut self.linker
    }
}

/// How a [`Host`] is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder where compiled code is kept, 256 MiB of it at most, made when it is missing. What others can write to is
    /// not used. Default: `None`, which compiles every time and writes nothing.
    pub cache: Option<PathBuf>,
    /// Use wasmtime-wasi's TCP in place of ours, as plain `wasmtime run` does; without drain. Default: false.
    pub wasmtime_sockets: bool,
    /// Write where compiled functions are to `/tmp/perf-PID.map`, for Linux' `perf`. Default: false.
    pub perfmap: bool,
}

/// A component that exports `node:http`, and what it is known by.
#[derive(Clone, Copy)]
struct NodeHttp {
    component: &'static [u8],
    hash: &'static [u8],
}

impl NodeHttp {
    const STREAMS: Self =
        Self { component: COMPONENT, hash: include_bytes!(concat!(env!("OUT_DIR"), "/node_http.sha256")) };
    const BATCHED: Self = Self {
        component: BATCHED_COMPONENT,
        hash: include_bytes!(concat!(env!("OUT_DIR"), "/node_http_batched.sha256")),
    };
}

/// Says what `bytes` are instead of a component, where that is easily seen.
fn check(bytes: &[u8]) -> Result<()> {
    ensure!(bytes.starts_with(b"\0asm"), "not a WebAssembly file");
    // Version 1, layer 0.
    ensure!(
        !bytes[4..].starts_with(b"\x01\0\0\0"),
        "a core module, not a component; build for wasm32-wasip2"
    );
    Ok(())
}

fn config(options: &Options) -> Config {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    if options.perfmap {
        config.profiler(ProfilingStrategy::PerfMap);
    }
    config
}

fn linker(engine: &Engine, options: &Options) -> Result<Linker<Ctx>> {
    let mut linker = Linker::new(engine);
    // The standard library of wasm32-wasip2 imports wasi 0.2 whatever else a component uses.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::cli::add_to_linker(&mut linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
    wasmtime_wasi::p3::filesystem::add_to_linker(&mut linker)?;
    wasmtime_wasi::p3::random::add_to_linker(&mut linker)?;
    if options.wasmtime_sockets {
        types::add_to_linker::<Ctx, WasiSockets>(&mut linker, Ctx::sockets)?;
    } else {
        sockets::add_to_linker(&mut linker)?;
        #[cfg(unix)]
        sockets::add_batch_to_linker(&mut linker)?;
    }
    sockets::add_name_lookup_to_linker(&mut linker)?;
    Ok(linker)
}

/// Counts time slices, on a thread of its own because a component that computes leaves the others no time, until
/// nobody has the engine any more.
fn count(engine: &Engine, slice: Duration) -> Result<()> {
    /// Nothing is gained by switching more often.
    const SHORTEST: Duration = Duration::from_millis(1);
    let engine = engine.weak();
    let work = move || {
        loop {
            thread::sleep(slice.max(SHORTEST));
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    };
    thread::Builder::new().name("time slices".to_owned()).spawn(work)?;
    Ok(())
}
