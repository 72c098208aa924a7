//! The exports of `node:http`, to be called from Rust. Generated from `wit/`.

#![allow(missing_docs, reason = "the manual of every function is in wit/")]

use self::exports::node::http::client_request::RequestOptions;

wasmtime::component::bindgen!({
    path: "wit",
    world: "node-http",
    exports: { default: async | store },
    require_store_data_send: true,
});

/// Nothing set. Written out because `bindgen!` derives for all types or none, and most have no default.
impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            agent: None,
            auth: None,
            create_connection: None,
            default_port: None,
            family: None,
            headers: None,
            raw_headers: None,
            hints: None,
            host: None,
            hostname: None,
            insecure_http_parser: None,
            join_duplicate_headers: None,
            local_address: None,
            local_port: None,
            lookup: None,
            max_header_size: None,
            method: None,
            path: None,
            port: None,
            protocol: None,
            set_default_headers: None,
            set_host: None,
            socket_path: None,
            timeout: None,
            unique_headers: None,
            socket: None,
            listening: None,
        }
    }
}
