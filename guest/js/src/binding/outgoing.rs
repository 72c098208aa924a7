//! Operations that responses, requests and bare outgoing messages have in common.

use node_http::{
    error::Error,
    message::{HeadFields, OutgoingMessage, ResponseContext, outgoing::DEFAULT_HIGH_WATER_MARK},
};
use serde_json::{Value, json};

use super::values::{Arguments, error_value, header_value, headers_value, unknown, value_of};

/// A response of no connection, to a request of `[method, major, minor]`.
pub(super) fn standalone(arguments: &Arguments<'_>) -> OutgoingMessage {
    let version = |index| u8::try_from(arguments.number(index)).unwrap_or(1);
    OutgoingMessage::response(ResponseContext {
        head_request: arguments.text(0) == "HEAD",
        http_version: (version(1), version(2)),
        keep_alive: true,
        te_chunked: false,
        expects_continue: false,
        keep_alive_timeout: 0,
        max_requests_per_socket: 0,
        max_requests_reached: false,
        unique_headers: std::rc::Rc::new([]),
        reject_non_standard_body_writes: false,
        high_water_mark: DEFAULT_HIGH_WATER_MARK,
    })
}

/// An operation of a message that is sent; `date` is the value of an automatic `Date`.
pub(super) fn call(
    message: &mut OutgoingMessage,
    operation: &str,
    arguments: &Arguments<'_>,
    date: &str,
) -> Result<Value, Error> {
    match operation {
        "setHeader" => message.set_header(&arguments.text(0), header_value(arguments.value(1)))?,
        "appendHeader" => message.append_header(&arguments.text(0), header_value(arguments.value(1)))?,
        "removeHeader" => message.remove_header(&arguments.text(0))?,
        "addTrailers" => message.add_trailers(&arguments.headers(0))?,
        "cork" => message.cork(),
        "uncork" => message.uncork(),
        "flushHeaders" => message.flush_headers(date)?,
        "writeHead" => write_head(message, arguments, date)?,
        "writeContinue" => message.write_continue()?,
        "writeProcessing" => message.write_processing()?,
        "writeEarlyHints" => message.write_early_hints(&arguments.headers(0))?,
        "writeInformation" => message.write_information(status(arguments, 0), &arguments.headers(1))?,
        "setStatus" => {
            message.set_status_code(status(arguments, 0))?;
            message.set_status_message(arguments.optional_text(1))?;
        }
        "setSendDate" => message.set_send_date(arguments.flag(0)),
        "setStrictContentLength" => message.set_strict_content_length(arguments.flag(0)),
        "setShouldKeepAlive" => message.set_should_keep_alive(arguments.flag(0)),
        _ => return look(message, operation, arguments),
    }
    Ok(Value::Null)
}

/// What changes nothing.
pub(super) fn look(
    message: &OutgoingMessage,
    operation: &str,
    arguments: &Arguments<'_>,
) -> Result<Value, Error> {
    Ok(match operation {
        "getHeader" => message.get_header(&arguments.text(0)).map_or(Value::Null, value_of),
        "hasHeader" => json!(message.has_header(&arguments.text(0))),
        "getHeaders" => headers_value(&message.get_headers()),
        "getHeaderNames" => json!(message.get_header_names()),
        "getRawHeaderNames" => json!(message.get_raw_header_names()),
        "statusMessage" => json!(message.status_message()),
        "headersSent" => json!(message.headers_sent()),
        "writableLength" => json!(message.writable_length()),
        "writableFinished" => json!(message.writable_finished()),
        "writableCorked" => json!(message.writable_corked()),
        "writableNeedDrain" => json!(message.writable_need_drain()),
        "chunkedEncoding" => json!(message.chunked_encoding()),
        "shouldKeepAlive" => json!(message.should_keep_alive()),
        "sendDate" => json!(message.send_date()),
        "strictContentLength" => json!(message.strict_content_length()),
        "errored" => message.errored().map_or(Value::Null, error_value),
        _ => return Err(unknown(operation)),
    })
}

/// `[status, reason?, fields?, whether these were an array]`.
fn write_head(message: &mut OutgoingMessage, arguments: &Arguments<'_>, date: &str) -> Result<(), Error> {
    let given = arguments.headers(2);
    let fields = match (given.is_empty(), arguments.flag(3)) {
        (true, _) => HeadFields::None,
        (false, true) => HeadFields::Array(&given),
        (false, false) => HeadFields::Object(&given),
    };
    message.write_head(status(arguments, 0), arguments.optional_text(1), fields, date)
}

/// A status beyond all is refused as 0 is.
fn status(arguments: &Arguments<'_>, index: usize) -> u16 {
    u16::try_from(arguments.number(index)).unwrap_or(0)
}
