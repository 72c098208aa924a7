//! Node's objects of arrays, `agent.sockets`, `agent.freeSockets` and `agent.requests`: for each origin a list of
//! numbers. Origins and numbers keep the order in which they came; an origin without numbers is not there.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

/// Lists by origin. Every operation takes logarithmic time at most, also in the middle of a list.
#[derive(Debug, Default)]
pub(super) struct Lists {
    by_origin: HashMap<Rc<str>, List>,
    /// The origins by the stamp of when their list began.
    order: BTreeMap<u64, Rc<str>>,
    /// The next stamp; they only grow.
    stamp: u64,
}

#[derive(Debug)]
struct List {
    since: u64,
    /// Never empty.
    items: BTreeMap<u64, u64>,
}

/// Where a number stands.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) origin: Rc<str>,
    stamp: u64,
}

impl Lists {
    /// Adds `item` at the end of its origin's list.
    pub(super) fn push(&mut self, origin: Rc<str>, item: u64) -> Position {
        let stamp = self.stamp;
        self.stamp += 1;
        let list = self.by_origin.entry(origin.clone()).or_insert_with(|| {
            self.order.insert(stamp, origin.clone());
            List { since: stamp, items: BTreeMap::new() }
        });
        list.items.insert(stamp, item);
        Position { origin, stamp }
    }

    pub(super) fn remove(&mut self, position: &Position) {
        self.take(&position.origin, |items| items.remove(&position.stamp));
    }

    pub(super) fn pop_first(&mut self, origin: &str) -> Option<u64> {
        self.take(origin, |items| items.pop_first().map(|(_, item)| item))
    }

    pub(super) fn pop_last(&mut self, origin: &str) -> Option<u64> {
        self.take(origin, |items| items.pop_last().map(|(_, item)| item))
    }

    pub(super) fn len(&self, origin: &str) -> usize {
        self.by_origin.get(origin).map_or(0, |list| list.items.len())
    }

    /// The origins that have numbers.
    pub(super) fn origins(&self) -> impl Iterator<Item = &Rc<str>> {
        self.order.values()
    }

    /// All of it, origin by origin.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, impl ExactSizeIterator<Item = u64>)> {
        self.order.values().filter_map(|origin| {
            let list = self.by_origin.get(origin)?;
            Some((&**origin, list.items.values().copied()))
        })
    }

    fn take(
        &mut self,
        origin: &str,
        pick: impl FnOnce(&mut BTreeMap<u64, u64>) -> Option<u64>,
    ) -> Option<u64> {
        let list = self.by_origin.get_mut(origin)?;
        let item = pick(&mut list.items);
        if list.items.is_empty() {
            self.order.remove(&list.since);
            self.by_origin.remove(origin);
        }
        item
    }
}
