//! Writes heads and chunks. Nothing is validated here: names, values and targets are checked where they are set.

use super::status;

/// `HTTP/1.1 200 OK` and CRLF. Node answers with version 1.1 to every request.
pub fn status_line(out: &mut Vec<u8>, status: u16, reason: &[u8]) {
    // The bytes of the usual line are there already.
    if let Some(known) = status::reason(status)
        && known.as_bytes() == reason
        && status == 200
    {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    decimal(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

/// `GET /path HTTP/1.1` and CRLF.
pub fn request_line(out: &mut Vec<u8>, method: &[u8], target: &[u8]) {
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(target);
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// `name: value` and CRLF.
pub fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The empty line behind the fields.
pub fn end_of_fields(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// The size line of a chunk, in lower-case digits as Node writes them. An empty chunk would end the body: write
/// [`last_chunk`] for that.
pub fn chunk_size(out: &mut Vec<u8>, size: u64) {
    let mut digits = [0; 16];
    let mut rest = size;
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdef"[(rest % 16) as usize];
        rest /= 16;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
    out.extend_from_slice(b"\r\n");
}

/// A whole chunk; nothing for an empty one.
pub fn chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    chunk_size(out, data.len() as u64);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// The last chunk; trailers and the empty line follow ([`field`], [`end_of_fields`]).
pub fn last_chunk(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
}

/// A decimal number, as `Content-Length` has it.
pub fn decimal(out: &mut Vec<u8>, number: u64) {
    if number < 10 {
        return out.push(b'0' + number as u8);
    }
    let mut digits = [0; 20];
    let mut rest = number;
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_chunked_response() {
        let mut out = Vec::new();
        status_line(&mut out, 404, b"Nope");
        field(&mut out, b"Transfer-Encoding", b"chunked");
        end_of_fields(&mut out);
        chunk(&mut out, b"");
        chunk(&mut out, &[b'x'; 26]);
        last_chunk(&mut out);
        field(&mut out, b"T", b"1");
        end_of_fields(&mut out);
        let expected: &[u8] = b"HTTP/1.1 404 Nope\r\nTransfer-Encoding: chunked\r\n\r\n\
            1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\nT: 1\r\n\r\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn writes_lines() {
        let mut out = Vec::new();
        request_line(&mut out, b"GET", b"/");
        status_line(&mut out, 200, b"OK");
        status_line(&mut out, 200, b"Fine");
        assert_eq!(out, b"GET / HTTP/1.1\r\nHTTP/1.1 200 OK\r\nHTTP/1.1 200 Fine\r\n");
    }

    #[test]
    fn writes_numbers() {
        let mut out = Vec::new();
        decimal(&mut out, 0);
        decimal(&mut out, u64::MAX);
        chunk_size(&mut out, u64::MAX);
        assert_eq!(out, b"018446744073709551615ffffffffffffffff\r\n");
    }
}
