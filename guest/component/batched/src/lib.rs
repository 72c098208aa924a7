//! The crate `node-http` exported as the component `node:http`, for the host of this project.

node_http::component::bindings::export!(Component with_types_in node_http::component::bindings);

use node_http::component::Component;
