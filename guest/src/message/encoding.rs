//! Body chunks as JavaScript hands them over: bytes, text, or text in one of `Buffer`'s encodings.
//!
//! Text becomes bytes here, once, before anything is counted: Content-Length and chunk sizes are always those
//! of the bytes that are written (I-51). Node computes some of them from the text and can get them wrong.

use std::borrow::Cow;

use crate::error::Error;

/// One argument of `write` or `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// A `Uint8Array`.
    Bytes(Vec<u8>),
    /// A string without an encoding: UTF-8.
    Text(String),
    /// A string and its encoding.
    Encoded(String, Encoding),
}

impl Chunk {
    /// The bytes that go on the wire.
    #[must_use]
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Bytes(bytes) => bytes.into(),
            Self::Text(text) => text.as_bytes().into(),
            Self::Encoded(text, encoding) => encoding.encode(text),
        }
    }

    /// Whether JavaScript takes the chunk for `false`: `end('')` is `end()`, `end(new Uint8Array())` is not.
    #[must_use]
    pub fn is_falsy(&self) -> bool {
        match self {
            Self::Bytes(_) => false,
            Self::Text(text) | Self::Encoded(text, _) => text.is_empty(),
        }
    }
}

/// How text becomes bytes: the encodings of Node's `Buffer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `utf8`, the default.
    Utf8,
    /// `utf16le` and `ucs2`: two bytes for each UTF-16 code unit.
    Utf16Le,
    /// `latin1` and `binary`: the low byte of each UTF-16 code unit.
    Latin1,
    /// `ascii`: written exactly like `latin1`.
    Ascii,
    /// `hex`: stops at the first pair that is not hexadecimal.
    Hex,
    /// `base64`: both alphabets, ignores what is in neither, stops at `=`.
    Base64,
    /// `base64url`: decodes like `base64`.
    Base64Url,
}

impl Encoding {
    /// The encoding that Node knows under `name`, in any case.
    ///
    /// # Errors
    /// `ERR_UNKNOWN_ENCODING`.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name.to_ascii_lowercase().as_str() {
            "utf8" | "utf-8" => Ok(Self::Utf8),
            "utf16le" | "utf-16le" | "ucs2" | "ucs-2" => Ok(Self::Utf16Le),
            "latin1" | "binary" => Ok(Self::Latin1),
            "ascii" => Ok(Self::Ascii),
            "hex" => Ok(Self::Hex),
            "base64" => Ok(Self::Base64),
            "base64url" => Ok(Self::Base64Url),
            _ => Err(Error::unknown_encoding(name)),
        }
    }

    /// `Buffer.from(text, encoding)`.
    #[must_use]
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => text.as_bytes().into(),
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Latin1 | Self::Ascii if text.is_ascii() => text.as_bytes().into(),
            Self::Latin1 | Self::Ascii => text.encode_utf16().map(low_byte).collect(),
            Self::Hex => decode_hex(text).into(),
            Self::Base64 | Self::Base64Url => decode_base64(text).into(),
        }
    }
}

fn low_byte(unit: u16) -> u8 {
    unit.to_le_bytes()[0]
}

fn decode_hex(text: &str) -> Vec<u8> {
    // Node looks at the low byte of each code unit only, so U+0130 counts as '0'.
    let digits: Vec<u8> = text.encode_utf16().map(low_byte).collect();
    digits.chunks_exact(2).map_while(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?)).collect()
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Six bits for each character of either alphabet; what is left over at the end and is no whole byte is lost.
fn decode_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut bits = 0_u32;
    let mut held = 0;
    for digit in text.bytes().take_while(|&byte| byte != b'=').filter_map(base64_digit) {
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    bytes
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: I-51. Expected bytes were printed by Node 23.5.0 and 26.10.0.
    #[test]
    fn text_becomes_nodes_bytes() {
        let table: &[(Encoding, &str, &[u8])] = &[
            (Encoding::Base64, "YQ==", b"a"),
            (Encoding::Base64, "YQ==YQ==", b"a"),
            (Encoding::Base64, "YQ", b"a"),
            (Encoding::Base64, "Y", b""),
            (Encoding::Base64, "Y W\nJ!j", b"abc"),
            (Encoding::Base64, "Y\u{100}WJj\u{e9}", b"abc"),
            (Encoding::Base64, "=YQ", b""),
            (Encoding::Base64, "YWJjZA=x", b"abcd"),
            (Encoding::Base64, "+_-/", b"\xfb\xff\xbf"),
            (Encoding::Base64Url, "-_-_", b"\xfb\xff\xbf"),
            (Encoding::Base64Url, "+/+/", b"\xfb\xff\xbf"),
            (Encoding::Hex, "AbCd", b"\xab\xcd"),
            (Encoding::Hex, "616", b"a"),
            (Encoding::Hex, "61zz62", b"a"),
            (Encoding::Hex, "6z", b""),
            (Encoding::Hex, "61\u{130}6", b"a\x06"),
            (Encoding::Latin1, "a\u{e9}", b"a\xe9"),
            (Encoding::Latin1, "\u{100}\u{20ac}", b"\x00\xac"),
            (Encoding::Ascii, "\u{1f600}", b"\x3d\x00"),
            (Encoding::Utf16Le, "a\u{e9}", b"a\x00\xe9\x00"),
            (Encoding::Utf16Le, "\u{1f600}", b"\x3d\xd8\x00\xde"),
            (Encoding::Utf8, "a\u{e9}", b"a\xc3\xa9"),
        ];
        for (encoding, text, bytes) in table {
            assert_eq!(encoding.encode(text).as_ref(), *bytes, "{encoding:?} {text:?}");
        }
    }

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(Encoding::from_name("UCS-2"), Ok(Encoding::Utf16Le));
        assert_eq!(Encoding::from_name("Binary"), Ok(Encoding::Latin1));
        assert_eq!(Encoding::from_name("x").expect_err("unknown").code(), "ERR_UNKNOWN_ENCODING");
    }

    #[test]
    fn only_empty_text_is_falsy() {
        assert!(Chunk::Text(String::new()).is_falsy());
        assert!(Chunk::Encoded(String::new(), Encoding::Hex).is_falsy());
        assert!(!Chunk::Bytes(Vec::new()).is_falsy());
    }
}
