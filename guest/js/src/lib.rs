//! Node's `http` for JavaScript.
//!
//! The face (`guest/js/face`, JavaScript) is Node's API: classes, streams, callbacks, events. It decides nothing about
//! HTTP. What decides is the crate `node-http`, which the face reaches through [`binding`], a dozen functions that any
//! engine can offer: QuickJS in a component, or Node itself through N-API (`tests/node`).

pub mod binding;
