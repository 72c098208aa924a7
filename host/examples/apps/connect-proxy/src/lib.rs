//! A proxy for `CONNECT`: makes tunnels to the hosts that the runtime lets it connect to.

use futures_util::future::try_join;
use node_http_imports::net::{ConnectOptions, Socket, SocketEventKind, SocketEvents};
use node_http_imports::server::{
    ListenOptions, Reply, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Upgrade,
};
use node_http_imports::{Error, describe, http, main, spawn_local};

main!(connect_proxy);

async fn connect_proxy() -> Result<(), Error> {
    let options = ServerOptions { listening: Some(ServerEvents::CONNECT), ..ServerOptions::default() };
    let server = Server::create(&options)?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    let no_proxying = async |_: &ServerResponse| Reply::text("CONNECT only\n").status(405);
    server
        .serve_with(no_proxying, |event| {
            if let ServerEventKind::Connect(client) = event {
                spawn_local(tunnel(client));
            }
        })
        .await;
    Ok(())
}

async fn tunnel(client: Upgrade) {
    let target = client.request.url();
    let server = match connect(&target).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("{target}: {}", describe(&error));
            // It fails when the client has gone.
            let _ = client.socket.end(Some(&"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n".into()));
            return;
        }
    };
    match relay(client, &server).await {
        Ok((up, down)) => println!("{target}: {up} bytes up, {down} down"),
        // One side has gone: with this task the handles go, and both connections end.
        Err(error) => println!("{target}: {}", describe(&error)),
    }
}

/// Node's `net.connect`, ready to be used.
async fn connect(target: &str) -> Result<Socket, Error> {
    let (host, port) = target.rsplit_once(':').unwrap_or((target, "443"));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let options = ConnectOptions {
        host: Some(host.to_owned()),
        port: Some(port.parse().unwrap_or(443)),
        ..ConnectOptions::default()
    };
    let socket = http::global_agent().create_connection(&options)?;
    socket.listen_for(SocketEvents::CONNECT | SocketEvents::ERROR);
    loop {
        socket.ready().await;
        for event in socket.take_events(0) {
            match event.kind {
                SocketEventKind::Connect => return Ok(socket),
                SocketEventKind::Error(error) => return Err(error),
                _ => {}
            }
        }
    }
}

async fn relay(client: Upgrade, server: &Socket) -> Result<(u64, u64), Error> {
    client.socket.write(&"HTTP/1.1 200 Connection Established\r\n\r\n".into())?;
    let early = client.head.len() as u64;
    if early > 0 {
        server.write(&client.head.into())?;
    }
    let (up, down) = try_join(pipe(&client.socket, server), pipe(server, &client.socket)).await?;
    Ok((early + up, down))
}

/// Passes bytes on, and the end of them.
async fn pipe(from: &Socket, to: &Socket) -> Result<u64, Error> {
    let count = to.send(from.incoming()?).await?;
    to.end(None)?;
    Ok(count)
}
