//! The exports of `node:http`, to be called from Rust. Generated from `wit/`.

#![allow(missing_docs, reason = "the manual of every function is in wit/")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "node-http",
    exports: { default: async | store },
    require_store_data_send: true,
});
