//! What one instance of a component may take from the machine.

use std::time::Duration;

use wasmtime::{ResourceLimiter, Result, Store};

use crate::{Ctx, Metrics};

/// What every instance of a [`Host`](crate::Host) may take at most.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of all memories and tables of an instance together. Growing beyond that fails as if the machine had no
    /// more, which ends most programs; one that needs more from the beginning does not start. Default: 4 GiB.
    pub memory: u64,
    /// Handles of components: each socket, stream, future and resource that the instance holds is one, and a
    /// connection of `node:http` takes five. One too many traps. Default: 1,000,000.
    pub handles: usize,
    /// How long a component may compute before others have their turn: the future that it runs in is pending for a
    /// moment, so that a timeout can drop it and a drain can end it, also where it computes for ever. Such an instance
    /// cannot be called synchronously. Default: `None`, no limit; code that looks at the clock is some percent slower.
    pub time_slice: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 4 << 30, handles: 1_000_000, time_slice: None }
    }
}

impl Limits {
    pub(crate) fn apply(&self, store: &mut Store<Ctx>) {
        store.data_mut().memory.limit = self.memory;
        store.limiter(|ctx| &mut ctx.memory);
        store.set_max_component_handles(self.handles);
        if self.time_slice.is_some() {
            // The engine counts time slices.
            store.epoch_deadline_async_yield_and_update(1);
            store.set_epoch_deadline(1);
        }
    }
}

/// Counts what the memories and tables of a store take. They never shrink.
///
/// What was granted stays counted when the system then cannot give it: the other way round, a component could make up
/// failures.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: u64,
    used: u64,
    /// Whether it has been logged that there is no more: once is enough.
    warned: bool,
    metrics: Metrics,
}

impl Memory {
    pub(crate) fn new(metrics: Metrics) -> Self {
        metrics.begin_instance();
        Self { limit: 0, used: 0, warned: false, metrics }
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>, unit: usize) -> bool {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // Its own limit, whatever ours is.
            return false;
        }
        let more = (desired.saturating_sub(current) as u64).saturating_mul(unit as u64);
        let used = self.used.saturating_add(more);
        if used > self.limit {
            if !std::mem::replace(&mut self.warned, true) {
                tracing::warn!(
                    "the component asks for more than its limit of {} bytes of memory",
                    self.limit
                );
            }
            return false;
        }
        self.used = used;
        self.metrics.grow_memory(more);
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.metrics.free_memory(self.used);
        self.metrics.end_instance();
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(current, desired, maximum, 1))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // What wasmtime takes for an element.
        Ok(self.grow(current, desired, maximum, size_of::<usize>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_count_together() {
        let mut memory = Memory::new(Metrics::default());
        memory.limit = 1000;
        assert!(memory.memory_growing(0, 500, None).unwrap());
        assert!(memory.table_growing(0, 10, None).unwrap());
        assert!(!memory.memory_growing(500, 1000, None).unwrap());
        assert!(memory.memory_growing(500, 1000 - 10 * size_of::<usize>(), None).unwrap());
        assert!(!memory.table_growing(10, 11, None).unwrap());
        assert!(!memory.memory_growing(0, usize::MAX, None).unwrap());
    }

    #[test]
    fn what_exceeds_its_own_maximum_is_not_counted() {
        let mut memory = Memory::new(Metrics::default());
        memory.limit = 1000;
        assert!(!memory.memory_growing(0, 900, Some(800)).unwrap());
        assert!(memory.memory_growing(0, 800, Some(800)).unwrap());
    }
}
