//! The generated traits for `tcp-socket`, delegated to [`TcpSocket`].

use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, ResourceTable, StreamReader};
use wasmtime_wasi::p3::bindings::sockets::types::{
    self, Duration, ErrorCode, HostTcpSocket, HostTcpSocketWithStore, IpAddressFamily, IpSocketAddress,
};

use super::accept::Acceptor;
use super::socket::TcpSocket;
use super::streams::{Receiver, Sender, sent};
use super::{NetworkCtxView, NetworkView, SocketError, SocketResult, Sockets};

/// The resource type that wasmtime-wasi's bindings carry. Its table entries are ours: only the number is shared.
type Handle = Resource<types::TcpSocket>;

pub(super) fn push(table: &mut ResourceTable, socket: TcpSocket) -> wasmtime::Result<Handle> {
    Ok(Resource::new_own(table.push(socket)?.rep()))
}

fn get<'a>(table: &'a ResourceTable, handle: &Handle) -> wasmtime::Result<&'a TcpSocket> {
    Ok(table.get(&Resource::new_borrow(handle.rep()))?)
}

pub(super) fn get_mut<'a>(
    table: &'a mut ResourceTable,
    handle: &Handle,
) -> wasmtime::Result<&'a mut TcpSocket> {
    Ok(table.get_mut(&Resource::new_borrow(handle.rep()))?)
}

impl<T: NetworkView + 'static> HostTcpSocketWithStore<T> for Sockets {
    async fn connect(store: &Accessor<T, Self>, handle: Handle, remote: IpSocketAddress) -> SocketResult<()> {
        let remote = SocketAddr::from(remote);
        let (socket, policy) = store.with(|mut access| -> SocketResult<_> {
            let view = access.get();
            let socket = get_mut(view.wasi.table, &handle).map_err(SocketError::trap)?;
            Ok((socket.start_connect(remote)?, view.network.policy.clone()))
        })?;
        policy.look_up_for_connect(remote).await;
        let result = match policy.may_connect(remote) {
            true => socket.connect(remote).await.map_err(ErrorCode::from),
            false => Err(ErrorCode::AccessDenied),
        };
        store.with(|mut access| {
            let socket = get_mut(access.get().wasi.table, &handle).map_err(SocketError::trap)?;
            Ok(socket.finish_connect(remote, result)?)
        })
    }

    async fn listen(mut store: Access<'_, T, Self>, handle: Handle) -> SocketResult<StreamReader<Handle>> {
        let view = store.getter();
        let NetworkCtxView { network, wasi, .. } = store.get();
        let socket = get_mut(wasi.table, &handle).map_err(SocketError::trap)?;
        let listener = socket.listen(network)?;
        let (family, part) = (socket.family, socket.take_part());
        let (drain, metrics) = (network.drain.clone(), network.metrics.clone());
        let acceptor = Acceptor::new(listener, family, part, drain, metrics, view);
        StreamReader::new(&mut store, acceptor).map_err(SocketError::trap)
    }

    fn send(
        mut store: Access<'_, T, Self>,
        handle: Handle,
        mut data: StreamReader<u8>,
    ) -> wasmtime::Result<FutureReader<Result<(), ErrorCode>>> {
        match get_mut(store.get().wasi.table, &handle)?.take_send() {
            Ok(stream) => {
                let (ending, ended) = oneshot::channel();
                let sent = sent(Arc::downgrade(&stream), ended);
                data.pipe(&mut store, Sender::new(stream, ending))?;
                FutureReader::new(&mut store, sent)
            }
            Err(code) => {
                data.close(&mut store)?;
                FutureReader::new(&mut store, async move { wasmtime::error::Ok(Err(code)) })
            }
        }
    }

    fn receive(
        mut store: Access<'_, T, Self>,
        handle: Handle,
    ) -> wasmtime::Result<(StreamReader<u8>, FutureReader<Result<(), ErrorCode>>)> {
        match get_mut(store.get().wasi.table, &handle)?.take_receive() {
            Ok(stream) => {
                let (ending, ended) = oneshot::channel();
                let reader = StreamReader::new(&mut store, Receiver::new(stream, ending))?;
                Ok((reader, FutureReader::new(&mut store, ended)?))
            }
            Err(code) => {
                let reader = StreamReader::new(&mut store, iter::empty())?;
                Ok((reader, FutureReader::new(&mut store, async move { wasmtime::error::Ok(Err(code)) })?))
            }
        }
    }
}

impl NetworkCtxView<'_> {
    fn tcp(&self, handle: &Handle) -> SocketResult<&TcpSocket> {
        get(self.wasi.table, handle).map_err(SocketError::trap)
    }

    fn tcp_mut(&mut self, handle: &Handle) -> SocketResult<&mut TcpSocket> {
        get_mut(self.wasi.table, handle).map_err(SocketError::trap)
    }
}

impl HostTcpSocket for NetworkCtxView<'_> {
    fn create(&mut self, family: IpAddressFamily) -> SocketResult<Handle> {
        let socket = TcpSocket::new(family, self.network.metrics.clone()).map_err(ErrorCode::from)?;
        push(self.wasi.table, socket).map_err(SocketError::trap)
    }

    async fn bind(&mut self, handle: Handle, address: IpSocketAddress) -> SocketResult<()> {
        let network = self.network;
        Ok(self.tcp_mut(&handle)?.bind(network, address.into())?)
    }

    fn get_local_address(&mut self, handle: Handle) -> SocketResult<IpSocketAddress> {
        Ok(self.tcp(&handle)?.local_address()?.into())
    }

    fn get_remote_address(&mut self, handle: Handle) -> SocketResult<IpSocketAddress> {
        Ok(self.tcp(&handle)?.remote_address()?.into())
    }

    fn get_is_listening(&mut self, handle: Handle) -> wasmtime::Result<bool> {
        Ok(get(self.wasi.table, &handle)?.is_listening())
    }

    fn get_address_family(&mut self, handle: Handle) -> wasmtime::Result<IpAddressFamily> {
        Ok(get(self.wasi.table, &handle)?.family)
    }

    fn set_listen_backlog_size(&mut self, handle: Handle, value: u64) -> SocketResult<()> {
        Ok(self.tcp_mut(&handle)?.set_backlog(value)?)
    }

    fn get_keep_alive_enabled(&mut self, handle: Handle) -> SocketResult<bool> {
        Ok(self.tcp(&handle)?.keep_alive_enabled()?)
    }

    fn set_keep_alive_enabled(&mut self, handle: Handle, value: bool) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_keep_alive_enabled(value)?)
    }

    fn get_keep_alive_idle_time(&mut self, handle: Handle) -> SocketResult<Duration> {
        Ok(self.tcp(&handle)?.keep_alive_idle_time()?)
    }

    fn set_keep_alive_idle_time(&mut self, handle: Handle, value: Duration) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_keep_alive_idle_time(value)?)
    }

    fn get_keep_alive_interval(&mut self, handle: Handle) -> SocketResult<Duration> {
        Ok(self.tcp(&handle)?.keep_alive_interval()?)
    }

    fn set_keep_alive_interval(&mut self, handle: Handle, value: Duration) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_keep_alive_interval(value)?)
    }

    fn get_keep_alive_count(&mut self, handle: Handle) -> SocketResult<u32> {
        Ok(self.tcp(&handle)?.keep_alive_count()?)
    }

    fn set_keep_alive_count(&mut self, handle: Handle, value: u32) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_keep_alive_count(value)?)
    }

    fn get_hop_limit(&mut self, handle: Handle) -> SocketResult<u8> {
        Ok(self.tcp(&handle)?.hop_limit()?)
    }

    fn set_hop_limit(&mut self, handle: Handle, value: u8) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_hop_limit(value)?)
    }

    fn get_receive_buffer_size(&mut self, handle: Handle) -> SocketResult<u64> {
        Ok(self.tcp(&handle)?.receive_buffer_size()?)
    }

    fn set_receive_buffer_size(&mut self, handle: Handle, value: u64) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_receive_buffer_size(value)?)
    }

    fn get_send_buffer_size(&mut self, handle: Handle) -> SocketResult<u64> {
        Ok(self.tcp(&handle)?.send_buffer_size()?)
    }

    fn set_send_buffer_size(&mut self, handle: Handle, value: u64) -> SocketResult<()> {
        Ok(self.tcp(&handle)?.set_send_buffer_size(value)?)
    }

    fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.wasi.table.delete(Resource::<TcpSocket>::new_own(handle.rep()))?;
        Ok(())
    }
}
