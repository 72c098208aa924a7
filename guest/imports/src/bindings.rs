//! What the world `imports` offers, generated.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "generated; the WIT has a comment for everything that has one"
)]
#![allow(clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "wit",
    world: "imports",
    additional_type_attributes: {
        "node:http/agent@0.1.0/agent-options": [#[derive(Default)]],
        "node:http/agent@0.1.0/name-options": [#[derive(Default)]],
        "node:http/client-request@0.1.0/request-options": [#[derive(Default)]],
        "node:http/net@0.1.0/connect-options": [#[derive(Default)]],
        "node:http/net@0.1.0/socket-options": [#[derive(Default)]],
        "node:http/server@0.1.0/listen-options": [#[derive(Default)]],
        "node:http/server@0.1.0/server-options": [#[derive(Default)]],
        "node:http/web-socket@0.1.0/accept-options": [#[derive(Default)]],
        "node:http/web-socket@0.1.0/connect-options": [#[derive(Default)]],
        "node:http/web-socket@0.1.0/deflate-options": [#[derive(Default)]],
        "node:http/web-socket@0.1.0/limits": [#[derive(Default)]],
    },
});
