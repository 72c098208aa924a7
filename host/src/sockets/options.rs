//! Socket options, with the ranges that `wasi:sockets` promises on every system.
//!
//! On Linux, accepted sockets inherit all of them from their listener.

use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt;
use wasmtime_wasi::p3::bindings::sockets::types::{ErrorCode, IpAddressFamily};

use super::socket::TcpSocket;

type Result<T> = std::result::Result<T, ErrorCode>;

/// Linux' upper limits, the lowest of those in use.
const MAX_KEEP_ALIVE_SECONDS: u64 = i16::MAX as u64;
const MAX_KEEP_ALIVE_COUNT: u32 = i8::MAX as u32;

impl TcpSocket {
    pub(super) fn keep_alive_enabled(&self) -> Result<bool> {
        sockopt::socket_keepalive(self.fd()?).map_err(code)
    }

    pub(super) fn set_keep_alive_enabled(&self, value: bool) -> Result<()> {
        sockopt::set_socket_keepalive(self.fd()?, value).map_err(code)
    }

    pub(super) fn keep_alive_idle_time(&self) -> Result<u64> {
        Ok(nanoseconds(sockopt::tcp_keepidle(self.fd()?).map_err(code)?))
    }

    pub(super) fn set_keep_alive_idle_time(&self, value: u64) -> Result<()> {
        sockopt::set_tcp_keepidle(self.fd()?, keep_alive_time(value)?).map_err(code)
    }

    pub(super) fn keep_alive_interval(&self) -> Result<u64> {
        Ok(nanoseconds(sockopt::tcp_keepintvl(self.fd()?).map_err(code)?))
    }

    pub(super) fn set_keep_alive_interval(&self, value: u64) -> Result<()> {
        sockopt::set_tcp_keepintvl(self.fd()?, keep_alive_time(value)?).map_err(code)
    }

    pub(super) fn keep_alive_count(&self) -> Result<u32> {
        sockopt::tcp_keepcnt(self.fd()?).map_err(code)
    }

    pub(super) fn set_keep_alive_count(&self, value: u32) -> Result<()> {
        let value = nonzero(value)?.min(MAX_KEEP_ALIVE_COUNT);
        sockopt::set_tcp_keepcnt(self.fd()?, value).map_err(code)
    }

    pub(super) fn hop_limit(&self) -> Result<u8> {
        match self.family {
            IpAddressFamily::Ipv4 => {
                let limit = sockopt::ip_ttl(self.fd()?).map_err(code)?;
                u8::try_from(limit).map_err(|_| ErrorCode::NotSupported)
            }
            IpAddressFamily::Ipv6 => sockopt::ipv6_unicast_hops(self.fd()?).map_err(code),
        }
    }

    pub(super) fn set_hop_limit(&self, value: u8) -> Result<()> {
        let value = nonzero(value)?;
        match self.family {
            IpAddressFamily::Ipv4 => sockopt::set_ip_ttl(self.fd()?, value.into()),
            IpAddressFamily::Ipv6 => sockopt::set_ipv6_unicast_hops(self.fd()?, Some(value)),
        }
        .map_err(code)
    }

    pub(super) fn receive_buffer_size(&self) -> Result<u64> {
        sockopt::socket_recv_buffer_size(self.fd()?).map(reported_size).map_err(code)
    }

    pub(super) fn set_receive_buffer_size(&self, value: u64) -> Result<()> {
        as_hint(sockopt::set_socket_recv_buffer_size(self.fd()?, buffer_size(value)?))
    }

    pub(super) fn send_buffer_size(&self) -> Result<u64> {
        sockopt::socket_send_buffer_size(self.fd()?).map(reported_size).map_err(code)
    }

    pub(super) fn set_send_buffer_size(&self, value: u64) -> Result<()> {
        as_hint(sockopt::set_socket_send_buffer_size(self.fd()?, buffer_size(value)?))
    }
}

fn code(errno: Errno) -> ErrorCode {
    errno.into()
}

/// wasi:sockets: "If the provided value is 0, an `invalid-argument` error is returned."
fn nonzero<T: PartialEq + From<u8>>(value: T) -> Result<T> {
    if value == T::from(0) { Err(ErrorCode::InvalidArgument) } else { Ok(value) }
}

/// Systems count whole seconds; less than one must not become none.
fn keep_alive_time(nanoseconds: u64) -> Result<Duration> {
    let seconds = Duration::from_nanos(nonzero(nanoseconds)?).as_secs();
    Ok(Duration::from_secs(seconds.clamp(1, MAX_KEEP_ALIVE_SECONDS)))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn buffer_size(value: u64) -> Result<usize> {
    const MAX: usize = i32::MAX as usize;
    Ok(usize::try_from(nonzero(value)?).unwrap_or(MAX).min(MAX))
}

/// Linux doubles what is set, for its own needs, and reports the double.
fn reported_size(size: usize) -> u64 {
    let size = if cfg!(target_os = "linux") { size / 2 } else { size };
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// The size is a hint in wasi:sockets; BSD refuses what it cannot do.
fn as_hint(result: rustix::io::Result<()>) -> Result<()> {
    match result {
        Ok(()) | Err(Errno::NOBUFS) => Ok(()),
        Err(errno) => Err(code(errno)),
    }
}
