//! What a component is kept from, seen from inside the sandbox.

use std::path::PathBuf;

use node_http_host::bindings::NodeHttp;
use node_http_host::bindings::exports::node::http::types::Error;
use node_http_host::sockets::NetworkView as _;
use node_http_host::wasmtime::component::Resource;
use node_http_host::wasmtime_wasi::p2::bindings::sockets::{
    instance_network, ip_name_lookup, network::IpAddressFamily as Family, udp_create_socket,
};
use node_http_host::wasmtime_wasi::p3::bindings::sockets::types::{
    ErrorCode, HostUdpSocket, IpAddressFamily, IpSocketAddress,
};
use node_http_host::wasmtime_wasi::sockets::WasiSocketsView as _;
use node_http_host::{COMPONENT, Ctx, Host, Options, Policy};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn ctx(change: impl FnOnce(&mut Policy)) -> Ctx {
    let mut policy = Policy::default();
    change(&mut policy);
    Ctx::builder().policy(policy).build()
}

/// What `http.get(url)` fails with.
fn get(ctx: Ctx, url: &str) -> Error {
    let cache = Some(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let app = Host::with(Options { cache, ..Options::default() }).unwrap().load(COMPONENT).unwrap();
    let url = url.to_owned();
    block_on(async {
        let mut session = app.instantiate(ctx).await?;
        let work = session.run(async |store, instance| {
            let exports = store.with(|access| NodeHttp::new(access, &instance))?;
            let request = exports.node_http_http().call_get(store, Some(url), None, None, None).await?;
            let request = request.expect("a request");
            exports.node_http_client_request().client_request().call_response(store, request).await
        });
        work.await?
    })
    .expect("no trap")
    .expect_err("no answer")
}

#[test]
fn a_rule_for_an_address_opens_no_name_lookup() {
    let error = get(
        ctx(|policy| _ = policy.allow_connect("127.0.0.1:80".parse().unwrap())),
        "http://secret.invalid/",
    );
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("EACCES", "getaddrinfo EACCES secret.invalid")
    );
}

#[test]
fn a_rule_with_a_name_lets_that_name_be_looked_up() {
    let error =
        get(ctx(|policy| _ = policy.allow_connect("nx.invalid".parse().unwrap())), "http://nx.invalid/");
    assert_eq!(error.code, "ENOTFOUND");
}

#[test]
fn names_of_wasi_0_2_are_checked_too() {
    let mut ctx = ctx(|policy| _ = policy.allow_connect("127.0.0.1:80".parse().unwrap()));
    let look_up = |ctx: &mut Ctx, name: &str| {
        let network = instance_network::Host::instance_network(&mut ctx.sockets()).unwrap();
        ip_name_lookup::Host::resolve_addresses(&mut ctx.network(), network, name.to_owned())
    };
    block_on(async {
        assert!(look_up(&mut ctx, "secret.invalid").is_err());
        let stream = look_up(&mut ctx, "127.0.0.1").expect("an address is its own name");
        let mut network = ctx.network();
        let borrowed = Resource::new_borrow(stream.rep());
        let next = ip_name_lookup::HostResolveAddressStream::resolve_next_address(&mut network, borrowed);
        assert!(matches!(next, Ok(Some(_))));
        ip_name_lookup::HostResolveAddressStream::drop(&mut network, stream).unwrap();
    });
}

#[test]
fn udp_is_off_by_default() {
    let mut ctx = ctx(|policy| {
        policy.allow_connect("*".parse().unwrap()).allow_listen("*".parse().unwrap());
    });
    block_on(async {
        let created = HostUdpSocket::create(&mut ctx.network(), IpAddressFamily::Ipv4).await;
        assert!(matches!(created.unwrap_err().downcast(), Ok(ErrorCode::AccessDenied)));
        assert!(udp_create_socket::Host::create_udp_socket(&mut ctx.sockets(), Family::Ipv4).await.is_err());
    });
}

#[test]
fn udp_has_rules_of_its_own() {
    let mut ctx = ctx(|policy| {
        policy.allow_udp("127.0.0.1:4000".parse().unwrap()).allow_connect("127.0.0.1:4001".parse().unwrap());
    });
    let address = |text: &str| IpSocketAddress::from(text.parse::<std::net::SocketAddr>().unwrap());
    block_on(async {
        let mut network = ctx.network();
        let socket = HostUdpSocket::create(&mut network, IpAddressFamily::Ipv4).await.unwrap();
        let mut connect = async |text: &str| {
            HostUdpSocket::connect(&mut network, Resource::new_borrow(socket.rep()), address(text)).await
        };
        connect("127.0.0.1:4000").await.unwrap();
        assert!(matches!(
            connect("127.0.0.1:4001").await.unwrap_err().downcast(),
            Ok(ErrorCode::AccessDenied)
        ));
        let other = HostUdpSocket::create(&mut network, IpAddressFamily::Ipv4).await.unwrap();
        let bound = HostUdpSocket::bind(&mut network, other, address("127.0.0.1:4001")).await;
        assert!(matches!(bound.unwrap_err().downcast(), Ok(ErrorCode::AccessDenied)));
    });
}
