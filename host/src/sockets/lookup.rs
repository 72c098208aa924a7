//! `ip-name-lookup` is wasmtime-wasi's, with the policy before it and the policy's rules behind it.

use std::net::IpAddr;

use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi::p2;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup as lookup_0_2;
use wasmtime_wasi::p2::bindings::sockets::network as network_0_2;
use wasmtime_wasi::p3::bindings::sockets::ip_name_lookup::{self, ErrorCode, HostWithStore};
use wasmtime_wasi::p3::bindings::sockets::types::IpAddress;
use wasmtime_wasi::sockets::WasiSockets;

use super::{NetworkCtxView, NetworkView, Sockets};

impl ip_name_lookup::Host for NetworkCtxView<'_> {}

impl<T: NetworkView + 'static> HostWithStore<T> for Sockets {
    async fn resolve_addresses(
        store: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Vec<IpAddress>, ErrorCode>> {
        let policy = store.with(|mut access| access.get().network.policy.clone());
        if !policy.may_look_up(&name) {
            return Ok(Err(ErrorCode::AccessDenied));
        }
        let store = store.with_getter::<WasiSockets>(T::sockets);
        let found = <WasiSockets as HostWithStore<T>>::resolve_addresses(&store, name.clone()).await?;
        if let Ok(addresses) = &found {
            let addresses: Vec<IpAddr> = addresses.iter().map(|address| IpAddr::from(*address)).collect();
            policy.learn(&name, &addresses);
        }
        Ok(found)
    }
}

/// A `resolve-address-stream` of wasi 0.2: wasmtime-wasi's, and what was asked for.
struct Lookup {
    name: String,
    stream: Resource<lookup_0_2::ResolveAddressStream>,
}

/// The resource type that wasmtime-wasi's bindings carry. Its table entries are ours: only the number is shared.
type Handle = Resource<lookup_0_2::ResolveAddressStream>;

impl NetworkCtxView<'_> {
    fn lookup(&self, handle: &Handle) -> wasmtime::Result<(String, Handle)> {
        let lookup: &Lookup = self.wasi.table.get(&Resource::new_borrow(handle.rep()))?;
        Ok((lookup.name.clone(), Resource::new_borrow(lookup.stream.rep())))
    }
}

impl lookup_0_2::Host for NetworkCtxView<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<p2::Network>,
        name: String,
    ) -> Result<Handle, p2::SocketError> {
        if !self.network.policy.may_look_up(&name) {
            return Err(network_0_2::ErrorCode::AccessDenied.into());
        }
        let stream = lookup_0_2::Host::resolve_addresses(&mut self.wasi, network, name.clone())?;
        Ok(Resource::new_own(self.wasi.table.push(Lookup { name, stream })?.rep()))
    }
}

impl lookup_0_2::HostResolveAddressStream for NetworkCtxView<'_> {
    fn resolve_next_address(
        &mut self,
        handle: Handle,
    ) -> Result<Option<network_0_2::IpAddress>, p2::SocketError> {
        let (name, stream) = self.lookup(&handle).map_err(p2::SocketError::trap)?;
        let next = lookup_0_2::HostResolveAddressStream::resolve_next_address(&mut self.wasi, stream)?;
        if let Some(address) = next {
            self.network.policy.learn(&name, &[ip(address)]);
        }
        Ok(next)
    }

    fn subscribe(&mut self, handle: Handle) -> wasmtime::Result<Resource<p2::DynPollable>> {
        let (_, stream) = self.lookup(&handle)?;
        lookup_0_2::HostResolveAddressStream::subscribe(&mut self.wasi, stream)
    }

    fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        let lookup = self.wasi.table.delete(Resource::<Lookup>::new_own(handle.rep()))?;
        lookup_0_2::HostResolveAddressStream::drop(&mut self.wasi, lookup.stream)
    }
}

/// The errors of the interface above belong to this one.
impl network_0_2::Host for NetworkCtxView<'_> {
    fn convert_error_code(&mut self, error: p2::SocketError) -> wasmtime::Result<network_0_2::ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<p2::IoError>,
    ) -> wasmtime::Result<Option<network_0_2::ErrorCode>> {
        network_0_2::Host::network_error_code(&mut self.wasi, error)
    }
}

impl network_0_2::HostNetwork for NetworkCtxView<'_> {
    fn drop(&mut self, network: Resource<p2::Network>) -> wasmtime::Result<()> {
        network_0_2::HostNetwork::drop(&mut self.wasi, network)
    }
}

fn ip(address: network_0_2::IpAddress) -> IpAddr {
    match address {
        network_0_2::IpAddress::Ipv4((a, b, c, d)) => [a, b, c, d].into(),
        network_0_2::IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => [a, b, c, d, e, f, g, h].into(),
    }
}
