//! The files of the folder `/site` over HTTP: types, ETag and conditional requests, ranges, `index.html`.

mod conditions;

use std::ops::Range;
use std::time::{Duration, SystemTime};

use node_http_imports::server::{ListenOptions, Reply, Server, ServerOptions, ServerResponse};
use node_http_imports::wasi::filesystem::preopens::get_directories;
use node_http_imports::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};
use node_http_imports::{Error, main};

use conditions::Version;

main!(static_files);

async fn static_files() -> Result<(), Box<dyn std::error::Error>> {
    let folder = get_directories().into_iter().find(|(_, name)| name == "/site");
    let (folder, _) = folder.ok_or("no folder /site: run with --dir FOLDER::/site:ro")?;
    let server = Server::create(&ServerOptions::default())?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    server.serve(async move |response: &ServerResponse| serve(response, &folder).await).await;
    Ok(())
}

async fn serve(response: &ServerResponse, folder: &Descriptor) -> Result<Option<Reply>, Error> {
    let line = response.request_line();
    if line.method != "GET" && line.method != "HEAD" {
        return Ok(Some(Reply::text("GET or HEAD\n").status(405).header("Allow", "GET, HEAD")));
    }
    let Some(path) = path(&line.url) else { return Ok(Some(Reply::text("Bad request\n").status(400))) };
    let Ok((file, name, stat)) = open(folder, path).await else {
        return Ok(Some(Reply::text("Not found\n").status(404)));
    };
    let version = Version { size: stat.size, modified: Some(modified(&stat)) };
    let wanted = version.wanted(&response.request());
    response.write_head(wanted.status, None, &version.fields(&wanted, content_type(&name)))?;
    if line.method == "GET" {
        send(response, &file, wanted.bytes).await?;
    }
    response.end(None).map(|()| None)
}

/// Sends a part of a file, as fast as the client takes it.
async fn send(response: &ServerResponse, file: &Descriptor, part: Range<u64>) -> Result<(), Error> {
    let (mut bytes, _) = file.read_via_stream(part.start);
    let mut left = usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
    while left > 0 {
        let (_, piece) = bytes.read(Vec::with_capacity(left.min(64 * 1024))).await;
        if piece.is_empty() {
            // The file has become shorter: the connection ends where the client does not expect it, as it should.
            response.destroy(None);
            break;
        }
        left -= piece.len();
        response.write_all(piece).await?;
    }
    Ok(())
}

/// The path of a target, without its slash and decoded. None for what no file can have.
fn path(target: &str) -> Option<String> {
    let encoded = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?
            }
            byte => byte,
        });
    }
    let path = String::from_utf8(bytes).ok()?;
    // The runtime lets nobody out of the folder; hidden files are nobody's business either.
    let hidden = path.split('/').any(|segment| segment.starts_with('.'));
    (!hidden && !path.contains(['\0', '\\'])).then_some(path)
}

/// The file, or `index.html` of the folder.
async fn open(
    folder: &Descriptor,
    mut path: String,
) -> Result<(Descriptor, String, DescriptorStat), ErrorCode> {
    if path.is_empty() || path.ends_with('/') {
        path.push_str("index.html");
    }
    let (flags, rights) = (OpenFlags::empty(), DescriptorFlags::READ);
    let file = folder.open_at(PathFlags::SYMLINK_FOLLOW, path.clone(), flags, rights).await?;
    let stat = file.stat().await?;
    match stat.type_ {
        DescriptorType::RegularFile => Ok((file, path, stat)),
        _ => Err(ErrorCode::NoEntry),
    }
}

/// When a file was changed, in whole seconds, as HTTP has it.
fn modified(stat: &DescriptorStat) -> SystemTime {
    let seconds = stat.data_modification_timestamp.map_or(0, |instant| instant.seconds);
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}
