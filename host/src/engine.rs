//! Engine, compiled-code cache and linker: the only place that configures wasmtime.

use std::path::PathBuf;

use wasmtime::component::{Component, Linker};
use wasmtime::error::Context as _;
use wasmtime::{Cache, CacheConfig, Config, Engine, Result};

use crate::{App, Ctx, sockets};

/// Compiles components and links them with `wasi`. One per process is enough; it is cheap to clone.
#[derive(Clone)]
pub struct Host {
    engine: Engine,
    linker: Linker<Ctx>,
}

impl Host {
    /// A host with our sockets and the cache of compiled code of this user.
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
        let engine = Engine::new(&config(&options))?;
        let mut linker = Linker::new(&engine);
        // The standard library of wasm32-wasip2 imports wasi 0.2 whatever else a component uses.
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::cli::add_to_linker(&mut linker)?;
        wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
        wasmtime_wasi::p3::filesystem::add_to_linker(&mut linker)?;
        wasmtime_wasi::p3::random::add_to_linker(&mut linker)?;
        if options.wasmtime_sockets {
            wasmtime_wasi::p3::sockets::add_to_linker(&mut linker)?;
        } else {
            sockets::add_to_linker(&mut linker)?;
            sockets::add_name_lookup_to_linker(&mut linker)?;
        }
        Ok(Self { engine, linker })
    }

    /// Compiles a component, or takes the compiled code from the cache.
    ///
    /// # Errors
    /// When `bytes` is no component, or when it imports something that this host does not offer.
    pub fn load(&self, bytes: &[u8]) -> Result<App> {
        if bytes.starts_with(CORE_MODULE) {
            wasmtime::bail!("this is a core module, not a component; build for wasm32-wasip2");
        }
        let component =
            Component::from_binary(&self.engine, bytes).context("not a component that can be compiled")?;
        let pre = self.linker.instantiate_pre(&component).context("cannot be linked")?;
        Ok(App::new(pre))
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
#[derive(Debug, Clone)]
pub struct Options {
    /// Where compiled code is kept. Default: `node-http` in the user's folder for caches. `None` compiles every time.
    pub cache: Option<PathBuf>,
    /// Use wasmtime-wasi's TCP in place of ours, as plain `wasmtime run` does; without drain. Default: false.
    pub wasmtime_sockets: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache: user_cache(), wasmtime_sockets: false }
    }
}

/// `\0asm` and version 1, layer 0.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn config(options: &Options) -> Config {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    if let Some(directory) = &options.cache {
        let mut cache = CacheConfig::new();
        cache.with_directory(directory);
        match Cache::new(cache) {
            Ok(cache) => {
                config.cache(Some(cache));
            }
            // A read-only home must not keep a server from starting.
            Err(error) => tracing::debug!("compiled code is not cached: {error:#}"),
        }
    }
    config
}

/// XDG on Unix, the equivalents elsewhere.
fn user_cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        folder("HOME").map(|home| home.join("Library/Caches"))
    } else {
        folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("node-http"))
}
