//! Uploads into the folder `/uploads`: `PUT /NAME` writes a file, `GET /NAME` says how far it is.
//!
//! The body goes to the file as it comes; a client that is faster than the disk waits. A file has its name when it is whole.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::rc::Rc;

use node_http_imports::server::{
    IncomingMessage, ListenOptions, Reply, Server, ServerOptions, ServerResponse,
};
use node_http_imports::wasi::filesystem::preopens::get_directories;
use node_http_imports::wasi::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use node_http_imports::{main, wit_stream};

main!(upload);

/// How far an upload is.
#[derive(Clone, Copy)]
struct Progress {
    received: u64,
    /// What `Content-Length` says.
    total: Option<u64>,
    done: bool,
}

struct App {
    folder: Descriptor,
    uploads: RefCell<BTreeMap<String, Progress>>,
}

async fn upload() -> Result<(), Box<dyn Error>> {
    let folder = get_directories().into_iter().find(|(_, name)| name == "/uploads");
    let (folder, _) = folder.ok_or("no folder /uploads: run with --dir FOLDER::/uploads")?;
    let app = Rc::new(App { folder, uploads: RefCell::default() });
    // An upload may take as long as it does.
    let server = Server::create(&ServerOptions { request_timeout: Some(0), ..Default::default() })?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    server.serve(async move |response: &ServerResponse| route(response, &app).await).await;
    Ok(())
}

async fn route(response: &ServerResponse, app: &Rc<App>) -> Result<Reply, Box<dyn Error>> {
    let line = response.request_line();
    let name = line.url.trim_start_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Ok(Reply::text("A name has letters, digits, and `-_.` inside\n").status(400));
    }
    let known = app.uploads.borrow().get(name).copied();
    match (line.method.as_str(), known) {
        ("GET", Some(Progress { received, total, done })) => {
            let total = total.map_or("null".to_owned(), |total| total.to_string());
            let json = format!("{{\"received\":{received},\"total\":{total},\"done\":{done}}}\n");
            Ok(Reply::json(json))
        }
        ("GET", None) => Ok(Reply::text("Not found\n").status(404)),
        ("PUT", Some(Progress { done: false, .. })) => {
            Ok(Reply::text("Somebody else is sending it\n").status(409))
        }
        ("PUT", _) => put(app, name, &response.request()).await,
        _ => Ok(Reply::text("GET or PUT\n").status(405).header("Allow", "GET, PUT")),
    }
}

async fn put(app: &Rc<App>, name: &str, request: &IncomingMessage) -> Result<Reply, Box<dyn Error>> {
    let total = request.header_text("content-length").and_then(|length| length.parse().ok());
    let start = Progress { received: 0, total, done: false };
    app.uploads.borrow_mut().insert(name.to_owned(), start);
    let part = format!(".{name}.part");
    let received = match receive(app, name, &part, request).await {
        Ok(received) => received,
        Err(error) => {
            // What has come is of no use to anybody.
            app.uploads.borrow_mut().remove(name);
            app.folder.unlink_file_at(part).await?;
            return Err(error);
        }
    };
    app.folder.rename_at(part, &app.folder, name.to_owned()).await?;
    app.uploads.borrow_mut().insert(name.to_owned(), Progress { received, done: true, ..start });
    Ok(Reply::text(format!("{received} bytes\n")).status(201))
}

async fn receive(
    app: &Rc<App>,
    name: &str,
    part: &str,
    request: &IncomingMessage,
) -> Result<u64, Box<dyn Error>> {
    let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let file = app.folder.open_at(PathFlags::empty(), part.to_owned(), flags, DescriptorFlags::WRITE).await?;
    let (mut to_file, reader) = wit_stream::new();
    let written = file.write_via_stream(reader, 0);
    let mut received = 0;
    while let Some(piece) = request.next().await? {
        received += piece.len() as u64;
        if !to_file.write_all(piece).await.is_empty() {
            break; // the disk is full: `written` says so
        }
        if let Some(progress) = app.uploads.borrow_mut().get_mut(name) {
            progress.received = received;
        }
    }
    drop(to_file);
    written.await?;
    Ok(received)
}
