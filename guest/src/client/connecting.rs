//! Making a connection: Node's `net.createConnection`, name lookup and `autoSelectFamily` included.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::future::{Either, select};

use super::options::{ConnectOptions, IpFamily, Target};
use crate::{
    error::Error,
    net::{self, ConnectError, Stream},
    runtime::{self, Span},
};

const PORT: u16 = 80;

/// Connects as `options` say.
///
/// # Errors
/// `ENOTFOUND` and its relatives of the lookup; those of the first attempt when every address fails. (Node has an
/// `AggregateError` without a message of its own then; its code is the first attempt's, too.)
pub(super) async fn connect(options: &ConnectOptions) -> Result<Stream, Error> {
    options.validate()?;
    let addresses = addresses(options).await?;
    let several = addresses.len() > 1;
    let port = options.port.unwrap_or(PORT);
    let mut first = None;
    for (index, address) in addresses.iter().enumerate() {
        let remote = SocketAddr::new(*address, port);
        let local = local_end(options, *address);
        let is_last = index + 1 == addresses.len();
        let patience = (several && !is_last).then(|| options.attempt_timeout());
        match attempt(remote, local, patience).await {
            Ok(stream) => return Ok(stream),
            Err(error) => first = first.or_else(|| Some(describe(error, remote, local))),
        }
    }
    // `addresses` answers at least one or an error.
    Err(first.unwrap_or_else(|| Error::getaddrinfo("ENOTFOUND", options.host())))
}

/// The addresses to try, in order.
async fn addresses(options: &ConnectOptions) -> Result<Vec<IpAddr>, Error> {
    let host = options.host();
    let mut found = match options.target()? {
        Target::Addresses(addresses) => addresses,
        Target::Name(name) => {
            let resolved = net::resolve(&name).await;
            resolved.map_err(|error| Error::getaddrinfo(error.code, host))?
        }
    };
    if let Some(family) = options.family
        && host.parse::<IpAddr>().is_err()
    {
        found.retain(|address| address.is_ipv4() == (family == IpFamily::Ipv4));
    }
    if found.is_empty() {
        return Err(Error::getaddrinfo("ENOTFOUND", host));
    }
    if options.selects_family() {
        Ok(alternate(&found))
    } else {
        found.truncate(1);
        Ok(found)
    }
}

/// Families in turn, beginning with that of the first address (RFC 8305 section 4).
fn alternate(found: &[IpAddr]) -> Vec<IpAddr> {
    let first_family = found.first().is_some_and(IpAddr::is_ipv4);
    let (own, other): (Vec<IpAddr>, Vec<IpAddr>) =
        found.iter().partition(|address| address.is_ipv4() == first_family);
    let longest = own.len().max(other.len());
    (0..longest).flat_map(|index| [own.get(index), other.get(index)]).flatten().copied().collect()
}

/// The local end, where one was asked for.
fn local_end(options: &ConnectOptions, remote: IpAddr) -> Option<SocketAddr> {
    let address = options.local_address();
    let port = options.local_port.unwrap_or(0);
    if address.is_none() && port == 0 {
        return None;
    }
    let any = match remote {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Some(SocketAddr::new(address.unwrap_or(any), port))
}

/// One attempt; with `patience` it is given up after so many milliseconds.
async fn attempt(
    remote: SocketAddr,
    local: Option<SocketAddr>,
    patience: Option<Span>,
) -> Result<Stream, ConnectError> {
    let Some(patience) = patience else { return net::connect(remote, local).await };
    let connecting = Box::pin(net::connect(remote, local));
    let too_long = Box::pin(runtime::sleep_until(patience.after(runtime::now())));
    match select(connecting, too_long).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(ConnectError { code: "ETIMEDOUT", syscall: "connect" }),
    }
}

fn describe(error: ConnectError, remote: SocketAddr, local: Option<SocketAddr>) -> Error {
    match local.filter(|_| error.syscall == "bind") {
        Some(local) => Error::bind(error.code, &local.ip().to_string(), local.port()),
        None => Error::connect(error.code, &remote.ip().to_string(), remote.port()),
    }
}
