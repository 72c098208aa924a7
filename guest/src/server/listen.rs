//! `server.listen()`: from options to listening sockets.

use std::net::SocketAddr;

use super::Server;
use crate::error::Error;

/// Node's default backlog.
#[cfg(target_family = "wasm")]
const BACKLOG: u32 = 511;

/// Where to listen.
#[derive(Clone, Debug, Default)]
pub struct ListenOptions {
    /// The port; 0 or none lets the system choose.
    pub port: Option<u16>,
    /// An address or a name; none is `::`, or `0.0.0.0` where there is no IPv6.
    pub host: Option<String>,
    /// How many connections may wait to be accepted; 511.
    pub backlog: Option<u32>,
    /// With `::`, do not listen on IPv4 as well; false.
    pub ipv6_only: Option<bool>,
    /// A Unix socket: not available in a component.
    pub path: Option<String>,
}

impl Server {
    /// `server.listen()`. Returns the bound address.
    ///
    /// # Errors
    /// `ERR_SERVER_ALREADY_LISTEN`; `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, … with syscall, address and
    /// port; `ENOTFOUND` for a name; `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for a path.
    pub async fn listen(&self, options: ListenOptions) -> Result<SocketAddr, Error> {
        crate::runtime::ensure_driver();
        if self.listening() {
            return Err(Error::server_already_listen());
        }
        if options.path.is_some() {
            return Err(Error::unavailable_on_platform("listening on a path"));
        }
        tcp::listen(self, options).await
    }
}

#[cfg(not(target_family = "wasm"))]
mod tcp {
    use super::{Error, ListenOptions, Server, SocketAddr};

    /// A native build has no TCP; [`Server::serve`] takes memory listeners.
    pub(super) async fn listen(_server: &Server, _options: ListenOptions) -> Result<SocketAddr, Error> {
        Err(Error::unavailable_on_platform("TCP"))
    }
}

#[cfg(target_family = "wasm")]
mod tcp {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::{BACKLOG, Error, ListenOptions, Server, SocketAddr};
    use crate::net::{Listener, NetError, resolve, wasi::TcpListener};

    /// How often another port is tried when port 0 is free for IPv6 but not for IPv4.
    const DUAL_STACK_ATTEMPTS: usize = 8;

    pub(super) async fn listen(server: &Server, options: ListenOptions) -> Result<SocketAddr, Error> {
        let port = options.port.unwrap_or(0);
        let backlog = options.backlog.unwrap_or(BACKLOG);
        let listeners = match &options.host {
            None => any(port, backlog, options.ipv6_only.unwrap_or(false)),
            Some(host) => named(host, port, backlog, options.ipv6_only.unwrap_or(false)).await,
        }?;
        // Every way above gives at least one listener.
        let address = listeners[0].address();
        let listeners = listeners.into_iter().map(Listener::Tcp).collect();
        server.0.start_listening(listeners, Some(address))?;
        Ok(address)
    }

    /// Without a host: `::` with IPv4 beside it, or IPv4 alone where there is no IPv6.
    fn any(port: u16, backlog: u32, ipv6_only: bool) -> Result<Vec<TcpListener>, Error> {
        match dual_stack(port, backlog, ipv6_only) {
            Err(error) if error.code() == "EADDRNOTAVAIL" || error.code() == "ENOTSUP" => {
                Ok(vec![bind(Ipv4Addr::UNSPECIFIED.into(), port, backlog)?])
            }
            listeners => listeners,
        }
    }

    async fn named(host: &str, port: u16, backlog: u32, ipv6_only: bool) -> Result<Vec<TcpListener>, Error> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return match address {
                IpAddr::V6(Ipv6Addr::UNSPECIFIED) => dual_stack(port, backlog, ipv6_only),
                address => Ok(vec![bind(address, port, backlog)?]),
            };
        }
        let failed = |error: NetError| Error::getaddrinfo(error.code, host);
        let addresses = resolve(host).await.map_err(failed)?;
        let address = addresses.first().copied().ok_or_else(|| Error::getaddrinfo("ENOTFOUND", host))?;
        Ok(vec![bind(address, port, backlog)?])
    }

    /// IPv6 sockets of `wasi:sockets` are always V6ONLY, so Node's dual-stack `::` takes two.
    fn dual_stack(port: u16, backlog: u32, ipv6_only: bool) -> Result<Vec<TcpListener>, Error> {
        let mut attempts = if port == 0 { DUAL_STACK_ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            let v6 = bind(Ipv6Addr::UNSPECIFIED.into(), port, backlog)?;
            if ipv6_only {
                return Ok(vec![v6]);
            }
            match bind(Ipv4Addr::UNSPECIFIED.into(), v6.address().port(), backlog) {
                Ok(v4) => return Ok(vec![v6, v4]),
                Err(error) if attempts == 0 || error.code() != "EADDRINUSE" => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn bind(address: IpAddr, port: u16, backlog: u32) -> Result<TcpListener, Error> {
        let address = SocketAddr::new(address, port);
        let failed = |error: NetError| Error::listen(error.code, &address.ip().to_string(), port);
        TcpListener::bind(address, backlog).map_err(failed)
    }
}
