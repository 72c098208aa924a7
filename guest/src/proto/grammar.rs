//! Byte classes, each under the rule it comes from.

const TOKEN: u8 = 1;
const VALUE: u8 = 2;
const TARGET: u8 = 4;
const AUTHORITY: u8 = 8;
const QUOTED: u8 = 16;
const NAME: u8 = 32;

/// One look-up per byte decides every class.
static CLASSES: [u8; 256] = classes();

/// `tchar` (RFC 9110 5.6.2), the bytes of a field name.
pub(super) fn is_token(byte: u8) -> bool {
    CLASSES[byte as usize] & TOKEN != 0
}

/// `field-vchar / SP / HTAB` (RFC 9110 5.5): VCHAR and obs-text, no control character but HTAB.
pub(super) fn is_value(byte: u8) -> bool {
    CLASSES[byte as usize] & VALUE != 0
}

/// A byte of the path, query or fragment of a request target, `?` and `#` aside. As llhttp: every visible ASCII
/// character, also those RFC 3986 wants percent-encoded.
pub(super) fn is_target(byte: u8) -> bool {
    CLASSES[byte as usize] & TARGET != 0
}

/// A byte of the authority of a request target as llhttp takes it: userinfo characters and brackets, `@` aside.
pub(super) fn is_authority(byte: u8) -> bool {
    CLASSES[byte as usize] & AUTHORITY != 0
}

/// `qdtext` (RFC 9110 5.6.4): everything of a value but `"` and `\`.
pub(super) fn is_quoted(byte: u8) -> bool {
    CLASSES[byte as usize] & QUOTED != 0
}

/// `unreserved / sub-delims` (RFC 3986 2), the bytes of a `reg-name` save those that are percent-encoded.
pub(super) fn is_name(byte: u8) -> bool {
    CLASSES[byte as usize] & NAME != 0
}

/// `OWS` is made of SP and HTAB (RFC 9110 5.6.3).
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `bytes` without the blanks at its end.
pub(super) const fn trim_blanks_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

/// The value of a hexadecimal digit (RFC 5234 B.1).
pub(super) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The value of a decimal digit.
pub(super) const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        _ => None,
    }
}

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        // The loop's bound keeps the index inside u8.
        let byte = index as u8;
        let word = byte.is_ascii_alphanumeric();
        let visible = byte > b' ' && byte != 0x7f;
        let ascii = byte < 0x80;
        if word || one_of(byte, b"!#$%&'*+-.^_`|~") {
            table[index] |= TOKEN;
        }
        if visible || is_blank(byte) {
            table[index] |= VALUE;
        }
        if visible && ascii && !one_of(byte, b"?#") {
            table[index] |= TARGET;
        }
        if word || one_of(byte, b"-_.!~*'()%;:&=+$,[]") {
            table[index] |= AUTHORITY;
        }
        if (visible || is_blank(byte)) && !one_of(byte, b"\"\\") {
            table[index] |= QUOTED;
        }
        if word || one_of(byte, b"-._~!$&'()*+,;=") {
            table[index] |= NAME;
        }
        index += 1;
    }
    table
}

const fn one_of(byte: u8, set: &[u8]) -> bool {
    let mut index = 0;
    while index < set.len() {
        if set[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_their_sizes() {
        let count = |class: fn(u8) -> bool| (0..=255).filter(|byte| class(*byte)).count();
        assert_eq!(count(is_token), 15 + 62);
        assert_eq!(count(is_value), 94 + 128 + 2);
        assert_eq!(count(is_target), 94 - 2);
        assert_eq!(count(is_authority), 62 + 19);
        assert_eq!(count(is_quoted), 94 + 128 + 2 - 2);
        assert_eq!(count(is_name), 62 + 15);
    }

    #[test]
    fn trims_blanks_at_the_end_only() {
        assert_eq!(trim_blanks_end(b" a b \t "), b" a b");
        assert_eq!(trim_blanks_end(b" \t"), b"");
    }
}
