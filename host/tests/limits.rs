//! What an instance may take.

mod guest;

use std::time::Duration;

use node_http_host::{App, Ctx, Exit, Host, Limits, Options};

use crate::guest::{Wasi, program};

/// Computes for ever: `loop br 0 end unreachable`.
const SPIN: &[u8] = &[0x03, 0x40, 0x0c, 0, 0x0b, 0x00];

/// Takes memory, 16 pages in one go, until there is no more; succeeds if that was at most 256 pages, which are 16 MiB.
#[rustfmt::skip]
const GROW: &[u8] = &[
    0x03, 0x40, // loop
    0x41, 16, 0x40, 0, // memory.grow 16
    0x41, 0x7f, 0x47, 0x0d, 0, // again unless it was -1
    0x0b, // end
    0x3f, 0, 0x41, 0x80, 2, 0x4b, // memory.size > 256
];

fn load(code: &[u8], wasi: Wasi, limits: Limits) -> App {
    let host = Host::with_limits(Options::default(), limits).expect("a host");
    host.load(&program(code, wasi)).expect("a component")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

#[test]
fn memory_ends_at_the_limit() {
    let limits = Limits { memory: 16 << 20, ..Limits::default() };
    let app = load(GROW, Wasi::V0_3, limits);
    assert_eq!(block_on(app.run(Ctx::builder().build())).unwrap(), Exit::Code(0));
}

#[test]
fn what_needs_more_memory_does_not_start() {
    let limits = Limits { memory: (64 << 10) - 1, ..Limits::default() };
    let app = load(GROW, Wasi::V0_3, limits);
    let error = block_on(app.run(Ctx::builder().build())).unwrap_err();
    assert!(format!("{error:#}").contains("exceeds memory limits"), "{error:#}");
}

#[test]
fn handles_are_limited() {
    let count = |limits: Limits| {
        let app = load(SPIN, Wasi::V0_3, limits);
        let mut session = block_on(app.instantiate(Ctx::builder().build())).expect("an instance");
        session.store().max_component_handles()
    };
    assert_eq!(count(Limits::default()), 1_000_000);
    assert_eq!(count(Limits { handles: 7, ..Limits::default() }), 7);
}

#[test]
fn a_program_that_computes_for_ever_can_be_stopped() {
    let limits = Limits { time_slice: Some(Duration::from_millis(1)), ..Limits::default() };
    for wasi in [Wasi::V0_2, Wasi::V0_3] {
        let app = load(SPIN, wasi, limits.clone());
        // By whoever waits for it,
        let run = app.run(Ctx::builder().build());
        assert!(block_on(async { tokio::time::timeout(Duration::from_millis(20), run).await }).is_err());
        // and by a drain.
        let ctx = Ctx::builder().build();
        ctx.drain().start();
        assert_eq!(block_on(app.run(ctx)).unwrap(), Exit::Dropped { listened: false });
    }
}
