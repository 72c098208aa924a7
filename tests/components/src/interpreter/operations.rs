//! What the operations of a program do; their meaning is written in `tests/src/differential/program.rs`.

use serde_json::{Value, json};

use super::values::{chunk, distinct, flat, header_list, header_value, pairs, text_of, unique, value_json};
use super::{Program, control};
use crate::support::*;

/// How many turns the operation `tick` takes.
const TICK: u64 = 3;

/// What an operation came to.
pub(super) enum Outcome {
    Nothing,
    Result(Value),
    Throw(Error),
}

impl From<Result<(), Error>> for Outcome {
    fn from(result: Result<(), Error>) -> Self {
        result.map_or_else(Self::Throw, |()| Self::Nothing)
    }
}

/// Performs an operation; none if it waits.
pub(super) fn perform(program: &Program, operation: &Value) -> Option<Outcome> {
    let response = program.response();
    let name = operation[0].as_str().unwrap_or_default();
    let outcome = match name {
        "tick" | "sleep" | "gate" | "drain" | "readAll" => return None,
        "write" | "writeN" | "end" => body(response, name, operation),
        "writeHead" => write_head(response, operation),
        "writeContinue" => response.write_continue().into(),
        "writeProcessing" => response.write_processing().into(),
        "writeEarlyHints" => response.write_early_hints(&header_list(&operation[1])).into(),
        "flushHeaders" => response.flush_headers().into(),
        "addTrailers" => response.add_trailers(&header_list(&operation[1])).into(),
        "cork"
        | "uncork"
        | "destroy"
        | "reqDestroy"
        | "sendDate"
        | "strictContentLength"
        | "shouldKeepAlive" => {
            never_fails(program, name, operation[1] == true);
            Outcome::Nothing
        }
        "statusCode" => status_code(response, &operation[1]),
        "statusMessage" => response.set_status_message(operation[1].as_str()).into(),
        "readTrailers" | "head" | "log" => Outcome::Result(look(program, name)),
        _ => header(response, name, operation),
    };
    Some(outcome)
}

fn never_fails(program: &Program, name: &str, flag: bool) {
    let response = program.response();
    match name {
        "cork" => response.cork(),
        "uncork" => response.uncork(),
        "destroy" => response.destroy(None),
        "reqDestroy" => program.request().destroy(None),
        "sendDate" => response.set_send_date(flag),
        "shouldKeepAlive" => response.set_should_keep_alive(flag),
        _ => response.set_strict_content_length(flag),
    }
}

fn header(response: &ServerResponse, operation: &str, parameters: &Value) -> Outcome {
    let name = &text_of(&parameters[1]);
    let value = || header_value(&parameters[2]);
    match operation {
        "setHeader" => response.set_header(name, &value()).into(),
        "appendHeader" => response.append_header(name, &value()).into(),
        "removeHeader" => response.remove_header(name).into(),
        "setHeaders" => response.set_headers(&unique(header_list(&parameters[1]))).into(),
        "getHeader" => {
            Outcome::Result(response.get_header(name).map_or(Value::Null, |value| value_json(&value)))
        }
        "hasHeader" => Outcome::Result(json!(response.has_header(name))),
        "getHeaderNames" => Outcome::Result(json!(response.get_header_names())),
        "getRawHeaderNames" => Outcome::Result(json!(response.get_raw_header_names())),
        "getHeaders" => Outcome::Result(pairs(response.get_headers())),
        other => panic!("there is no operation {other:?}"),
    }
}

fn status_code(response: &ServerResponse, code: &Value) -> Outcome {
    response.set_status_code(code.as_u64().and_then(|code| code.try_into().ok()).unwrap_or_default()).into()
}

fn write_head(response: &ServerResponse, parameters: &Value) -> Outcome {
    let code = parameters[1].as_u64().and_then(|code| code.try_into().ok()).unwrap_or_default();
    response.write_head(code, parameters[2].as_str(), &header_list(&parameters[3])).into()
}

/// A write that comes too late is answered and an event; in Node it is an event, and `write` returns false.
fn body(response: &ServerResponse, operation: &str, parameters: &Value) -> Outcome {
    let late = |error: &Error| matches!(&*error.code, "ERR_STREAM_WRITE_AFTER_END" | "ERR_STREAM_DESTROYED");
    if operation == "end" {
        let data = (!parameters[1].is_null()).then(|| chunk(parameters));
        return match response.end(data.as_ref()) {
            Err(error) if !late(&error) => Outcome::Throw(error),
            _ => Outcome::Nothing,
        };
    }
    let data = match operation {
        "writeN" => {
            let byte = parameters[2].as_str().and_then(|text| text.bytes().next()).unwrap_or(b'x');
            Chunk::Bytes(vec![
                byte;
                parameters[1].as_u64().and_then(|count| count.try_into().ok()).unwrap_or(0)
            ])
        }
        _ => chunk(parameters),
    };
    match response.write(&data) {
        Ok(more) => Outcome::Result(json!(more)),
        Err(error) if late(&error) => Outcome::Result(json!(false)),
        Err(error) => Outcome::Throw(error),
    }
}

fn look(program: &Program, what: &str) -> Value {
    let (response, request) = (program.response(), program.request());
    match what {
        "readTrailers" => json!({
            "raw": flat(request.raw_trailers()),
            "trailers": pairs(request.trailers()),
            "distinct": distinct(request.trailers_distinct()),
        }),
        "head" => json!({
            "method": request.method(),
            "url": request.url(),
            "version": request.http_version(),
            "raw": flat(request.raw_headers()),
            "headers": pairs(request.headers()),
            "distinct": distinct(request.headers_distinct()),
        }),
        _ => json!({
            "headersSent": response.headers_sent(),
            "writableEnded": response.writable_ended(),
            "writableFinished": response.writable_finished(),
            "finished": response.is_finished(),
            "destroyed": response.destroyed(),
            "writableCorked": response.writable_corked(),
            "writableNeedDrain": response.writable_need_drain(),
            "socket": response.socket().is_some(),
            "statusCode": response.status_code(),
            "statusMessage": response.status_message(),
            "complete": request.complete(),
            "aborted": request.aborted(),
            "readableEnded": request.readable_ended(),
            "requestDestroyed": request.destroyed(),
        }),
    }
}

/// Performs an operation that waits.
pub(super) async fn wait(program: &Program, operation: &Value) -> Outcome {
    match operation[0].as_str().unwrap_or_default() {
        "tick" => busily(program, TICK * control::TURN).await,
        "sleep" => busily(program, operation[1].as_u64().unwrap_or_default()).await,
        "gate" => {
            let passed = program.passed.get() + 1;
            program.passed.set(passed);
            program.gate.until(|| program.opened.get() >= passed || program.session.over.get()).await;
        }
        "drain" => {
            if program.response().writable_need_drain() {
                program.response().drain().await;
            }
        }
        _ => return Outcome::Result(read_all(program).await),
    }
    Outcome::Nothing
}

async fn busily(program: &Program, milliseconds: u64) {
    let busy = &program.session.busy;
    busy.set(busy.get() + 1);
    sleep(milliseconds).await;
    busy.set(busy.get() - 1);
}

async fn read_all(program: &Program) -> Value {
    let request = program.request();
    let (mut length, mut sum) = (0, 0_u32);
    while !request.readable_ended() && !request.destroyed() {
        request.readable().await;
        match request.read(0) {
            ReadResult::Data(data) => {
                length += data.bytes.len();
                // The position counts, so that bytes in another order make another sum.
                sum = data.bytes.iter().fold(sum, |sum, &byte| (sum * 31 + u32::from(byte)) % 65_521);
            }
            ReadResult::Pending => {}
            ReadResult::End(_) | ReadResult::Failed(_) => break,
        }
    }
    json!({ "length": length, "sum": sum, "end": request.readable_ended() })
}
