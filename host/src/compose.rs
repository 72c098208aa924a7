//! Plugging the component `node:http` into an application that imports it.
//!
//! The build script of this crate includes this file too, so it depends on `wac-graph` alone.

use std::fmt;

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, PlugError};

/// The WIT package that our component implements.
const PACKAGE: &str = "node:http/";

/// Satisfies every `node:http` import of `app` with the exports of `component`.
///
/// The result needs nothing but what the two of them import besides, which is `wasi`.
///
/// # Errors
/// When one of the two is no component, or when an interface of `node:http` is imported that `component` does not
/// offer. (Without this check an unmatched import would stay, and fail only when the result is run.)
pub fn plug(app: &[u8], component: &[u8]) -> Result<Vec<u8>, ComposeError> {
    let mut graph = CompositionGraph::new();
    let app = register(&mut graph, "app", app)?;
    let component = register(&mut graph, "node-http", component)?;
    match wac_graph::plug(&mut graph, vec![component], app) {
        Ok(()) => {}
        Err(PlugError::NoPlugHappened) => {
            return Err(ComposeError(
                "the component imports no interface of node:http that matches".to_owned(),
            ));
        }
        Err(PlugError::GraphError { source }) => {
            return Err(ComposeError(format!("cannot compose: {source:#}")));
        }
    }
    let composed = graph
        .encode(EncodeOptions { validate: false, ..EncodeOptions::default() })
        .map_err(|error| ComposeError(format!("cannot compose: {error}")))?;
    match node_http_imports(&composed)?.as_slice() {
        [] => Ok(composed),
        left => Err(ComposeError(format!(
            "node:http does not offer what the component imports: {}",
            left.join(", ")
        ))),
    }
}

/// The interfaces of `node:http` that `component` imports.
///
/// # Errors
/// When `component` is no component.
pub fn node_http_imports(component: &[u8]) -> Result<Vec<String>, ComposeError> {
    let mut graph = CompositionGraph::new();
    let id = register(&mut graph, "app", component)?;
    let imports = graph.types()[graph[id].ty()].imports.keys();
    Ok(imports.filter(|name| name.starts_with(PACKAGE)).cloned().collect())
}

fn register(
    graph: &mut CompositionGraph,
    name: &str,
    bytes: &[u8],
) -> Result<wac_graph::PackageId, ComposeError> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())
        .map_err(|error| ComposeError(format!("not a valid component: {error:#}")))?;
    graph.register_package(package).map_err(|error| ComposeError(format!("cannot compose: {error}")))
}

/// Why two components could not be composed.
#[derive(Debug)]
pub struct ComposeError(String);

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ComposeError {}
