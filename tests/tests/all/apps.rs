//! The example applications of `host/examples/apps`, each started and asked over TCP.

mod files;
mod proxies;
mod streams;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use node_http_host::CtxBuilder;
use node_http_host::wasmtime_wasi::FsPerms;
use node_http_tests::{Case, RawClient, Sockets};

/// A running application.
struct App {
    case: Case,
    address: SocketAddr,
}

impl App {
    /// Starts it on a free port, with what `change` gives it.
    fn start(component: &[u8], change: impl FnOnce(CtxBuilder) -> CtxBuilder) -> Self {
        let case = Case::program_in(Sockets::Ours, component, |ctx| change(ctx.env("HOST", "127.0.0.1")));
        let port = case.line("listening on port ").parse().expect("a port");
        Self { case, address: (Ipv4Addr::LOCALHOST, port).into() }
    }

    fn connect(&self) -> RawClient {
        RawClient::connect(self.address)
    }
}

/// A folder of this test's own. Dropping it removes it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("node-http-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// Shows the folder to a program, as `--dir` does.
    fn show(&self, ctx: CtxBuilder, name: &str) -> CtxBuilder {
        ctx.wasi(|wasi| {
            wasi.preopened_dir(&self.0, name, FsPerms::ReadWrite).expect("the folder is there");
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind it does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}
