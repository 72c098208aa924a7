//! What happens to a server, decoded from bytes: what its clients send, what its application does, what time does.

/// How many actions one script may have, so that every run ends soon.
const MOST_ACTIONS: usize = 200;

/// The server's options and what happens to it.
#[derive(Debug)]
pub(super) struct Script {
    /// Which events are listened to.
    pub(super) listening: u16,
    pub(super) options: u8,
    /// Nothing in it depends on how many bytes arrive at once, so that any split must give the same output.
    pub(super) calm: bool,
    pub(super) actions: Vec<Action>,
}

/// One thing that happens. Numbers choose among what there is, modulo how many there are.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Client `to` sends.
    Send { to: u8, bytes: Vec<u8> },
    /// A client leaves; in a calm script it only ends its side.
    Client { who: u8, what: u8 },
    /// A client connects.
    Connect,
    /// The application takes events.
    Take { most: u8 },
    /// It does something with a response.
    Response { which: u8, what: u8, amount: u8 },
    /// … with a request.
    Request { which: u8, what: u8 },
    /// … with a socket.
    Socket { which: u8, what: u8 },
    /// … with the server.
    Server { what: u8 },
    /// Milliseconds pass.
    Wait { millis: u64 },
}

impl Script {
    pub(super) fn decode(input: &[u8]) -> Option<Self> {
        let (&[low, high, options, calm], rest) = input.split_first_chunk()?;
        let mut bytes = Bytes(rest);
        let mut script = Self {
            listening: u16::from_le_bytes([low, high]),
            options,
            calm: calm & 1 == 0,
            actions: Vec::new(),
        };
        while script.actions.len() < MOST_ACTIONS
            && let Some(action) = bytes.action()
        {
            script.actions.push(action);
        }
        Some(script)
    }
}

/// What is left to decode.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn action(&mut self) -> Option<Action> {
        let (kind, to) = (self.next()?, self.next()?);
        Some(match kind % 16 {
            0..=3 => Action::Send { to, bytes: self.likely() },
            4 | 5 => Action::Send { to, bytes: self.literal() },
            6 => Action::Client { who: to, what: self.next()? },
            7 => Action::Connect,
            8 | 9 => Action::Take { most: to },
            10 | 11 => Action::Response { which: to, what: self.next()?, amount: self.next()? },
            12 => Action::Request { which: to, what: self.next()? },
            13 => Action::Socket { which: to, what: self.next()? },
            14 => Action::Server { what: to },
            _ => Action::Wait { millis: 1 << (to % 20) },
        })
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Up to 63 bytes as they stand in the input.
    fn literal(&mut self) -> Vec<u8> {
        let length = usize::from(self.next().unwrap_or(0) % 64).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes.to_vec()
    }

    /// A message that a server is likely to see, perhaps repeated or cut short.
    fn likely(&mut self) -> Vec<u8> {
        let (which, how) = (self.next().unwrap_or(0), self.next().unwrap_or(0));
        let mut bytes = LIKELY[usize::from(which) % LIKELY.len()].to_vec();
        match how {
            0..=127 => {}
            128..=191 => bytes = bytes.repeat(usize::from(how - 126)),
            _ => bytes.truncate(bytes.len() * usize::from(how - 191) / 65),
        }
        bytes
    }
}

const LIKELY: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0\r\nx: y\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: other\r\nContent-Length: 5\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\nContent-Length: 5\r\n\r\nhel",
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    b"hello",
    b"lo",
    b"BAD\r\n\r\n",
    b"\r\n",
    b"\0",
    b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];
