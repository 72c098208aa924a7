//! Examples about connections: upgrades, broken ones, and closing.

use futures_util::future::join;

use super::hello_world;
use crate::support::*;

const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\n\r\n";

/// X7, its server.
pub(crate) async fn upgrade() -> Done {
    let server = listen("upgrade", listening(ServerEvents::UPGRADE)).await;
    react(&server, |event| match event {
        ServerEventKind::Upgrade(upgrade) => spawn(echo(upgrade.socket)),
        ServerEventKind::Request(response) => {
            let head = [header("Content-Type", "text/plain")];
            response.write_head(200, None, &head).expect("a fresh response");
            end(&response, "okay").expect("an open response");
        }
        other => panic!("{other:?}"),
    })
    .await;
}

async fn echo(socket: Socket) -> Result<(), Error> {
    socket.write(&text(
        "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n",
    ))?;
    // `socket.pipe(socket)`: the end is piped, too.
    let echoed = socket.send(socket.incoming()?).await?;
    println!("echoed {echoed}");
    socket.end(None)?;
    socket.closed().await;
    println!("closed");
    Ok(())
}

/// X16.
pub(crate) async fn client_error() -> Done {
    let server = listen("client error", listening(ServerEvents::CLIENT_ERROR)).await;
    react(&server, |event| match event {
        ServerEventKind::ClientError(broken) => {
            broken.socket.end(Some(&text(BAD_REQUEST))).expect("an open socket");
        }
        other => panic!("{other:?}"),
    })
    .await;
}

/// X17.
pub(crate) async fn client_error_guarded() -> Done {
    let server = listen("client error", listening(ServerEvents::CLIENT_ERROR)).await;
    react(&server, |event| match event {
        ServerEventKind::ClientError(broken) => {
            println!("clientError {}", broken.error.code);
            if broken.error.code == "ECONNRESET" || !broken.socket.writable() {
                let late = broken.socket.write(&text(BAD_REQUEST)).expect_err("the connection is gone");
                assert_eq!(late.code, "ERR_STREAM_DESTROYED");
                return;
            }
            broken.socket.end(Some(&text(BAD_REQUEST))).expect("an open socket");
        }
        other => panic!("{other:?}"),
    })
    .await;
}

/// X18. Not after ten seconds, but once the client is idle.
pub(crate) async fn close() -> Done {
    let server = listen("close", patient()).await;
    let response = next_request(&server).await;
    hello_world(&response).expect("a fresh response");
    response.finished().await.expect("a client that reads");
    server.close().await.expect("it listens");
    println!("server on port 8000 closed successfully");
}

/// X19.
pub(crate) async fn close_all() -> Done {
    let server = listen("close", patient()).await;
    let active = next_request(&server).await;
    let close_all = async { server.close_all_connections() };
    let (closed, ()) = join(server.close(), close_all).await;
    closed.expect("it listens");
    println!("server on port 8000 closed successfully");
    assert!(active.destroyed());
}

/// X20. The active request ends when its body does.
pub(crate) async fn close_idle() -> Done {
    let server = listen("close", patient()).await;
    let idle = next_request(&server).await;
    hello_world(&idle).expect("a fresh response");
    idle.finished().await.expect("a client that reads");
    let active = next_request(&server).await;
    let close_idle = async {
        server.close_idle_connections();
        println!("idle connections closed");
        active.request().read_all(10).await.expect("a whole body");
        hello_world(&active).expect("a fresh response");
    };
    let (closed, ()) = join(server.close(), close_idle).await;
    closed.expect("it listens");
    println!("server on port 8000 closed successfully");
}

async fn react(server: &Server, mut react: impl FnMut(ServerEventKind)) {
    loop {
        server.ready().await;
        for event in server.take_events(0) {
            match event.kind {
                ServerEventKind::Close => return,
                kind => react(kind),
            }
        }
    }
}

fn listening(events: ServerEvents) -> ServerOptions {
    ServerOptions { listening: Some(events), ..ServerOptions::default() }
}

/// The closing examples have a keep-alive timeout that nobody waits for.
fn patient() -> ServerOptions {
    ServerOptions { keep_alive_timeout: Some(60_000), ..ServerOptions::default() }
}
