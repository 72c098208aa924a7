//! Options as the face gives them: Node's names, checked by it; what is missing is Node's default.

use node_http::{
    agent::{Options, Scheduling},
    client::{AgentOptions, ConnectOptions, RequestOptions},
    server::ServerOptions,
};
use serde_json::Value;

use super::values::{family, headers, port, small, strings, text, whole};

pub(super) fn server_options(given: &Value) -> ServerOptions {
    ServerOptions {
        headers_timeout: small(&given["headersTimeout"]),
        high_water_mark: whole(&given["highWaterMark"]),
        insecure_http_parser: given["insecureHTTPParser"].as_bool(),
        join_duplicate_headers: given["joinDuplicateHeaders"].as_bool(),
        keep_alive_timeout: small(&given["keepAliveTimeout"]),
        max_header_size: whole(&given["maxHeaderSize"]),
        request_timeout: small(&given["requestTimeout"]),
        require_host_header: given["requireHostHeader"].as_bool(),
        unique_headers: strings(&given["uniqueHeaders"]),
        reject_non_standard_body_writes: given["rejectNonStandardBodyWrites"].as_bool(),
        http_allow_half_open: Some(given["httpAllowHalfOpen"].as_bool().unwrap_or(false)),
        ..ServerOptions::default()
    }
}

pub(super) fn request_options(given: &Value) -> RequestOptions {
    RequestOptions {
        auth: text(&given["auth"]),
        default_port: port(&given["defaultPort"]),
        family: family(&given["family"]),
        headers: headers(&given["headers"]),
        raw_headers: given["rawHeaders"].as_bool(),
        host: text(&given["host"]),
        hostname: text(&given["hostname"]),
        insecure_http_parser: given["insecureHTTPParser"].as_bool(),
        join_duplicate_headers: given["joinDuplicateHeaders"].as_bool(),
        local_address: text(&given["localAddress"]),
        max_header_size: whole(&given["maxHeaderSize"]),
        method: text(&given["method"]),
        path: text(&given["path"]),
        port: port(&given["port"]),
        set_default_headers: given["setDefaultHeaders"].as_bool(),
        set_host: given["setHost"].as_bool(),
        timeout: small(&given["timeout"]),
        unique_headers: strings(&given["uniqueHeaders"]),
        ..RequestOptions::default()
    }
}

pub(super) fn agent_options(given: &Value) -> AgentOptions {
    let fifo = given["scheduling"].as_str() == Some("fifo");
    AgentOptions {
        pool: Options {
            keep_alive: given["keepAlive"].as_bool().unwrap_or(false),
            keep_alive_msecs: small(&given["keepAliveMsecs"]).unwrap_or(0),
            max_sockets: small(&given["maxSockets"]),
            max_total_sockets: small(&given["maxTotalSockets"]),
            max_free_sockets: small(&given["maxFreeSockets"]).unwrap_or(0),
            scheduling: if fifo { Scheduling::Fifo } else { Scheduling::Lifo },
            timeout: small(&given["timeout"]),
        },
        connect: ConnectOptions::default(),
        ..AgentOptions::default()
    }
}
