//! What a connection is set up with.

use crate::{
    client::{Agent, Transport},
    error::Error,
    frames::{DeflateOptions, Limits as FrameLimits},
    runtime::Span,
};

/// How much one connection may hold, and how long its end may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message that is received; 16 MiB.
    pub max_message_size: usize,
    /// Bytes of a frame that is received, as it is sent; 16 MiB.
    pub max_frame_size: u64,
    /// Bytes of undelivered messages from which on no more is read; 64 KiB.
    pub high_water_mark: usize,
    /// Bytes that may wait to be sent; 16 MiB.
    pub max_buffered_amount: usize,
    /// How long the end of a connection may take; 10 s.
    pub close_timeout: Span,
}

impl Default for Limits {
    fn default() -> Self {
        const SIZE: usize = 16 * 1024 * 1024;
        Self {
            max_message_size: SIZE,
            max_frame_size: SIZE as u64,
            high_water_mark: 64 * 1024,
            max_buffered_amount: SIZE,
            close_timeout: Span::millis(10_000),
        }
    }
}

impl Limits {
    pub(super) const fn of_frames(&self) -> FrameLimits {
        FrameLimits { frame: self.max_frame_size, message: self.max_message_size }
    }
}

/// What both ends may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How much and how long.
    pub limits: Limits,
    /// After so long a silence the peer is sent a ping, and after as long again given up; never.
    pub ping_interval: Span,
    /// Compression: offered by a client, accepted by a server; none.
    pub deflate: Option<DeflateOptions>,
}

impl Settings {
    /// # Errors
    /// `ERR_OUT_OF_RANGE`: bits of a window.
    pub(super) fn check(&self) -> Result<(), Error> {
        let Some(deflate) = &self.deflate else { return Ok(()) };
        for (name, bits) in [
            ("serverMaxWindowBits", deflate.server_max_window_bits),
            ("clientMaxWindowBits", deflate.client_max_window_bits),
        ] {
            if let Some(bits) = bits.filter(|bits| !(8..=15).contains(bits)) {
                return Err(Error::out_of_range(name, ">= 8 && <= 15", bits.into()));
            }
        }
        Ok(())
    }
}

/// What a client may choose.
#[derive(Debug)]
pub struct ConnectOptions<'a> {
    /// The agent that finds the connection; one for this connection alone.
    pub agent: Option<&'a Agent>,
    /// The connection to use, when no agent is given.
    pub connection: Option<Transport>,
    /// Header fields beside those of the handshake; none.
    pub headers: Vec<(String, String)>,
    /// How long it may take until the connection is open; 30 s.
    pub handshake_timeout: Span,
    /// What both ends may choose.
    pub settings: Settings,
}

impl Default for ConnectOptions<'_> {
    fn default() -> Self {
        Self {
            agent: None,
            connection: None,
            headers: Vec::new(),
            handshake_timeout: Span::millis(30_000),
            settings: Settings::default(),
        }
    }
}

/// What a server may choose.
#[derive(Clone, Debug, Default)]
pub struct AcceptOptions {
    /// The protocols that the application speaks; none. Of those that a client offers the first is chosen.
    pub protocols: Vec<String>,
    /// Header fields of the answer beside those of the handshake; none.
    pub headers: Vec<(String, String)>,
    /// What both ends may choose.
    pub settings: Settings,
}
