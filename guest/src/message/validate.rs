//! What may stand in a header, a trailer, a status line and a request target.
//!
//! Names, values and messages are binary strings: every `char` is U+0000–U+00FF and one byte on the wire.
//! In Rust's UTF-8 those characters are one ASCII byte, or 0xC2/0xC3 and a continuation byte, so all checks
//! run over the bytes of the `str` and never decode.

use crate::error::Error;

/// Node's `http.validateHeaderName(name[, label])`.
///
/// # Errors
/// `ERR_INVALID_HTTP_TOKEN` when `name` is no token (RFC 9110 §5.6.2).
pub fn validate_header_name(name: &str, label: Option<&str>) -> Result<(), Error> {
    if is_token(name) { Ok(()) } else { Err(Error::invalid_http_token(label.unwrap_or("Header name"), name)) }
}

/// Node's `http.validateHeaderValue(name, value)`.
///
/// # Errors
/// `ERR_INVALID_CHAR` when `value` has a control character other than TAB, or one beyond U+00FF.
pub fn validate_header_value(name: &str, value: &str) -> Result<(), Error> {
    if is_field_text(value) { Ok(()) } else { Err(Error::invalid_char("header content", Some(name))) }
}

/// Checks the value of a trailer field.
///
/// # Errors
/// `ERR_INVALID_CHAR`, as for a header value.
pub fn validate_trailer_value(name: &str, value: &str) -> Result<(), Error> {
    if is_field_text(value) { Ok(()) } else { Err(Error::invalid_char("trailer content", Some(name))) }
}

/// Checks a status code: three digits.
///
/// # Errors
/// `ERR_HTTP_INVALID_STATUS_CODE`.
pub fn validate_status_code(status: u16) -> Result<(), Error> {
    if (100..=999).contains(&status) { Ok(()) } else { Err(Error::invalid_status_code(status)) }
}

/// Checks a status message.
///
/// # Errors
/// `ERR_INVALID_CHAR`, as for a header value.
pub fn validate_status_message(message: &str) -> Result<(), Error> {
    if is_field_text(message) { Ok(()) } else { Err(Error::invalid_char("statusMessage", None)) }
}

/// Checks a request method.
///
/// # Errors
/// `ERR_INVALID_HTTP_TOKEN` when `method` is no token.
pub fn validate_method(method: &str) -> Result<(), Error> {
    validate_header_name(method, Some("Method"))
}

/// Checks a request path: no control characters, no space, nothing beyond U+00FF.
///
/// # Errors
/// `ERR_UNESCAPED_CHARACTERS`.
pub fn validate_path(path: &str) -> Result<(), Error> {
    // 0x7F passes: Node only asks for U+0021–U+00FF.
    if path.bytes().all(|byte| matches!(byte, 0x21..=0xc3)) {
        Ok(())
    } else {
        Err(Error::unescaped_characters())
    }
}

/// Checks one `Link` value of early hints: `<target>` and parameters, each ` ; name`, ` ; name=value` or
/// ` ; name="value"` without spaces, semicolons or quotes inside.
///
/// # Errors
/// `ERR_INVALID_ARG_VALUE`.
pub fn validate_link(link: &str) -> Result<(), Error> {
    if is_link(link) { Ok(()) } else { Err(invalid_link(&inspect(link))) }
}

/// The error for hints whose `link` is `received`, printed as Node's `util.inspect` does.
pub(crate) fn invalid_link(received: &str) -> Error {
    Error::invalid_arg_value(
        "hints",
        "must be an array or string of format \"</styles.css>; rel=preload; as=style\"",
        received,
    )
}

/// Whether `text` is a token: one or more of RFC 9110's `tchar`.
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| TOKEN[usize::from(byte)])
}

/// Whether `text` may stand in a field value or status message.
#[must_use]
pub fn is_field_text(text: &str) -> bool {
    // No early exit: the loop has no branches, and text that fails is rare.
    text.bytes().fold(true, |ok, byte| ok & FIELD_TEXT[usize::from(byte)])
}

/// `tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA`
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let allowed = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut index = 0;
    while index < allowed.len() {
        table[allowed[index] as usize] = true;
        index += 1;
    }
    table
};

/// Bytes of UTF-8 text all of whose characters are TAB, U+0020–U+007E or U+0080–U+00FF.
const FIELD_TEXT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte, 0x09 | 0x20..=0x7e | 0x80..=0xc3);
        byte += 1;
    }
    table
};

fn is_link(link: &str) -> bool {
    let Some(rest) = link.strip_prefix('<') else {
        return false;
    };
    let Some(end) = rest.find(['>', '\r', '\n']) else {
        return false;
    };
    let (Some(mut rest), true) = (rest.get(end + 1..), rest.as_bytes()[end] == b'>') else {
        return false;
    };
    while !rest.is_empty() {
        let Some(parameter) = rest.trim_start_matches(is_js_space).strip_prefix(';') else {
            return false;
        };
        let parameter = parameter.trim_start_matches(is_js_space);
        let end = parameter.find(|c| c == ';' || is_js_space(c)).unwrap_or(parameter.len());
        if !is_link_parameter(&parameter[..end]) {
            return false;
        }
        rest = &parameter[end..];
    }
    true
}

/// `name`, `name=value` or `name="value"`; a name may itself contain `=`.
fn is_link_parameter(parameter: &str) -> bool {
    if !parameter.contains('"') {
        return !parameter.is_empty();
    }
    let Some(open) = parameter.find("=\"") else {
        return false;
    };
    let Some(value) = parameter[open + 2..].strip_suffix('"') else {
        return false;
    };
    open > 0 && !parameter[..open].contains('"') && !value.contains('"')
}

/// JavaScript's `\s`: white space, line ends and the byte order mark.
fn is_js_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// A string as Node's `util.inspect` prints it.
pub(crate) fn inspect(text: &str) -> String {
    let quote = match (text.contains('\''), text.contains('"'), text.contains('`')) {
        (true, false, _) => '"',
        (true, true, false) => '`',
        _ => '\'',
    };
    let mut inspected = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => inspected.push_str("\\n"),
            '\r' => inspected.push_str("\\r"),
            '\t' => inspected.push_str("\\t"),
            '\u{8}' => inspected.push_str("\\b"),
            '\u{b}' => inspected.push_str("\\v"),
            '\u{c}' => inspected.push_str("\\f"),
            '\\' => inspected.push_str("\\\\"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => inspected.push_str(&format!("\\x{:02X}", u32::from(c))),
            _ if c == quote => inspected.extend(['\\', c]),
            _ => inspected.push(c),
        }
    }
    inspected.push(quote);
    inspected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_message(result: Result<(), Error>) -> (String, String) {
        let error = result.expect_err("the value is invalid");
        (error.code().to_owned(), error.message().to_owned())
    }

    /// Rows: MO8 (validateHeaderName), SR17
    #[test]
    fn header_names_are_tokens() {
        for (name, label, message) in [
            ("", None, "Header name must be a valid HTTP token [\"\"]"),
            ("a b", None, "Header name must be a valid HTTP token [\"a b\"]"),
            ("a b", Some("Lbl"), "Lbl must be a valid HTTP token [\"a b\"]"),
            ("a:b", None, "Header name must be a valid HTTP token [\"a:b\"]"),
            ("a\u{e9}", None, "Header name must be a valid HTTP token [\"a\u{e9}\"]"),
        ] {
            let (code, text) = code_and_message(validate_header_name(name, label));
            assert_eq!((code.as_str(), text.as_str()), ("ERR_INVALID_HTTP_TOKEN", message));
        }
        for name in ["a", "X-A", "!#$%&'*+-.^_`|~09azAZ", "constructor", "__proto__"] {
            assert!(validate_header_name(name, None).is_ok(), "{name}");
        }
    }

    #[test]
    fn header_values_are_latin1_without_controls() {
        for value in ["\u{100}", "a\rb", "a\nb", "\0", "\x7f", "\u{20ac}", "\u{1f600}"] {
            let (code, text) = code_and_message(validate_header_value("x", value));
            assert_eq!(code, "ERR_INVALID_CHAR");
            assert_eq!(text, "Invalid character in header content [\"x\"]");
        }
        for value in ["", "a b", "\t", "\u{80}\u{ff}", "~"] {
            assert!(validate_header_value("x", value).is_ok(), "{value:?}");
        }
    }

    #[test]
    fn paths_have_no_spaces_or_controls() {
        for path in ["/a b", "/\u{100}", "/\n", "/\0"] {
            assert_eq!(validate_path(path).expect_err("invalid").code(), "ERR_UNESCAPED_CHARACTERS");
        }
        assert!(validate_path("/a\u{7f}\u{e9}\u{ff}").is_ok());
    }

    /// Rows: SR28
    #[test]
    fn links_have_a_target_and_parameters() {
        for link in [
            "</styles.css>; rel=preload; as=style",
            "<>",
            "</a>;x",
            "</a> ; a=b=c",
            "</a>; x=\"y\"",
            "</a>; x=\"\"",
            "</a>; x=",
        ] {
            assert!(validate_link(link).is_ok(), "{link}");
        }
        for link in
            ["", "bad", "</a", "</a\n>", "</a> rel=x", "</a>; ", "</a>; x=\"y z\"", "</a>; x=\"y", "</a>;x;"]
        {
            assert_eq!(validate_link(link).expect_err(link).code(), "ERR_INVALID_ARG_VALUE");
        }
        assert_eq!(
            validate_link("bad\r\n").expect_err("no link").message(),
            "The argument 'hints' must be an array or string of format \
             \"</styles.css>; rel=preload; as=style\". Received 'bad\\r\\n'"
        );
    }
}
