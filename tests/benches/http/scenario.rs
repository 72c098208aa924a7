//! What is measured: the table of scenarios.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// One table of the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Connections that are open at a time; of clients, requests in flight.
    pub(crate) connections: usize,
    pub(crate) what: What,
}

/// What somebody does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Servers answer, `depth` requests at once on each connection.
    Requests { page: Page, depth: usize },
    /// Servers that are reverse proxies of a fixed server pass on.
    Proxied,
    /// Servers that are so many workers, with a core for each as far as there are cores, compute.
    Work { workers: usize },
    /// Servers echo messages of `size` bytes, `depth` at once on each WebSocket.
    Messages { size: usize, depth: usize },
    /// Clients ask a fixed server.
    Clients { keep_alive: bool },
    /// Servers hold connections that are not used any more.
    Idle { web_sockets: bool },
    /// Servers start.
    Start,
}

/// What a server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// A tiny answer.
    Plain,
    /// The same with the headers of a browser.
    Browser,
    /// The same, on a connection of its own.
    New,
    /// The body comes back.
    Echo,
    /// 1 MiB with its length.
    Sized,
    /// 1 MiB, chunked.
    Chunked,
    /// 1000 lines, each written by itself.
    Lines,
    /// A tiny answer that is computed.
    Work,
}

/// Everything, in the order of the report.
pub(crate) const ALL: [Scenario; 23] = [
    requests("c1", "tiny GET, 1 connection", 1, Page::Plain, 1),
    requests("c64", "tiny GET, 64 connections", 64, Page::Plain, 1),
    requests("c1000", "tiny GET, 1000 connections", 1000, Page::Plain, 1),
    requests("c64p16", "tiny GET, 64 connections, 16 pipelined on each", 64, Page::Plain, 16),
    requests("c64h30", "GET with 30 headers, 64 connections", 64, Page::Browser, 1),
    requests("c64new", "tiny GET on a new connection each, 64 at a time", 64, Page::New, 1),
    requests("c64echo", "POST of 64 KiB that is echoed, 64 connections", 64, Page::Echo, 1),
    requests("c16sized", "answers of 1 MiB by length, 16 connections", 16, Page::Sized, 1),
    requests("c16chunked", "answers of 1 MiB, chunked, 16 connections", 16, Page::Chunked, 1),
    requests("c16lines", "chunked answers of 1000 small writes, 16 connections", 16, Page::Lines, 1),
    Scenario {
        name: "c64proxy",
        about: "tiny GET through a reverse proxy, 64 connections",
        connections: 64,
        what: What::Proxied,
    },
    work("c64work1", "a handler that computes for 200 us, 64 connections, 1 worker", 1),
    work("c64work2", "the same with 2 workers, each on a core of its own", 2),
    clients("client1", "a client with 1 request in flight", 1, true),
    clients("client64", "a client with 64 requests in flight", 64, true),
    clients("client1new", "a client with 1 request in flight, a connection for each", 1, false),
    clients("client64new", "a client with 64 requests in flight, a connection for each", 64, false),
    messages("ws64", "64 WebSockets that echo 64 bytes", 64, 1),
    messages("ws64p16", "64 WebSockets that echo 64 bytes, 16 messages in flight on each", 64, 16),
    messages("ws65536", "64 WebSockets that echo 65536 bytes", 64 * 1024, 1),
    idle("idle", "memory for each of 15,000 idle connections", 15_000, false),
    idle("ws-idle", "memory for each of 10,000 idle WebSockets", 10_000, true),
    Scenario { name: "start", about: "from exec to the first 200", connections: 1, what: What::Start },
];

const fn requests(
    name: &'static str,
    about: &'static str,
    connections: usize,
    page: Page,
    depth: usize,
) -> Scenario {
    Scenario { name, about, connections, what: What::Requests { page, depth } }
}

const fn work(name: &'static str, about: &'static str, workers: usize) -> Scenario {
    Scenario { name, about, connections: 64, what: What::Work { workers } }
}

const fn clients(name: &'static str, about: &'static str, connections: usize, keep_alive: bool) -> Scenario {
    Scenario { name, about, connections, what: What::Clients { keep_alive } }
}

const fn messages(name: &'static str, about: &'static str, size: usize, depth: usize) -> Scenario {
    Scenario { name, about, connections: 64, what: What::Messages { size, depth } }
}

const fn idle(name: &'static str, about: &'static str, connections: usize, web_sockets: bool) -> Scenario {
    Scenario { name, about, connections, what: What::Idle { web_sockets } }
}

impl What {
    /// What a server is asked for, where that is one thing.
    pub(crate) fn page(self) -> Page {
        match self {
            Self::Requests { page, .. } => page,
            Self::Work { .. } => Page::Work,
            Self::Proxied
            | Self::Messages { .. }
            | Self::Clients { .. }
            | Self::Idle { .. }
            | Self::Start => Page::Plain,
        }
    }

    /// Requests or messages that are sent at once on a connection.
    pub(crate) fn depth(self) -> usize {
        match self {
            Self::Requests { depth, .. } | Self::Messages { depth, .. } => depth,
            Self::Proxied | Self::Work { .. } | Self::Clients { .. } | Self::Idle { .. } | Self::Start => 1,
        }
    }

    /// What a program is told in its environment.
    pub(crate) fn variables(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Requests { page: Page::New, .. } => vec![("CLOSE", "true".to_owned())],
            Self::Requests { page: Page::Sized, .. } => vec![("BODY", (1 << 20).to_string())],
            Self::Work { workers } => vec![("WORKERS", workers.to_string())],
            // Connections stay open for as long as that takes.
            Self::Idle { .. } => vec![("KEEP_ALIVE_TIMEOUT", "0".to_owned())],
            Self::Requests { .. }
            | Self::Proxied
            | Self::Messages { .. }
            | Self::Clients { .. }
            | Self::Start => Vec::new(),
        }
    }
}

impl Page {
    /// The request for it, as short as tools for load make it.
    pub(crate) fn request(self, address: SocketAddr) -> Vec<u8> {
        let (method, path) = match self {
            Self::Plain | Self::Browser | Self::New => ("GET", "/plain"),
            Self::Echo => ("POST", "/echo"),
            Self::Sized => ("GET", "/sized"),
            Self::Chunked => ("GET", "/chunked"),
            Self::Lines => ("GET", "/lines"),
            Self::Work => ("GET", "/work"),
        };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
        match self {
            Self::New => head.push_str("Connection: close\r\n"),
            Self::Echo => head.push_str(&format!("Content-Length: {ECHOED}\r\n")),
            Self::Browser => {
                for (name, value) in BROWSER {
                    // Writing to a string cannot fail.
                    let _ = write!(head, "{name}: {value}\r\n");
                }
            }
            Self::Plain | Self::Sized | Self::Chunked | Self::Lines | Self::Work => {}
        }
        head.push_str("\r\n");
        let mut request = head.into_bytes();
        if self == Self::Echo {
            request.resize(request.len() + ECHOED, b'.');
        }
        request
    }
}

/// Bytes of a body that is echoed.
const ECHOED: usize = 64 * 1024;

/// What a browser sends beside `Host`, through a proxy or two.
const BROWSER: [(&str, &str); 29] = [
    ("Connection", "keep-alive"),
    ("Cache-Control", "max-age=0"),
    ("sec-ch-ua", "\"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\""),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", "\"Linux\""),
    ("sec-ch-ua-arch", "\"x86\""),
    ("sec-ch-ua-bitness", "\"64\""),
    ("sec-ch-ua-full-version", "\"142.0.7444.60\""),
    ("sec-ch-prefers-color-scheme", "light"),
    ("DNT", "1"),
    ("Upgrade-Insecure-Requests", "1"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    ),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-User", "?1"),
    ("Sec-Fetch-Dest", "document"),
    ("Referer", "http://www.example.com/articles/2026/how-servers-are-measured.html"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-GB,en-US;q=0.9,en;q=0.8,de;q=0.7"),
    (
        "Cookie",
        "session=6f1ed002ab5595859014ebf0951522d9; theme=light; consent=yes; _ga=GA1.1.1234567890.1764400000",
    ),
    ("If-None-Match", "W/\"1a2b-19ac2f0d3c8\""),
    ("If-Modified-Since", "Sat, 28 Nov 2026 10:11:12 GMT"),
    ("Priority", "u=0, i"),
    ("X-Forwarded-For", "203.0.113.195, 198.51.100.178"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "www.example.com"),
    ("X-Request-Id", "7b7e2f5a-6f0c-4c9e-9d8e-0a1b2c3d4e5f"),
    ("Via", "1.1 edge-3.example.net, 1.1 cache-7.example.net"),
];
