//! The decoder against llhttp's own test vectors and against what Node 26.10 and 23.5 were observed to do.

mod support;

use std::path::{Path, PathBuf};

use node_http::proto::{Direction, Leniency, Limits, Method};
use serde_json::Value;
use support::{Message, Record, Setup};

#[test]
fn llhttp_requests() {
    llhttp_suite("llhttp-requests.json", 166);
}

#[test]
fn llhttp_responses() {
    llhttp_suite("llhttp-responses.json", 85);
}

#[test]
fn node_parser() {
    let mut count = 0;
    for case in lines("node-26.10-parser.jsonl") {
        node_case(&case);
        count += 1;
    }
    assert_eq!(count, 75);
}

/// The requests of the server goldens, and Node's answers to them.
#[test]
fn node_wire() {
    // No client decodes these answers to their end: a handler writes more than it declares or takes the socket, or
    // Node itself answers behind `Connection: close` or with a length beside a coding (S7).
    const NO_RESPONSES: [&str; 5] = [
        "CL small, body long",
        "Upgrade listener",
        "Upgrade with body (CL)",
        "maxRequestsPerSocket 2",
        "explicit TE + CL",
    ];
    let mut count = 0;
    for case in lines("node-23.5-server-wire.jsonl") {
        let name = text(&case["name"]);
        let request = latin1(text(&case["request"]));
        let upgrades = name.starts_with("Upgrade ") && name != "Upgrade no listener";
        let setup = Setup { upgrade: upgrades, ..Setup::strict(Direction::Request) };
        let requests = setup.run_every_way(&request, false, name);
        assert_eq!(requests.error, None, "{name}");
        assert!(!requests.messages.is_empty(), "{name}");
        count += 1;
        if NO_RESPONSES.contains(&name) {
            continue;
        }
        let reply = latin1(text(&case["reply"]));
        let setup = Setup { answers: requests.messages[0].method, ..Setup::strict(Direction::Response) };
        let responses = setup.run_every_way(&reply, case["eof"] == true, name);
        assert_eq!(responses.error, None, "{name}");
    }
    assert_eq!(count, 72);
}

fn llhttp_suite(file: &str, expected: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors").join(file);
    let Ok(json) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {file} is not at {}; nothing of it was tested", path.display());
        return;
    };
    let suite: Value = serde_json::from_str(&json).expect("the vectors are JSON");
    let vectors = suite["vectors"].as_array().expect("a list of vectors");
    let (paused, tested): (Vec<_>, Vec<_>) = vectors.iter().partition(|vector| !vector["pause"].is_null());
    for vector in &tested {
        llhttp_vector(vector);
    }
    eprintln!("{file}: {} tested, {} excepted because they pause the parser", tested.len(), paused.len());
    assert_eq!(vectors.len(), expected);
}

fn llhttp_vector(vector: &Value) {
    let name = format!("{} {}", text(&vector["id"]), text(&vector["name"]));
    let direction = if vector["kind"] == "request" { Direction::Request } else { Direction::Response };
    let setup = Setup {
        leniency: leniency(&vector["lenient_flags"]),
        skip_body: vector["skip_body"] == true,
        upgrade: true,
        ..Setup::strict(direction)
    };
    let input = base64(text(&vector["input_b64"]));
    let check_finish = vector["check_finish"] == true;
    let record = setup.run_every_way(&input, check_finish, &name);

    let error = &vector["error"];
    if error["name"] == "PAUSED_UPGRADE" {
        assert_eq!(record.upgraded_at.map(|at| at as u64), error["off"].as_u64(), "{name}");
    } else {
        let expected = (!error.is_null()).then(|| {
            (
                format!("HPE_{}", text(&error["name"])),
                text(&error["reason"]),
                error["off"].as_u64().expect("an offset"),
            )
        });
        let found = record.error.map(|error| (error.code.to_owned(), error.reason, error.offset));
        assert_eq!(found, expected, "{name}");
    }
    if check_finish {
        let finish = match record.finish {
            Some(Ok(false)) => 0,
            Some(Ok(true)) => 1,
            _ => 2,
        };
        assert_eq!(vector["finish"], finish, "{name}");
    }
    let expected: Vec<_> = vector["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter(|m| !m["headers_complete"].is_null())
        .collect();
    assert_eq!(record.messages.len(), expected.len(), "{name}: {record:#?}");
    for (found, expected) in record.messages.iter().zip(expected) {
        if !check_finish {
            assert_eq!(found.complete, expected["complete"], "{name}");
        }
        check_message(found, expected, &name);
    }
    check_trailing(&setup, &input, &record, &name);
}

fn check_message(found: &Message, expected: &Value, name: &str) {
    let head = &expected["headers_complete"];
    if let Some(method) = found.method {
        assert_eq!(method.as_str(), text(&expected["method"]), "{name}");
        assert_text(&found.text, &expected["url"], name);
    } else {
        assert_eq!(found.status.map(u64::from), head["code"].as_u64(), "{name}");
        assert_text(&found.text, &expected["status"], name);
    }
    assert_eq!(
        [found.version.0, found.version.1].map(u64::from).as_slice(),
        numbers(&head["http"]),
        "{name}"
    );
    assert_fields(&found.fields, &expected["headers"], name);
    assert_fields(&found.trailers, &expected["trailers"], name);
    assert_eq!(found.body, base64(text(&expected["body_b64"])), "{name}");
    assert_eq!(found.keep_alive, keeps_alive(found, head), "{name}");
}

/// llhttp's `should_keep_alive`, from the flags it printed.
fn keeps_alive(message: &Message, head: &Value) -> bool {
    let has =
        |flag: &str| head["flag_names"].as_array().is_some_and(|names| names.iter().any(|name| name == flag));
    let willing = match message.version {
        (1.., 1..) => !has("CONNECTION_CLOSE"),
        _ => has("CONNECTION_KEEP_ALIVE"),
    };
    let ends_by_itself = match message.status {
        None | Some(100..=199 | 204 | 304) => true,
        Some(_) if has("TRANSFER_ENCODING") => has("CHUNKED"),
        Some(_) => has("CONTENT_LENGTH"),
    };
    willing && ends_by_itself
}

/// Bytes behind a finished message belong to the next one.
fn check_trailing(setup: &Setup, input: &[u8], record: &Record, name: &str) {
    const NEXT: [&[u8]; 2] = [b"\r\nGET /next HTTP/1.1\r\n\r\n", b"\r\nHTTP/1.1 204 Next\r\n\r\n"];
    let goes_on = record.messages.last().is_some_and(|message| message.complete && message.keep_alive);
    if !record.idle || !goes_on || setup.skip_body || record.finish.is_some() {
        return;
    }
    let next = NEXT[usize::from(setup.direction == Direction::Response)];
    let mut longer = input.to_vec();
    longer.extend_from_slice(next);
    let found = setup.run_every_way(&longer, false, name);
    assert_eq!(found.error, None, "{name}");
    let (last, before) = found.messages.split_last().expect("one more message");
    assert_eq!(before, record.messages, "{name}");
    assert!(last.complete, "{name}");
}

fn node_case(case: &Value) {
    let name = text(&case["name"]);
    let options = &case["options"];
    let mut setup = Setup::strict(Direction::Request);
    if let Some(size) = options["maxHeaderSize"].as_u64() {
        setup.limits = Limits { max_header_size: size as usize, ..Limits::default() };
    }
    if options["insecureHTTPParser"] == true {
        setup.leniency = Leniency::insecure_http_parser();
    }
    let half_close = case["half_close"] == true;
    let record = setup.run_every_way(&latin1(text(&case["request"])), half_close, name);
    let mut heads = record.messages.iter();
    let mut ends = record.messages.iter().filter(|message| message.complete);
    let mut rejected = false;
    for event in case["events"].as_array().expect("events") {
        match text(event).split_once(' ').unwrap_or_else(|| (text(event), "")) {
            ("req", seen) => check_head(heads.next().expect(name), seen, name),
            ("end", seen) => check_end(ends.next().expect(name), seen, name),
            ("sockerr", seen) => {
                rejected = true;
                let error = record.error.or_else(|| record.finish.and_then(Result::err)).expect(name);
                let expected = match error.code {
                    "HPE_INVALID_EOF_STATE" => {
                        format!("{} \"Parse Error\" bp={}", error.code, error.offset)
                    }
                    _ => format!("{} \"Parse Error: {}\" bp={}", error.code, error.reason, error.offset),
                };
                assert_eq!(seen, expected, "{name}");
            }
            _ => {}
        }
    }
    assert_eq!(heads.next(), None, "{name}");
    assert_eq!(record.error.or_else(|| record.finish.and_then(Result::err)).is_some(), rejected, "{name}");
}

/// `GET "/" v1.1 h={"host":"a"}`
fn check_head(message: &Message, seen: &str, name: &str) {
    let (line, fields) = seen.split_once(" h=").expect(name);
    let url = String::from_utf8_lossy(&message.text);
    let (major, minor) = message.version;
    assert_eq!(
        line,
        format!("{} \"{url}\" v{major}.{minor}", message.method.map_or("", Method::as_str)),
        "{name}"
    );
    let expected: Value = serde_json::from_str(fields).expect(name);
    for (key, value) in expected.as_object().expect(name) {
        let values: Vec<_> =
            message.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes())).collect();
        // How Node joins duplicates is not the decoder's business.
        match values.as_slice() {
            [] => panic!("{name}: {key} is missing"),
            [(_, found)] if value.is_string() => {
                assert_eq!(*found, latin1(text(value)), "{name}: {key}")
            }
            _ => {}
        }
    }
}

/// `body="abc" tr={"x-t":"v"}`
fn check_end(message: &Message, seen: &str, name: &str) {
    let (body, trailers) = seen.split_once(" tr=").unwrap_or((seen, "{}"));
    assert_eq!(body, format!("body=\"{}\"", String::from_utf8_lossy(&message.body)), "{name}");
    let trailers: Value = serde_json::from_str(trailers).expect(name);
    let found = message.trailers.iter().map(|(key, value)| {
        (
            String::from_utf8_lossy(key).to_lowercase(),
            Value::from(String::from_utf8_lossy(value).into_owned()),
        )
    });
    assert_eq!(Value::Object(found.collect()), trailers, "{name}");
}

fn leniency(flags: &Value) -> Leniency {
    let mut leniency = Leniency::STRICT;
    for flag in flags.as_array().expect("flags") {
        let field = match text(flag) {
            "HEADERS" => &mut leniency.headers,
            "CHUNKED_LENGTH" => &mut leniency.chunked_length,
            "KEEP_ALIVE" => &mut leniency.keep_alive,
            "TRANSFER_ENCODING" => &mut leniency.transfer_encoding,
            "VERSION" => &mut leniency.version,
            "DATA_AFTER_CLOSE" => &mut leniency.data_after_close,
            "OPTIONAL_LF_AFTER_CR" => &mut leniency.optional_lf_after_cr,
            "OPTIONAL_CRLF_AFTER_CHUNK" => &mut leniency.optional_crlf_after_chunk,
            "OPTIONAL_CR_BEFORE_LF" => &mut leniency.optional_cr_before_lf,
            "SPACES_AFTER_CHUNK_SIZE" => &mut leniency.spaces_after_chunk_size,
            "HEADER_VALUE_RELAXED" => &mut leniency.header_value_relaxed,
            other => panic!("unknown flag {other}"),
        };
        *field = true;
    }
    leniency
}

fn assert_fields(found: &[(Vec<u8>, Vec<u8>)], expected: &Value, name: &str) {
    let expected = expected.as_array().expect("fields");
    assert_eq!(found.len(), expected.len(), "{name}");
    for ((key, value), expected) in found.iter().zip(expected) {
        assert_text(key, &expected[0], name);
        // llhttp leaves the blanks behind a value to Node, which strips them.
        let untrimmed = unescape(text(&expected[1]));
        let trimmed = untrimmed.trim_end_matches([' ', '\t']);
        assert!(value == trimmed.as_bytes() || *value == latin1(trimmed), "{name}: {}", value.escape_ascii());
    }
}

fn assert_text(found: &[u8], expected: &Value, name: &str) {
    let expected = unescape(expected.as_str().unwrap_or_default());
    assert!(
        found == expected.as_bytes() || found == latin1(&expected),
        "{name}: {} instead of {expected:?}",
        found.escape_ascii()
    );
}

/// The vectors write control characters as C does.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        out.push(match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('t') => '\t',
                Some('f') => '\x0c',
                Some('r') => '\r',
                Some('n') => '\n',
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).map(char::from).expect("two hexadecimal digits")
                }
                other => other.expect("something behind a backslash"),
            },
            (char, false) => char,
        });
    }
    out
}

fn lines(file: &str) -> Vec<Value> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../tests/vectors", file].iter().collect();
    let lines = std::fs::read_to_string(path).expect("the goldens are in the repository");
    lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().expect("numbers").iter().filter_map(Value::as_u64).collect()
}

/// The goldens write bytes as characters of the same number.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?')).collect()
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for char in text.bytes().filter(|char| *char != b'=') {
        let digit = ALPHABET.iter().position(|other| *other == char).expect("base64");
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
