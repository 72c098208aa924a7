//! Says hello: a component that imports `node:http`.

use node_http_imports::server::{ListenOptions, Reply, Server, ServerOptions};
use node_http_imports::{Error, main};

main!(hello);

async fn hello() -> Result<(), Error> {
    let server = Server::create(&ServerOptions::default())?; // all options have defaults
    let address = server.listen(ListenOptions::from_env(), None).await?; // HOST and PORT
    println!("listening on port {}", address.port);
    server.serve(async |_| Reply::text("Hello!\n")).await;
    Ok(())
}
