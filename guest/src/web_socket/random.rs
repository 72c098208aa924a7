//! Bytes that no peer can foretell: masking keys, so that nobody chooses what a client's bytes look like to whatever is
//! between the two ends (RFC 6455 section 10.3).

use std::cell::RefCell;

use crate::frames::mask::Key;

/// Asked of the host together, because each question is a call out of the component.
const BATCH: usize = 256;

thread_local! {
    static UNUSED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A masking key.
pub(super) fn key() -> Key {
    bytes()
}

/// So many random bytes; at most [`BATCH`].
pub(super) fn bytes<const COUNT: usize>() -> [u8; COUNT] {
    UNUSED.with_borrow_mut(|unused| {
        if unused.len() < COUNT {
            *unused = source::bytes(BATCH);
        }
        let mut bytes = [0; COUNT];
        let rest = unused.len().saturating_sub(COUNT);
        for (byte, random) in bytes.iter_mut().zip(unused.drain(rest..)) {
            *byte = random;
        }
        bytes
    })
}

#[cfg(target_family = "wasm")]
mod source {
    pub(super) fn bytes(count: usize) -> Vec<u8> {
        // A host may answer with fewer, but with at least one.
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let wanted = count - bytes.len();
            bytes.extend(wasi::random::random::get_random_bytes(wanted as u64));
        }
        bytes
    }
}

/// Native builds are for tests: the seeds of hash tables are random enough.
#[cfg(not(target_family = "wasm"))]
mod source {
    use std::hash::{BuildHasher as _, RandomState};

    pub(super) fn bytes(count: usize) -> Vec<u8> {
        let words = (0..count.div_ceil(8)).map(|word| RandomState::new().hash_one(word));
        words.flat_map(u64::to_ne_bytes).take(count).collect()
    }
}
