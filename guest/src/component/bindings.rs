//! The traits that the WIT package asks for, generated.

wit_bindgen::generate!({
    path: "wit",
    world: "node-http",
    pub_export_macro: true,
    default_bindings_module: "node_http::component::bindings",
    additional_type_attributes: {
        "node:http/server@0.1.0/server-options": [#[derive(Default)]],
    },
});
