//! A message that is sent, and the application's hands in it.

use std::cell::{Cell, Ref, RefCell, RefMut};

use crate::{error::Error, message::OutgoingMessage};

/// A message that is sent.
#[derive(Debug)]
pub(crate) struct Outbound {
    message: RefCell<OutgoingMessage>,
    /// Whether a closure of the application's has it in its hands: what stands in for it says nothing.
    lent: Cell<bool>,
    /// How many may write it: the application, while it has its handle, and pipes.
    writers: Cell<usize>,
}

impl Outbound {
    pub(crate) fn new(message: OutgoingMessage) -> Self {
        Self { message: RefCell::new(message), lent: Cell::new(false), writers: Cell::new(1) }
    }

    pub(crate) fn borrow(&self) -> Ref<'_, OutgoingMessage> {
        self.message.borrow()
    }

    pub(crate) fn borrow_mut(&self) -> RefMut<'_, OutgoingMessage> {
        self.message.borrow_mut()
    }

    pub(crate) fn is_lent(&self) -> bool {
        self.lent.get()
    }

    /// A pipe into it begins.
    pub(crate) fn add_writer(&self) {
        self.writers.set(self.writers.get() + 1);
    }

    /// True when that was the last.
    pub(crate) fn drop_writer(&self) -> bool {
        self.writers.set(self.writers.get() - 1);
        self.writers.get() == 0
    }

    /// A change that calls nothing else.
    ///
    /// # Errors
    /// Those of `change`; `ERR_INVALID_STATE` while the message is lent.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.is_lent() { Err(Error::in_use()) } else { change(&mut self.borrow_mut()) }
    }

    /// As [`Self::change`], for a closure that anybody wrote: it may call whatever it likes.
    pub(crate) fn lend<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.lent.replace(true) {
            return Err(Error::in_use());
        }
        let mut message = self.message.replace(OutgoingMessage::lent());
        let result = change(&mut message);
        self.message.replace(message);
        self.lent.set(false);
        result
    }

    /// A property, for a closure that anybody wrote. Of a message that is lent there is none to see but that it is.
    pub(crate) fn look<T>(&self, property: impl FnOnce(&OutgoingMessage) -> T) -> T {
        let message = self.message.replace(OutgoingMessage::lent());
        let before = self.lent.replace(true);
        let value = property(&message);
        self.message.replace(message);
        self.lent.set(before);
        value
    }
}
