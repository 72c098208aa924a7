//! The fields of a head or of trailers: the bytes once, and where each name and value lies in them.

use std::fmt;

use super::grammar::trim_blanks_end;

/// Fields whose place is noted while they are scanned, so that nobody has to search for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownField {
    /// `Host`
    Host,
    /// `Connection`
    Connection,
    /// `Proxy-Connection`, which llhttp reads as it reads `Connection`
    ProxyConnection,
    /// `Content-Length`
    ContentLength,
    /// `Transfer-Encoding`
    TransferEncoding,
    /// `Upgrade`
    Upgrade,
    /// `Expect`
    Expect,
    /// `TE`
    Te,
    /// `Keep-Alive`
    KeepAlive,
}

impl KnownField {
    const COUNT: usize = 9;

    /// The known field of this name, in any case.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let (field, text): (_, &[u8]) = match (name.len(), name.first()?.to_ascii_lowercase()) {
            (2, _) => (Self::Te, b"te"),
            (4, _) => (Self::Host, b"host"),
            (6, _) => (Self::Expect, b"expect"),
            (7, _) => (Self::Upgrade, b"upgrade"),
            (10, b'c') => (Self::Connection, b"connection"),
            (10, _) => (Self::KeepAlive, b"keep-alive"),
            (14, _) => (Self::ContentLength, b"content-length"),
            (16, _) => (Self::ProxyConnection, b"proxy-connection"),
            (17, _) => (Self::TransferEncoding, b"transfer-encoding"),
            _ => return None,
        };
        name.eq_ignore_ascii_case(text).then_some(field)
    }

    /// Whether llhttp has states of its own for this name.
    pub(super) const fn frames(self) -> bool {
        matches!(
            self,
            Self::Connection
                | Self::ProxyConnection
                | Self::ContentLength
                | Self::TransferEncoding
                | Self::Upgrade
        )
    }
}

/// An ordered list of fields as they were received, names in their own case, duplicates kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    bytes: Box<[u8]>,
    index: Index,
}

/// A name and its value as offsets. A head is never longer than `u32::MAX` (`Limits::max_raw_head`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) name: (u32, u32),
    pub(super) value: (u32, u32),
}

/// Where the fields of a block lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) spans: Vec<Span>,
    /// Number of the first field of each kind, plus one; 0 is none.
    known: [u32; KnownField::COUNT],
    /// How many `Host` fields there are, counted to two.
    pub(super) hosts: u8,
}

impl Index {
    /// Notes the place of the field that is about to be added.
    pub(super) fn note(&mut self, field: KnownField) {
        // Fewer than 2^32 fields fit into a head.
        let number = self.spans.len() as u32 + 1;
        let first = &mut self.known[field as usize];
        if *first == 0 {
            *first = number;
        }
        if field == KnownField::Host {
            self.hosts = self.hosts.saturating_add(1).min(2);
        }
    }
}

impl Fields {
    /// `bytes` are the raw head or trailers that `index` points into.
    pub(super) const fn new(bytes: Box<[u8]>, index: Index) -> Self {
        Self { bytes, index }
    }

    /// How many field lines there are.
    pub fn len(&self) -> usize {
        self.index.spans.len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.index.spans.is_empty()
    }

    /// Bytes of memory that the list takes.
    pub fn memory(&self) -> usize {
        self.bytes.len() + self.index.spans.capacity() * size_of::<Span>()
    }

    /// Every name with its value, blanks around the value stripped, in the order received.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.index.spans.iter().map(|span| (self.slice(span.name), self.value(span)))
    }

    /// The values of all fields of this name, compared without case.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The value of the first field of this name, compared without case.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// The value of the first field of this kind, without a search.
    pub fn known(&self, field: KnownField) -> Option<&[u8]> {
        let number = self.index.known[field as usize].checked_sub(1)?;
        self.index.spans.get(number as usize).map(|span| self.value(span))
    }

    pub(super) fn hosts(&self) -> u8 {
        self.index.hosts
    }

    pub(super) fn slice(&self, (start, end): (u32, u32)) -> &[u8] {
        &self.bytes[start as usize..end as usize]
    }

    fn value(&self, span: &Span) -> &[u8] {
        trim_blanks_end(self.slice(span.value))
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, value)| (name.escape_ascii(), value.escape_ascii())))
            .finish()
    }
}
