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
    let offered = version_of(graph.types()[graph[component].ty()].exports.keys());
    match wac_graph::plug(&mut graph, vec![component], app) {
        Ok(()) => {}
        Err(PlugError::NoPlugHappened) => {
            let wanted = graph.types()[graph[app].ty()].imports.keys();
            return Err(unmatched(wanted.filter(|name| name.starts_with(PACKAGE)), &offered));
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
        left => Err(unmatched(left.iter(), &offered)),
    }
}

/// The version of the package that the first of `names` that belongs to it says.
fn version_of<'a>(mut names: impl Iterator<Item = &'a String>) -> String {
    let version = names.find_map(|name| name.strip_prefix(PACKAGE)?.split_once('@'));
    version.map_or_else(|| "without a version".to_owned(), |(_, version)| version.to_owned())
}

/// What to say about imports that nothing satisfies: often they are of another version.
fn unmatched<'a>(left: impl Iterator<Item = &'a String> + Clone, offered: &str) -> ComposeError {
    let wanted = version_of(left.clone());
    let names: Vec<&str> = left.map(String::as_str).collect();
    ComposeError(if names.is_empty() {
        "the component imports no interface of node:http".to_owned()
    } else if wanted == offered {
        format!("node:http {offered} does not offer what the component imports: {}", names.join(", "))
    } else {
        format!("the component imports node:http {wanted}, but this is node:http {offered}")
    })
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
