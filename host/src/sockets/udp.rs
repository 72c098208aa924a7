//! `udp-socket` is wasmtime-wasi's: everything is handed on. It asks the policy by its `socket_addr_check`, which may not
//! wait; what there is to wait for is waited for here.

use std::net::SocketAddr;

use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi::p3::bindings::sockets::types::{
    ErrorCode, Host, HostUdpSocket, HostUdpSocketWithStore, IpAddressFamily, IpSocketAddress, UdpSocket,
};
use wasmtime_wasi::sockets::WasiSockets;

use super::{NetworkCtxView, NetworkView, SocketError, SocketResult, Sockets};

impl Host for NetworkCtxView<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl<T: NetworkView + 'static> HostUdpSocketWithStore<T> for Sockets {
    async fn send(
        store: &Accessor<T, Self>,
        socket: Resource<UdpSocket>,
        data: Vec<u8>,
        remote: Option<IpSocketAddress>,
    ) -> SocketResult<()> {
        let (policy, remote_address) = store.with(|mut access| {
            let mut view = access.get();
            let policy = view.network.policy.clone();
            let connected = || view.get_remote_address(Resource::new_borrow(socket.rep())).ok();
            (policy, remote.or_else(connected))
        });
        if let Some(address) = remote_address {
            policy.look_up_for_send(SocketAddr::from(address)).await;
        }
        let store = store.with_getter::<WasiSockets>(T::sockets);
        <WasiSockets as HostUdpSocketWithStore<T>>::send(&store, socket, data, remote).await
    }

    async fn receive(
        store: &Accessor<T, Self>,
        socket: Resource<UdpSocket>,
    ) -> SocketResult<(Vec<u8>, IpSocketAddress)> {
        let store = store.with_getter::<WasiSockets>(T::sockets);
        <WasiSockets as HostUdpSocketWithStore<T>>::receive(&store, socket).await
    }
}

impl HostUdpSocket for NetworkCtxView<'_> {
    async fn create(&mut self, family: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        if !self.network.policy.may_create_udp() {
            return Err(ErrorCode::AccessDenied.into());
        }
        HostUdpSocket::create(&mut self.wasi, family).await
    }

    async fn bind(&mut self, socket: Resource<UdpSocket>, local: IpSocketAddress) -> SocketResult<()> {
        HostUdpSocket::bind(&mut self.wasi, socket, local).await
    }

    async fn connect(&mut self, socket: Resource<UdpSocket>, remote: IpSocketAddress) -> SocketResult<()> {
        HostUdpSocket::connect(&mut self.wasi, socket, remote).await
    }

    fn disconnect(&mut self, socket: Resource<UdpSocket>) -> SocketResult<()> {
        HostUdpSocket::disconnect(&mut self.wasi, socket)
    }

    fn get_local_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        HostUdpSocket::get_local_address(&mut self.wasi, socket)
    }

    fn get_remote_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        HostUdpSocket::get_remote_address(&mut self.wasi, socket)
    }

    fn get_address_family(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<IpAddressFamily> {
        HostUdpSocket::get_address_family(&mut self.wasi, socket)
    }

    fn get_unicast_hop_limit(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u8> {
        HostUdpSocket::get_unicast_hop_limit(&mut self.wasi, socket)
    }

    fn set_unicast_hop_limit(&mut self, socket: Resource<UdpSocket>, value: u8) -> SocketResult<()> {
        HostUdpSocket::set_unicast_hop_limit(&mut self.wasi, socket, value)
    }

    fn get_receive_buffer_size(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u64> {
        HostUdpSocket::get_receive_buffer_size(&mut self.wasi, socket)
    }

    fn set_receive_buffer_size(&mut self, socket: Resource<UdpSocket>, value: u64) -> SocketResult<()> {
        HostUdpSocket::set_receive_buffer_size(&mut self.wasi, socket, value)
    }

    fn get_send_buffer_size(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u64> {
        HostUdpSocket::get_send_buffer_size(&mut self.wasi, socket)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<UdpSocket>, value: u64) -> SocketResult<()> {
        HostUdpSocket::set_send_buffer_size(&mut self.wasi, socket, value)
    }

    fn drop(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<()> {
        HostUdpSocket::drop(&mut self.wasi, socket)
    }
}
