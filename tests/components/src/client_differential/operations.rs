//! What a program does to its request.

use super::exchange::Exchange;
use super::{options, words};
use crate::support::{Chunk, Encoding, Error, ErrorName};
use serde_json::{Value, json};

/// Does `name`; the answer is its result, in the words of both interpreters.
pub(super) fn perform(exchange: &Exchange, name: &str, operation: &Value) -> Result<String, Error> {
    let request = exchange.request();
    let header = operation["name"].as_str().unwrap_or_default();
    let span = operation["ms"].as_u64().unwrap_or_default();
    let on = operation["on"] == true;
    match name {
        "setHeader" => request.set_header(header, &options::value(&operation["value"]))?,
        "appendHeader" => request.append_header(header, &options::value(&operation["value"]))?,
        "setHeaders" => request.set_headers(&options::fields(&operation["fields"]))?,
        "removeHeader" => request.remove_header(header)?,
        "flushHeaders" => request.flush_headers()?,
        "addTrailers" => request.add_trailers(&options::fields(&operation["fields"]))?,
        "cork" => request.cork(),
        "uncork" => request.uncork(),
        "end" => ended(request.end(chunk(operation).as_ref()))?,
        "abort" => request.abort(),
        "destroy" => request.destroy(operation["error"].as_str().map(mine).as_ref()),
        "destroyResponse" => exchange.message.get().into_iter().for_each(|message| message.destroy(None)),
        "abortSignal" => exchange.signal.as_ref().expect("a signal").abort(reason(operation)),
        "setTimeout" => request.set_timeout(options::span(span)),
        "setNoDelay" => request.set_no_delay(on),
        "setSocketKeepAlive" => request.set_socket_keep_alive(on, options::span(1000)),
        "maxHeadersCount" => {
            request.set_max_headers_count(operation["count"].as_u64().map(|count| count as u32))
        }
        _ => return asked(exchange, name, operation),
    }
    Ok("ok".to_owned())
}

/// Operations that answer something.
fn asked(exchange: &Exchange, name: &str, operation: &Value) -> Result<String, Error> {
    let request = exchange.request();
    let header = operation["name"].as_str().unwrap_or_default();
    Ok(match name {
        "getHeader" => match request.get_header(header).as_ref().map(words::value) {
            Some(Value::String(text)) => text,
            other => other.unwrap_or_default().to_string(),
        },
        "hasHeader" => request.has_header(header).to_string(),
        "getHeaders" => words::headers(&request.get_headers()),
        "getHeaderNames" => json!(request.get_header_names()).to_string(),
        "getRawHeaderNames" => json!(request.get_raw_header_names()).to_string(),
        "write" => {
            let chunk = chunk(operation).expect("something to write");
            written(request.write(&chunk))?.to_string()
        }
        "writeN" => repeated(exchange, operation)?,
        other => panic!("no such operation: {other}"),
    })
}

fn repeated(exchange: &Exchange, operation: &Value) -> Result<String, Error> {
    let number = |name: &str| operation[name].as_u64().expect("a number") as usize;
    let count = number("count");
    let piece = operation["text"].as_str().expect("a text").repeat(number("size"));
    let chunk = Chunk::Text(piece);
    let mut taken = -1;
    for number in 0..count {
        if !written(exchange.request().write(&chunk))? && taken < 0 {
            taken = number as i64;
        }
    }
    Ok(format!("{count} calls, false from {taken}"))
}

/// Node's `write` answers false where ours answers the error that the event `error` brings, too.
fn written(result: Result<bool, Error>) -> Result<bool, Error> {
    result.or_else(|error| if is_told(&error) { Ok(false) } else { Err(error) })
}

/// The same for `end`.
fn ended(result: Result<(), Error>) -> Result<(), Error> {
    result.or_else(|error| if is_told(&error) { Ok(()) } else { Err(error) })
}

fn is_told(error: &Error) -> bool {
    ["ERR_STREAM_WRITE_AFTER_END", "ERR_STREAM_DESTROYED"].contains(&error.code.as_str())
}

fn chunk(operation: &Value) -> Option<Chunk> {
    if let Some(digits) = operation["hex"].as_str() {
        let bytes = digits.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hexadecimal digits");
            u8::from_str_radix(pair, 16).expect("hexadecimal digits")
        });
        return Some(Chunk::Bytes(bytes.collect()));
    }
    let text = operation["text"].as_str()?.to_owned();
    Some(match operation["encoding"].as_str() {
        None => Chunk::Text(text),
        Some(name) => Chunk::Encoded((text, encoding(name))),
    })
}

fn encoding(name: &str) -> Encoding {
    match name {
        "utf8" => Encoding::Utf8,
        "utf16le" => Encoding::Utf16le,
        "latin1" => Encoding::Latin1,
        "ascii" => Encoding::Ascii,
        "hex" => Encoding::Hex,
        "base64" => Encoding::Base64,
        "base64url" => Encoding::Base64url,
        other => panic!("no such encoding: {other}"),
    }
}

fn mine(message: &str) -> Error {
    Error {
        name: ErrorName::Error,
        code: String::new(),
        message: message.to_owned(),
        parse: None,
        system: None,
        cause: None,
    }
}

fn reason(operation: &Value) -> Option<&str> {
    operation["reason"].as_str().filter(|reason| !reason.is_empty())
}
