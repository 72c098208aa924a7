//! Requests, connections and failures in any order: what must hold throughout.

use super::*;

const ORIGINS: [&str; 4] = [A, B, C, "d:80:"];

/// A pool together with what its caller knows.
struct World {
    pool: Pool,
    next: u64,
    requests: BTreeSet<RequestId>,
    /// Connections in the making, and the request each is made for if that does not wait.
    making: Vec<(&'static str, Option<RequestId>)>,
    in_use: BTreeSet<SocketId>,
    free: BTreeSet<SocketId>,
    served: BTreeSet<RequestId>,
}

impl World {
    fn new(options: Options) -> Self {
        Self {
            pool: pool(options),
            next: 0,
            requests: BTreeSet::new(),
            making: Vec::new(),
            in_use: BTreeSet::new(),
            free: BTreeSet::new(),
            served: BTreeSet::new(),
        }
    }

    fn step(&mut self, action: u8, pick: usize) {
        match action {
            0..=3 => self.request(ORIGINS[pick % ORIGINS.len()]),
            4 | 5 => self.finish_connecting(pick, true),
            6 => self.finish_connecting(pick, false),
            7 | 8 => self.release(pick, true),
            9 => self.release(pick, false),
            10 => self.close(pick),
            _ => self.cancel(pick),
        }
    }

    fn request(&mut self, origin: &'static str) {
        let request = self.next;
        self.next += 1;
        match self.pool.add_request(origin, request) {
            Assignment::Reuse(socket) => {
                assert!(self.free.remove(&socket), "only a free connection is used again");
                self.in_use.insert(socket);
                self.served.insert(request);
            }
            Assignment::Connect => self.making.push((origin, Some(request))),
            Assignment::Wait => assert!(self.requests.insert(request)),
        }
    }

    fn finish_connecting(&mut self, pick: usize, success: bool) {
        if self.making.is_empty() {
            return;
        }
        let (origin, request) = self.making.swap_remove(pick % self.making.len());
        let request = request.or_else(|| {
            let waiting = self.pool.next_waiting(origin);
            waiting.inspect(|waiting| assert!(self.requests.remove(waiting)))
        });
        if !success {
            let next = self.pool.connect_failed(origin);
            return self.make(next);
        }
        let socket = self.next;
        self.next += 1;
        self.pool.connected(origin, socket);
        self.in_use.insert(socket);
        match request {
            Some(request) => assert!(self.served.insert(request)),
            None => self.free_socket(socket, false),
        }
    }

    fn release(&mut self, pick: usize, keeps_alive: bool) {
        if let Some(socket) = nth(&self.in_use, pick) {
            self.free_socket(socket, keeps_alive);
        }
    }

    fn free_socket(&mut self, socket: SocketId, keeps_alive: bool) {
        match self.pool.freed(socket, keeps_alive) {
            Freed::Assign(request) => {
                assert!(self.requests.remove(&request) && self.served.insert(request));
            }
            Freed::Destroy => self.closed(socket),
            Freed::Offer => {
                let Pooled::Kept(next) = self.pool.pool(socket) else { panic!("it was offered") };
                assert!(self.in_use.remove(&socket) && self.free.insert(socket));
                self.make(next);
            }
        }
    }

    fn close(&mut self, pick: usize) {
        let all: BTreeSet<SocketId> = self.in_use.union(&self.free).copied().collect();
        if let Some(socket) = nth(&all, pick) {
            self.closed(socket);
        }
    }

    fn closed(&mut self, socket: SocketId) {
        assert!(self.in_use.remove(&socket) || self.free.remove(&socket));
        let next = self.pool.closed(socket);
        self.make(next);
    }

    fn cancel(&mut self, pick: usize) {
        if let Some(request) = nth(&self.requests, pick) {
            self.requests.remove(&request);
            self.pool.cancel(request);
        }
    }

    fn make(&mut self, origin: Option<String>) {
        let known = origin.and_then(|origin| ORIGINS.into_iter().find(|known| *known == origin));
        self.making.extend(known.map(|origin| (origin, None)));
    }

    fn check(&self) {
        let (sockets, free) = (self.pool.sockets(), self.pool.free_sockets());
        let listed = |lists: &[(String, Vec<SocketId>)]| -> Vec<SocketId> {
            let mut all: Vec<SocketId> = lists.iter().flat_map(|(_, sockets)| sockets.clone()).collect();
            all.sort_unstable();
            all
        };
        assert!(listed(&sockets).iter().eq(&self.in_use), "each connection in use is listed once");
        assert!(listed(&free).iter().eq(&self.free), "each free connection is listed once");
        let total = self.in_use.len() + self.free.len() + self.making.len();
        assert_eq!(self.pool.total_sockets(), total);
        assert!(self.pool.options().max_total_sockets.is_none_or(|limit| total <= limit as usize));
        let waiting: usize = self.pool.requests().iter().map(|(_, count)| count).sum();
        assert_eq!(waiting, self.requests.len());
        for origin in ORIGINS {
            self.check_origin(origin, count(&sockets, origin), count(&free, origin));
        }
    }

    fn check_origin(&self, origin: &str, in_use: usize, free: usize) {
        let options = self.pool.options();
        let busy = in_use + self.making.iter().filter(|(to, _)| *to == origin).count();
        assert!(options.max_sockets.is_none_or(|limit| busy + free <= limit as usize), "{origin}");
        assert!(free <= options.max_free_sockets as usize, "{origin}");
        if self.pool.requests().iter().any(|(name, _)| name == origin) {
            let full =
                options.max_total_sockets.is_some_and(|limit| self.pool.total_sockets() >= limit as usize);
            assert!(free == 0, "requests wait for {origin} beside a free connection");
            assert!(busy > 0 || full, "requests wait for {origin} and nothing will ever serve them");
        }
    }
}

fn nth(set: &BTreeSet<u64>, pick: usize) -> Option<u64> {
    set.iter().nth(pick % set.len().max(1)).copied()
}

fn count(lists: &[(String, Vec<SocketId>)], origin: &str) -> usize {
    lists.iter().find(|(name, _)| name == origin).map_or(0, |(_, sockets)| sockets.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn limits_and_lists_hold_in_any_order(
        keep_alive in any::<bool>(),
        fifo in any::<bool>(),
        max_sockets in 0_u32..4,
        max_total_sockets in 0_u32..6,
        max_free_sockets in 0_u32..4,
        steps in vec((0_u8..12, 0_usize..64), 0..120),
    ) {
        let mut world = World::new(Options {
            keep_alive,
            max_sockets: Some(max_sockets),
            max_total_sockets: (max_total_sockets > 0).then_some(max_total_sockets),
            max_free_sockets,
            scheduling: if fifo { Scheduling::Fifo } else { Scheduling::Lifo },
            ..Options::default()
        });
        for (action, pick) in steps {
            world.step(action, pick);
            world.check();
        }
        // Once everything that can end has ended, nobody waits any more.
        while !world.making.is_empty() || !world.in_use.is_empty() {
            world.finish_connecting(0, true);
            world.release(0, true);
            world.check();
        }
        prop_assert!(world.requests.is_empty());
    }
}
