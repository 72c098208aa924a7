//! The engine and its event loop: JavaScript takes its turn, then the component waits for whatever is next.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use node_http::runtime;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime};

use crate::{modules, native};

/// The runtime and the face, bundled by `build.rs`.
const BUNDLE: &str = include_str!(concat!(env!("OUT_DIR"), "/runtime.js"));

/// Stack of the engine: what the linker gives a component is 1 MiB.
const STACK: usize = 640 * 1024;

/// Bytes that JavaScript allocates between two searches for cycles.
const GARBAGE: usize = 16 * 1024 * 1024;

/// What JavaScript asks for when its turn is over.
enum Wait {
    /// Nothing keeps the program.
    Over,
    /// Its next turn, at once or after so many milliseconds at most.
    Until(Option<u64>),
}

/// Runs the program of the command line to its end.
pub(crate) async fn run() -> Result<(), ()> {
    runtime::ensure_driver();
    let engine = Runtime::new().map_err(report)?;
    engine.set_max_stack_size(STACK);
    engine.set_gc_threshold(GARBAGE);
    engine.set_loader(modules::Paths, modules::Sources);
    engine.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, is_handled| {
        // The loop is there before any promise is.
        let _ = event_loop(&ctx, "rejection")
            .and_then(|rejection| rejection.call::<_, ()>((promise, reason, is_handled)));
    })));
    let context = Context::full(&engine).map_err(report)?;
    context.with(|ctx| start(&ctx))?;
    loop {
        match context.with(|ctx| turn(&ctx))? {
            Wait::Over => return Ok(()),
            Wait::Until(Some(0)) => give_way().await,
            Wait::Until(Some(millis)) => {
                first(runtime::watched(), runtime::sleep_until(runtime::now() + millis)).await;
            }
            Wait::Until(None) => runtime::watched().await,
        }
    }
}

fn start(ctx: &Ctx<'_>) -> Result<(), ()> {
    let natives = native::object(ctx).map_err(report)?;
    ctx.globals().set("__native", natives).map_err(report)?;
    ctx.eval::<(), _>(BUNDLE).catch(ctx).map_err(|error| caught(&error))
}

fn turn(ctx: &Ctx<'_>) -> Result<Wait, ()> {
    let turn = event_loop(ctx, "turn").and_then(|turn| turn.call(()));
    let wait: f64 = turn.catch(ctx).map_err(|error| caught(&error))?;
    Ok(match wait {
        wait if wait < 0.0 => Wait::Over,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "timers have 32 bits")]
        wait if wait.is_finite() => Wait::Until(Some(wait.ceil() as u64)),
        _ => Wait::Until(None),
    })
}

/// A function of JavaScript's part of the loop.
fn event_loop<'js>(ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Function<'js>> {
    ctx.globals().get::<_, Object<'js>>("__loop")?.get(name)
}

/// Lets the crate's driver have its turn.
async fn give_way() {
    runtime::end_of_turn().await;
}

/// Waits for the first of two; the other is dropped.
async fn first(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| {
        if one.as_mut().poll(cx).is_ready() || other.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

fn report(error: rquickjs::Error) {
    eprintln!("error: {error}");
}

fn caught(error: &CaughtError<'_>) {
    eprintln!("{error}");
}
