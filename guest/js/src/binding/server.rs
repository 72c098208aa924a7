//! Operations of servers and their responses.

use node_http::{
    error::Error,
    net::{Listener, memory},
    server::{Server, ServerEvents, ServerOptions, ServerResponse},
};
use serde_json::{Value, json};

use super::{
    message::{MESSAGE_EVENTS, bits, now},
    objects::{Object, add},
    options::server_options,
    outgoing, pipe,
    values::{Arguments, small, unknown},
};

/// The events of a response that change what the face knows; others only where somebody listens.
const RESPONSE_EVENTS: u16 = 0b11_0100;

pub(super) fn create(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let server = Server::create(ServerOptions {
        response_listening: Some(RESPONSE_EVENTS),
        message_listening: Some(MESSAGE_EVENTS),
        ..server_options(arguments.value(0))
    })?;
    Ok(json!(add(|_| Object::Server(server))))
}

pub(super) fn call(server: &Server, operation: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    match operation {
        // Connections come by `adopt` alone, so nobody keeps the other end of this listener.
        "listen" => {
            let (listener, connector) = memory::listener();
            server.serve(Listener::Memory(listener))?;
            std::mem::forget(connector);
        }
        "adopt" => {
            let (stream, pipe) = pipe::open(arguments.id(0));
            server.adopt(stream)?;
            return Ok(json!(pipe));
        }
        "listenFor" => server.listen_for(ServerEvents::from_bits(bits(arguments))),
        // Who waits for the end listens to 'close' of the socket's server.
        "close" => drop(now(server.close())),
        "closeIdleConnections" => server.close_idle_connections(),
        "closeAllConnections" => server.close_all_connections(),
        "settings" => {
            let settings = server.settings();
            return Ok(json!({
                "headersTimeout": settings.headers_timeout,
                "requestTimeout": settings.request_timeout,
                "keepAliveTimeout": settings.keep_alive_timeout,
            }));
        }
        "configure" => configure(server, arguments.value(0)),
        _ => return Err(unknown(operation)),
    }
    Ok(Value::Null)
}

/// Sets the properties that are given.
fn configure(server: &Server, given: &Value) {
    server.configure(|settings| {
        let set = |place: &mut u32, name: &str| {
            if let Some(number) = small(&given[name]) {
                *place = number;
            }
        };
        set(&mut settings.headers_timeout, "headersTimeout");
        set(&mut settings.request_timeout, "requestTimeout");
        set(&mut settings.keep_alive_timeout, "keepAliveTimeout");
        set(&mut settings.timeout, "timeout");
        set(&mut settings.max_requests_per_socket, "maxRequestsPerSocket");
        settings.max_headers_count = small(&given["maxHeadersCount"]);
        if let Some(allow) = given["httpAllowHalfOpen"].as_bool() {
            settings.http_allow_half_open = allow;
        }
    });
}

pub(super) fn call_response(
    response: &ServerResponse,
    operation: &str,
    arguments: &Arguments<'_>,
) -> Result<Value, Error> {
    match operation {
        "destroy" => response.destroy(arguments.error(0)),
        "setTimeout" => response.set_timeout(arguments.number(0)),
        "listenFor" => response.listen_for(RESPONSE_EVENTS | bits(arguments)),
        "hasSocket" => return Ok(json!(response.socket().is_some())),
        "flushed" => return Ok(json!(now(response.flushed()).map(|flushed| flushed.is_ok()))),
        _ => return response.answer(|message, date| outgoing::call(message, operation, arguments, date)),
    }
    Ok(Value::Null)
}
