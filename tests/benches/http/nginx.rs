//! nginx beside us, where it is installed: one process, everything in a folder of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _},
};

use crate::{
    cores::{Cores, Place},
    load::PATIENCE,
    server,
};

/// Paths are relative to the folder. Nothing but its field `Server` makes its answers longer than those of the others.
const CONFIGURATION: &str = "\
daemon off;
master_process off;
worker_processes 1;
pid pid;
error_log stderr;
events {
  worker_connections 20000;
}
http {
  access_log off;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 75s 5s;
  client_body_temp_path client;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  UPSTREAM
  server {
    listen ADDRESS backlog=511;
    location = /plain {
      default_type 'text/plain; charset=utf-8';
      ANSWER
    }
    location = /sized {
      root .;
    }
  }
}
";

const UPSTREAM: &str = "\
upstream origin {
    server ADDRESS;
    keepalive 64;
    keepalive_requests 1000000000;
  }";

const PROXY: &str = "\
proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection '';";

/// A process of it.
pub(crate) struct Nginx {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Nginx {
    pub(crate) fn is_installed() -> bool {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Starts it on the servers' core and waits until it listens. It passes requests on if there is an `upstream`.
    pub(crate) fn start(upstream: Option<SocketAddr>, cores: &Cores) -> Result<Self> {
        // It cannot take any free port. Nobody else asks for this one in the moment between.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let folder =
            env::temp_dir().join(format!("node-http-benchmark-{}-{}", process::id(), address.port()));
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        fs::write(folder.join("sized"), vec![b'.'; 1 << 20])?;
        let answer = upstream.map_or("return 200 'Hello, world\\n';", |_| PROXY);
        let upstream =
            upstream.map(|upstream| UPSTREAM.replace("ADDRESS", &upstream.to_string())).unwrap_or_default();
        let configuration = CONFIGURATION.replace("UPSTREAM", &upstream).replace("ANSWER", answer);
        let configuration = configuration.replace("ADDRESS", &address.to_string());
        fs::write(folder.join("nginx.conf"), configuration)?;
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(&folder).stdin(Stdio::null());
        let child = cores.start(Place::Server, || command.spawn())?.context("nginx does not start")?;
        let mut nginx = Self { child, address, folder };
        nginx.wait_until_it_listens().inspect_err(|_| nginx.end())?;
        Ok(nginx)
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            ensure!(self.child.try_wait()?.is_none(), "nginx has ended");
            ensure!(begin.elapsed() < PATIENCE, "nginx does not listen");
            // It does not tell when it does.
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn end(&mut self) {
        server::end(&mut self.child);
        // What cannot be removed stays among the temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
