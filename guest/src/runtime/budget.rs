//! How much memory peers may fill.
//!
//! A component has 4 GiB at most, and running out of it ends everybody. So every buffer that holds a peer's bytes, or
//! an answer that is not flushed, is charged to its connection's [`Account`], and all accounts to one counter.
//! Nothing is refused for it: a connection that may not grow is not read until it has less, and its peer is slowed
//! down by TCP.

use std::{cell::Cell, rc::Rc};

/// 512 MiB.
pub const DEFAULT_BUDGET: usize = 512 * 1024 * 1024;

/// What one connection may hold is this part of what is left: the largest holders stop first, and one that has the
/// instance for itself gets a fifth of all.
const SHARE: usize = 4;

thread_local! {
    static LIMIT: Cell<usize> = const { Cell::new(DEFAULT_BUDGET) };
    static USED: Cell<usize> = const { Cell::new(0) };
}

/// Sets how many bytes the peers of this instance may fill.
pub fn set_budget(bytes: usize) {
    LIMIT.set(bytes);
}

/// How many bytes the peers of this instance may fill.
pub fn budget() -> usize {
    LIMIT.get()
}

/// How many bytes the peers of this instance have filled.
pub fn budget_used() -> usize {
    USED.get()
}

/// What one connection holds, whoever holds the connection.
#[derive(Debug, Default)]
pub struct Account(Cell<usize>);

impl Account {
    /// Whether the connection holds more than its share: it has to wait before it takes in more.
    pub fn is_spent(&self) -> bool {
        self.0.get() > LIMIT.get().saturating_sub(USED.get()) / SHARE
    }

    /// Bytes that are charged to the connection.
    pub fn held(&self) -> usize {
        self.0.get()
    }
}

/// One holder's part of an account; given back when it is dropped.
#[derive(Debug)]
pub struct Charge {
    account: Rc<Account>,
    bytes: Cell<usize>,
}

impl Charge {
    /// Charges `bytes` to `account`.
    pub fn new(account: &Rc<Account>, bytes: usize) -> Self {
        let charge = Self { account: Rc::clone(account), bytes: Cell::new(0) };
        charge.set(bytes);
        charge
    }

    /// The holder holds `bytes` now.
    pub fn set(&self, bytes: usize) {
        let before = self.bytes.replace(bytes);
        if before != bytes {
            self.account.0.set(self.account.0.get() - before + bytes);
            USED.set(USED.get() - before + bytes);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_shared_and_large_holders_stop_first() {
        set_budget(1000);
        let (small, large) = (Rc::<Account>::default(), Rc::<Account>::default());
        let small_charge = Charge::new(&small, 100);
        let large_charge = Charge::new(&large, 180);
        assert!(!small.is_spent() && !large.is_spent(), "a quarter of 720 is 180");
        large_charge.set(184);
        assert!(!small.is_spent() && large.is_spent());
        let more = Charge::new(&large, 400);
        assert_eq!((large.held(), budget_used()), (584, 684));
        assert!(small.is_spent());
        drop(more);
        assert!(!small.is_spent());
        large_charge.set(1 << 40);
        assert!(small.is_spent(), "beyond the limit nothing is left");
        drop((small_charge, large_charge));
        assert_eq!((small.held(), large.held(), budget_used()), (0, 0, 0));
        set_budget(DEFAULT_BUDGET);
    }
}
