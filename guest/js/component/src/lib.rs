//! Runs Node programs: QuickJS with the crate `node-http` linked in, as one component.
//!
//! The first argument is the program. What it finds of Node is `guest/js/runtime` (JavaScript), bundled with the face
//! of `http` at build time; what these need of the engine and the system is in [`native`].

#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod engine;
#[cfg(target_family = "wasm")]
mod files;
#[cfg(target_family = "wasm")]
mod hash;
#[cfg(target_family = "wasm")]
mod modules;
#[cfg(target_family = "wasm")]
mod native;
#[cfg(target_family = "wasm")]
mod tcp;
#[cfg(target_family = "wasm")]
mod values;

#[cfg(target_family = "wasm")]
mod app {
    struct App;
    wasi::cli::command::export!(App);

    impl wasi::exports::cli::run::Guest for App {
        async fn run() -> Result<(), ()> {
            super::engine::run().await
        }
    }
}
