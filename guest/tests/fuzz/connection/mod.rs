//! A server on the in-memory transport, whatever its clients send and its application does: never a panic, never a
//! loop without end, no connection that outlives its client, and where nothing depends on it the same output however
//! the input is split.
//!
//! A panic here is a trap in a component, and the usual one would be a cell that is borrowed twice: the destructors of
//! responses, requests and sockets change the connection that they belong to, whoever runs them.

mod script;
mod world;

use self::{
    script::Script,
    world::{Split, World},
};

pub(crate) fn check(input: &[u8]) {
    let Some(script) = Script::decode(input) else { return };
    let whole = World::run(&script, Split::Whole);
    if script.calm {
        for split in [Split::Bytes, Split::Pieces(7)] {
            assert_eq!(World::run(&script, split), whole, "{split:?} of {script:?}");
        }
    }
}
