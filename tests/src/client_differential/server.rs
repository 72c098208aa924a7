//! The server of a program: it records what comes, and answers the first request that comes with the first answer of
//! the program, the next with the second, on whichever connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{Origin, Peer, latin1, to_latin1};

/// Starts it.
pub(super) fn start(program: &Value) -> Origin {
    let list = |name: &str| program[name].as_array().cloned().unwrap_or_default();
    let (requests, answers) = (list("requests"), list("answers"));
    let (next, together) = (AtomicUsize::new(0), program["together"] == true);
    Origin::start(move |peer| {
        loop {
            let head = peer.head()?;
            let number = match numbered(&head).filter(|_| together) {
                // Requests that race for the server say which answer is theirs.
                Some(number) => number,
                None => {
                    // Some never come.
                    let first = next.load(Ordering::Relaxed);
                    let number = (first..requests.len()).find(|number| is_of(&requests[*number], &head));
                    let number = number.unwrap_or(first);
                    next.store(number + 1, Ordering::Relaxed);
                    number
                }
            };
            let answer = answers.get(number)?;
            if answer["after"] == "body" {
                body(peer, &head)?;
            }
            for action in answer["do"].as_array()? {
                act(peer, action, head.starts_with("HEAD "))?;
            }
            if answer["after"] != "body" {
                // Not the head of what comes next.
                body(peer, &head)?;
            }
        }
    })
}

/// Whether the first line of `head` may be the request's.
fn is_of(request: &Value, head: &str) -> bool {
    let mut words = head.split(' ');
    let method = request["options"]["method"].as_str().filter(|method| !method.is_empty());
    let path = request["options"]["path"].as_str().filter(|path| !path.is_empty());
    words.next().is_some_and(|word| word.eq_ignore_ascii_case(method.unwrap_or("GET")))
        // What is not ASCII has several ways to be sent.
        && words.next().is_some_and(|word| path.is_none_or(|path| word == path || !path.is_ascii()))
}

/// The number that is the whole path.
fn numbered(head: &str) -> Option<usize> {
    head.split(' ').nth(1)?.strip_prefix('/')?.parse().ok()
}

/// What came, how it is framed, and which connections are over, in the order of what came. A connection on which nothing
/// came is nobody's: how many are opened for requests that are destroyed at once is a matter of speed.
pub(super) fn seen(server: &Origin) -> Value {
    let mut seen = server.seen();
    seen.retain(|seen| !seen.received.is_empty());
    seen.sort_by(|one, other| one.received.cmp(&other.received));
    let seen = seen.into_iter();
    seen.map(|seen| {
        let framing = framing(&seen.received);
        json!({ "received": seen.received, "framing": framing, "closed": seen.ended || seen.reset })
    })
    .collect()
}

/// Whether `received` is whole requests, or ends too early, or has something that no header announces.
fn framing(received: &str) -> &'static str {
    let received = to_latin1(received);
    let mut rest = &received[..];
    while !rest.is_empty() {
        let first = rest.len() == received.len();
        let Some((head, behind)) = split(rest, b"\r\n\r\n") else {
            return if first { "short" } else { "surplus" };
        };
        let head = latin1(head);
        if !head.lines().next().unwrap_or_default().ends_with(" HTTP/1.1") {
            return "surplus";
        }
        let body = match announced(&head) {
            Announced::Nothing => return "surplus",
            Announced::Bytes(length) => behind.get(length..),
            Announced::Chunks => behind_chunks(behind),
        };
        let Some(behind) = body else { return "short" };
        rest = behind;
    }
    "whole"
}

/// What follows the last chunk and its trailers.
fn behind_chunks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (line, behind) = split(rest, b"\r\n")?;
        rest = match usize::from_str_radix(latin1(line).trim(), 16).ok()? {
            0 => break rest = behind,
            size => behind.get(size + 2..)?,
        };
    }
    loop {
        let (line, behind) = split(rest, b"\r\n")?;
        rest = behind;
        if line.is_empty() {
            return Some(rest);
        }
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

enum Announced {
    Bytes(usize),
    Chunks,
    /// A coding that does not say where it ends.
    Nothing,
}

fn announced(head: &str) -> Announced {
    let head = head.to_ascii_lowercase();
    let value =
        |name: &str| head.lines().filter_map(|line| line.strip_prefix(name)).next_back().map(str::trim);
    match value("transfer-encoding:") {
        Some(coding) if coding.ends_with("chunked") => Announced::Chunks,
        Some(_) => Announced::Nothing,
        None => match value("content-length:").map(str::parse) {
            None => Announced::Bytes(0),
            Some(length) => length.map_or(Announced::Nothing, Announced::Bytes),
        },
    }
}

/// Waits until the body is there that `head` announces.
fn body(peer: &mut Peer, head: &str) -> Option<()> {
    let length = match announced(head) {
        Announced::Bytes(length) => length,
        Announced::Nothing => 0,
        Announced::Chunks => loop {
            let line = peer.until("\r\n")?;
            match usize::from_str_radix(line.trim(), 16).ok()? {
                0 => break 0,
                size => peer.take(size + 2)?,
            };
        },
    };
    if let Announced::Chunks = announced(head) {
        while peer.until("\r\n")? != "\r\n" {}
    }
    peer.take(length).map(drop)
}

fn act(peer: &mut Peer, action: &Value, head_only: bool) -> Option<()> {
    match action["do"].as_str()? {
        "send" => peer.send(action["bytes"].as_str()?),
        // What a server that knows its HTTP leaves out.
        "sendBody" if head_only => Some(()),
        "sendBody" => peer.send(action["bytes"].as_str()?),
        "wait" => {
            thread::sleep(Duration::from_millis(action["ms"].as_u64()?));
            Some(())
        }
        "end" => {
            peer.half_close()?;
            None
        }
        "reset" => {
            peer.reset()?;
            None
        }
        other => panic!("no such action: {other}"),
    }
}
