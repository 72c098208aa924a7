//! A loaded component, and what can be done with it: run it as a program, or call its exports.

use std::time::Duration;

use wasmtime::component::{Accessor, Instance, InstancePre};
use wasmtime::error::Context as _;
use wasmtime::{Result, Store};
use wasmtime_wasi::{I32Exit, p2, p3};

use crate::{Ctx, Limits};

/// A component, compiled and linked. Cheap to clone; any number of stores can run it.
#[derive(Clone)]
pub struct App {
    pre: InstancePre<Ctx>,
    limits: Limits,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// `wasi:cli/run` returned or the program called `exit`; 0 is success.
    Code(u8),
    /// A drain was asked for, and the program does not listen or did not finish within the grace.
    Dropped {
        /// Whether connections may have been destroyed.
        listened: bool,
    },
}

impl App {
    pub(crate) fn new(pre: InstancePre<Ctx>, limits: Limits) -> Self {
        Self { pre, limits }
    }

    /// Runs the component as a program: `wasi:cli/run@0.3`, or `@0.2` if it exports no other.
    ///
    /// Everything happens on the calling thread, inside the returned future; a current-thread tokio runtime is the
    /// fastest place for it.
    ///
    /// # Errors
    /// When the component exports no `wasi:cli/run`, or when it traps.
    pub async fn run(&self, ctx: Ctx) -> Result<Exit> {
        let drain = ctx.drain().clone();
        let grace = ctx.grace();
        tokio::select! {
            // A program that has just finished has finished, also when the grace is over.
            biased;
            exit = self.run_to_end(ctx) => exit,
            () = overdue(&drain, grace) => Ok(Exit::Dropped { listened: drain.has_listened() }),
        }
    }

    /// Instantiates the component to call its exports.
    ///
    /// # Errors
    /// When the component traps while it starts.
    pub async fn instantiate(&self, ctx: Ctx) -> Result<Session> {
        let mut store = self.store(ctx);
        let instance = self.pre.instantiate_async(&mut store).await?;
        Ok(Session { store, instance })
    }

    /// The component, ready to be instantiated by the `…Pre` types of generated bindings.
    pub fn pre(&self) -> &InstancePre<Ctx> {
        &self.pre
    }

    async fn run_to_end(&self, ctx: Ctx) -> Result<Exit> {
        let mut store = self.store(ctx);
        let result = if let Ok(command) = p3::bindings::CommandPre::new(self.pre.clone()) {
            let command = command.instantiate_async(&mut store).await.context("cannot start")?;
            store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await.flatten()
        } else {
            let command = p2::bindings::CommandPre::new(self.pre.clone()).map_err(|_| {
                wasmtime::format_err!("the component exports no wasi:cli/run, so it is no program")
            })?;
            let command = command.instantiate_async(&mut store).await.context("cannot start")?;
            command.wasi_cli_run().call_run(&mut store).await
        };
        match result {
            Ok(Ok(())) => Ok(Exit::Code(0)),
            Ok(Err(())) => Ok(Exit::Code(1)),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => Ok(Exit::Code(u8::try_from(exit.0).unwrap_or(1))),
                None => Err(error.context("the program trapped")),
            },
        }
    }

    fn store(&self, ctx: Ctx) -> Store<Ctx> {
        let mut store = Store::new(self.pre.engine(), ctx);
        self.limits.apply(&mut store);
        store
    }
}

/// An instance with its store. Dropping it closes every connection.
pub struct Session {
    store: Store<Ctx>,
    instance: Instance,
}

impl Session {
    /// Runs `work` together with everything that the component has going on.
    ///
    /// The component makes progress only while such a call is pending, so one call usually spans the whole life of a
    /// server. Inside, wrap the instance with generated bindings and call asynchronous exports with the accessor.
    /// Resources of the component that `work` holds cannot be dropped inside (a limit of wasmtime 48); keep them, and
    /// use [`Self::store`] afterwards.
    ///
    /// # Errors
    /// When the component traps.
    pub async fn run<R: Send + 'static>(
        &mut self,
        work: impl AsyncFnOnce(&Accessor<Ctx>, Instance) -> R,
    ) -> Result<R> {
        let instance = self.instance;
        self.store.run_concurrent(async |accessor| work(accessor, instance).await).await
    }

    /// The instance, to look up exports.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// The store, between two calls of [`Self::run`].
    pub fn store(&mut self) -> &mut Store<Ctx> {
        &mut self.store
    }
}

/// Resolves when a drain has taken too long.
async fn overdue(drain: &crate::DrainHandle, grace: Duration) {
    drain.started().await;
    if drain.has_listened() {
        tokio::time::sleep(grace).await;
    }
}
