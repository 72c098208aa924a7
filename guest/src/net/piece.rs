//! What a write sends.

use std::ops::Deref;

use bytes::Bytes;

/// Bytes to be sent: the writer's own, or those that others send, too.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Its buffer serves the next write.
    Owned(Vec<u8>),
    /// They are where they are, however many send them.
    Shared(Bytes),
}

impl Piece {
    /// How many of the bytes others send, too.
    pub fn shared(&self) -> usize {
        match self {
            Self::Owned(_) => 0,
            Self::Shared(bytes) => bytes.len(),
        }
    }

    /// An empty buffer for the next write.
    pub fn into_buffer(self) -> Vec<u8> {
        match self {
            Self::Owned(mut bytes) => {
                bytes.clear();
                bytes
            }
            Self::Shared(_) => Vec::new(),
        }
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Default for Piece {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

impl From<Vec<u8>> for Piece {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}
