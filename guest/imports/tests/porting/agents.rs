use super::*;

// ## Agents and connections

// X3: Keeping connections
// const agent = new http.Agent({ keepAlive: true });
// http.get({ ...options, agent }, (res) => {});
async fn keep_alive(url: &str) -> Result<(), Error> {
    let agent = Agent::create(&AgentOptions { keep_alive: Some(true), ..Default::default() })?;
    let request = http::get(Some(url), None, Some(&agent), None)?;
    request.response().await?.read_all(1 << 20).await?;
    Ok(())
}

// X2: A connection of its own
// http.get({ ...options, agent: false }, (res) => {});
fn one_shot(url: &str) -> Result<ClientRequest, Error> {
    let options = RequestOptions { agent: Some(AgentChoice::OneShot), ..Default::default() };
    http::get(Some(url), Some(options), None, None)
}

// X1: A long request that the pool should not count
// http.get(options, (res) => {}).on('socket', (socket) => {
//   socket.emit('agentRemove');
// });
async fn agent_remove(request: &ClientRequest) {
    request.listen_for(ClientRequestEvents::SOCKET);
    request.ready().await;
    for event in request.take_events(0) {
        if let ClientRequestEventKind::Socket(socket) = event.kind {
            socket.agent_remove();
        }
    }
}

// X4: What becomes of an idle connection
// class MyAgent extends http.Agent {
//   keepSocketAlive(socket) { return false; }
// }
async fn hooks(agent: &Agent) -> Result<(), Error> {
    agent.listen_for(AgentEvents::KEEP_SOCKET_ALIVE);
    loop {
        agent.ready().await;
        for event in agent.take_events(0) {
            if let AgentEventKind::KeepSocketAlive(hook) = event.kind {
                agent.reply_keep_socket_alive(hook.id, false)?; // it is destroyed
            }
        }
    }
}

// X11: Requests as far apart as the server's timeout
// setInterval(() => {
//   http.get('http://localhost:3000', { agent }, (res) => res.resume());
// }, 5000);
async fn every_five_seconds(agent: &Agent) -> Result<(), Error> {
    loop {
        let request = http::get(Some("http://localhost:3000"), None, Some(agent), None)?;
        request.response().await?.resume();
        wait_for(5_000_000_000).await;
    }
}

// X12: Asking again when a kept connection was closed
// const req = http.get(url, { agent }, (res) => {})
//   .on('error', (err) => {
//     if (req.reusedSocket && err.code === 'ECONNRESET')
//       retriableRequest();
//   });
async fn retriable(url: &str, agent: &Agent) -> Result<IncomingMessage, Error> {
    loop {
        let req = http::get(Some(url), None, Some(agent), None)?;
        match req.response().await {
            Err(error) if req.reused_socket() && error.code == "ECONNRESET" => {}
            result => return result,
        }
    }
}

// X5: A tunnel through a proxy
// proxy.on('connect', (req, clientSocket, head) => {
//   const { port, hostname } = new URL(`http://${req.url}`);
//   const serverSocket = net.connect(port, hostname, () => {
//     clientSocket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
//     serverSocket.write(head);
//     serverSocket.pipe(clientSocket);
//     clientSocket.pipe(serverSocket);
//   });
// });
//
// http.request({ host: 'localhost', port: 1337, method: 'CONNECT',
//   path: 'www.google.com:80' }).on('connect', (res, socket, head) => {});
async fn tunnel(Upgrade { request, socket: client, head }: Upgrade) -> Result<(), Error> {
    let target = request.url();
    let (host, port) = target.rsplit_once(':').unwrap_or((&target, "80"));
    let (host, port) = (Some(host.to_owned()), port.parse().ok());
    let options = ConnectOptions { host, port, ..Default::default() };
    let server = http::global_agent().create_connection(&options)?;
    server.listen_for(SocketEvents::CONNECT | SocketEvents::ERROR);
    server.ready().await;
    for event in server.take_events(0) {
        if let SocketEventKind::Error(error) = event.kind {
            return Err(error);
        }
    }
    client.write(&"HTTP/1.1 200 Connection Established\r\n\r\n".into())?;
    server.write(&head.into())?;
    let (down, up) = join(pipe(&server, &client), pipe(&client, &server)).await;
    down.and(up)
}

async fn pipe(from: &Socket, to: &Socket) -> Result<(), Error> {
    to.send(from.incoming()?).await?;
    to.end(None)
}

async fn through_the_tunnel() -> Result<Option<Upgraded>, Error> {
    let options = RequestOptions {
        method: Some("CONNECT".to_owned()),
        path: Some("www.google.com:80".to_owned()),
        listening: Some(ClientRequestEvents::CONNECT),
        ..Default::default()
    };
    let request = http::request(Some("http://localhost:1337"), Some(options), None, None)?;
    request.end(None)?;
    request.ready().await;
    Ok(request.take_events(0).into_iter().find_map(|event| match event.kind {
        ClientRequestEventKind::Connect(upgraded) => Some(upgraded),
        _ => None,
    }))
}
