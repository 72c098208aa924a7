//! Node's objects of arrays, `agent.sockets`, `agent.freeSockets` and `agent.requests`: for each origin three lists of
//! numbers. Origins and numbers keep the order in which they came; an origin that has nothing is not there.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

/// Stands for an origin for as long as that has anything. Comparing keys spares what hashing names costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(usize);

/// Which list of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Connections in use.
    InUse,
    /// Free connections.
    Free,
    /// Requests that wait for one.
    Waiting,
}

/// Where a number stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) origin: Key,
    pub(super) kind: Kind,
    stamp: u64,
}

/// All origins. Every operation on a list takes logarithmic time at most, also in its middle.
///
/// Whatever takes a number away may leave an origin without any: [`Self::settle`] follows.
#[derive(Debug, Default)]
pub(super) struct Origins {
    all: Vec<Option<Origin>>,
    /// Places in `all` that are free.
    vacant: Vec<usize>,
    by_name: HashMap<Rc<str>, Key>,
    /// The origin that was asked for last: most agents have one, or ask the same several times.
    last: Option<Key>,
    /// The origins for which requests wait, by the stamp of when their list began.
    waiting: BTreeMap<u64, Key>,
    /// The next stamp; they only grow.
    stamp: u64,
}

#[derive(Debug)]
struct Origin {
    name: Rc<str>,
    in_use: List,
    free: List,
    waiting: List,
    /// How many connections are in the making.
    connecting: usize,
}

#[derive(Debug, Default)]
struct List {
    /// When it began, if it is not empty.
    since: u64,
    items: BTreeMap<u64, u64>,
}

impl Origin {
    const fn list(&self, kind: Kind) -> &List {
        match kind {
            Kind::InUse => &self.in_use,
            Kind::Free => &self.free,
            Kind::Waiting => &self.waiting,
        }
    }

    const fn list_mut(&mut self, kind: Kind) -> &mut List {
        match kind {
            Kind::InUse => &mut self.in_use,
            Kind::Free => &mut self.free,
            Kind::Waiting => &mut self.waiting,
        }
    }

    fn is_empty(&self) -> bool {
        let lists = [&self.in_use, &self.free, &self.waiting];
        self.connecting == 0 && lists.into_iter().all(|list| list.items.is_empty())
    }
}

impl Origins {
    /// The origin of this name, if it has anything.
    pub(super) fn find(&self, name: &str) -> Option<Key> {
        let last = self.last.filter(|last| self.name(*last).is_some_and(|known| **known == *name));
        last.or_else(|| self.by_name.get(name).copied())
    }

    /// The origin of this name, which gets something at once.
    pub(super) fn find_or_make(&mut self, name: &str) -> Key {
        let key = self.find(name).unwrap_or_else(|| self.make(name));
        self.last = Some(key);
        key
    }

    fn make(&mut self, name: &str) -> Key {
        let name = Rc::<str>::from(name);
        let origin = Origin {
            name: Rc::clone(&name),
            in_use: List::default(),
            free: List::default(),
            waiting: List::default(),
            connecting: 0,
        };
        let key = match self.vacant.pop() {
            Some(place) => {
                self.all[place] = Some(origin);
                Key(place)
            }
            None => {
                self.all.push(Some(origin));
                Key(self.all.len() - 1)
            }
        };
        self.by_name.insert(name, key);
        key
    }

    /// Forgets the origin if it has nothing.
    pub(super) fn settle(&mut self, key: Key) {
        let place = &mut self.all[key.0];
        if let Some(origin) = place.take_if(|origin| origin.is_empty()) {
            self.by_name.remove(&origin.name);
            self.vacant.push(key.0);
        }
    }

    pub(super) fn name(&self, key: Key) -> Option<&Rc<str>> {
        self.get(key).map(|origin| &origin.name)
    }

    /// Adds `item` at the end of a list.
    pub(super) fn push(&mut self, key: Key, kind: Kind, item: u64) -> Position {
        let stamp = self.stamp;
        self.stamp += 1;
        let list = self.origin(key).list_mut(kind);
        if list.items.is_empty() {
            list.since = stamp;
            list.items.insert(stamp, item);
            if kind == Kind::Waiting {
                self.waiting.insert(stamp, key);
            }
        } else {
            list.items.insert(stamp, item);
        }
        Position { origin: key, kind, stamp }
    }

    pub(super) fn remove(&mut self, position: Position) {
        self.take(position.origin, position.kind, |items| items.remove(&position.stamp));
    }

    pub(super) fn pop_first(&mut self, key: Key, kind: Kind) -> Option<u64> {
        self.take(key, kind, |items| items.pop_first().map(|(_, item)| item))
    }

    pub(super) fn pop_last(&mut self, key: Key, kind: Kind) -> Option<u64> {
        self.take(key, kind, |items| items.pop_last().map(|(_, item)| item))
    }

    pub(super) fn len(&self, key: Key, kind: Kind) -> usize {
        self.get(key).map_or(0, |origin| origin.list(kind).items.len())
    }

    pub(super) fn connecting(&self, key: Key) -> usize {
        self.get(key).map_or(0, |origin| origin.connecting)
    }

    pub(super) fn begin_connecting(&mut self, key: Key) {
        self.origin(key).connecting += 1;
    }

    /// False when no connection was in the making.
    pub(super) fn end_connecting(&mut self, key: Key) -> bool {
        let origin = self.origin(key);
        let any = origin.connecting > 0;
        origin.connecting -= usize::from(any);
        any
    }

    /// The origins for which requests wait, in the order in which they began to.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Key> {
        self.waiting.values().copied()
    }

    /// All lists of a kind, origin by origin.
    pub(super) fn lists(&self, kind: Kind) -> Vec<(String, Vec<u64>)> {
        let lists = self.all.iter().flatten().map(|origin| (origin, origin.list(kind)));
        let mut lists: Vec<_> = lists.filter(|(_, list)| !list.items.is_empty()).collect();
        lists.sort_unstable_by_key(|(_, list)| list.since);
        let listed = |(origin, list): (&Origin, &List)| {
            (origin.name.as_ref().to_owned(), list.items.values().copied().collect())
        };
        lists.into_iter().map(listed).collect()
    }

    fn get(&self, key: Key) -> Option<&Origin> {
        self.all.get(key.0)?.as_ref()
    }

    fn origin(&mut self, key: Key) -> &mut Origin {
        self.all[key.0].as_mut().expect("an origin that has something has a key")
    }

    fn take(
        &mut self,
        key: Key,
        kind: Kind,
        pick: impl FnOnce(&mut BTreeMap<u64, u64>) -> Option<u64>,
    ) -> Option<u64> {
        let list = self.origin(key).list_mut(kind);
        let item = pick(&mut list.items)?;
        if kind == Kind::Waiting && list.items.is_empty() {
            let since = list.since;
            self.waiting.remove(&since);
        }
        Some(item)
    }
}
