//! What the servers of the benchmark answer with. Its Node program and its hyper program answer the same bytes.

use std::hint::black_box;
use std::str::FromStr;
use std::sync::LazyLock;

/// What is asked for.
pub(crate) enum Page {
    Plain,
    Work,
    Echo,
    Sized,
    Chunked,
    Lines,
    /// There is no such page.
    Other,
}

impl Page {
    /// The page at `url`.
    pub(crate) fn at(url: &str) -> Self {
        match url.split_once('?').map_or(url, |(path, _)| path) {
            "/plain" => Self::Plain,
            "/work" => Self::Work,
            "/echo" => Self::Echo,
            "/sized" => Self::Sized,
            "/chunked" => Self::Chunked,
            "/lines" => Self::Lines,
            _ => Self::Other,
        }
    }
}

/// A body in pieces as large as programs usually write.
pub(crate) const PIECE: &[u8] = &[b'.'; 64 * 1024];
pub(crate) const PIECES: usize = 16;

/// A body in many small pieces.
pub(crate) const LINE: &[u8] = b"a line of text\n";
pub(crate) const LINES: usize = 1000;

/// A body of 1 MiB.
pub(crate) fn large() -> &'static [u8] {
    static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| vec![b'.'; 1 << 20]);
    &LARGE
}

/// Computes for about 200 µs: six steps that wait for each other, 100,000 times.
pub(crate) fn compute() {
    let mut state = black_box(1_u32);
    for _ in 0..100_000 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    black_box(state);
}

/// A variable of the environment, if it is set and can be read.
pub(crate) fn variable<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
