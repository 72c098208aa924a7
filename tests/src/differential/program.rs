//! The operations of a handler's program, which both interpreters know.
//!
//! Operations run one after another; those marked ⏳ wait, and let everything else go on meanwhile. One that throws is
//! noted, and the program goes on with the next one. Names and parameters are Node's where nothing else is said:
//!
//! | operation | what it does |
//! |---|---|
//! | `setHeader name value`, `appendHeader name value`, `removeHeader name`, `setHeaders [[name, value], …]` | a value is a text, a number or a list of texts |
//! | `getHeader name`, `hasHeader name`, `getHeaderNames`, `getRawHeaderNames`, `getHeaders` | notes the answer |
//! | `statusCode code`, `statusMessage text`, `sendDate flag`, `strictContentLength flag`, `shouldKeepAlive flag` | assigns the property |
//! | `writeHead code message headers form` | `message` may be null; `headers` are pairs or nothing, which `form` makes an `array` or an `object` |
//! | `writeContinue`, `writeProcessing`, `writeEarlyHints [[name, value], …]`, `flushHeaders` | |
//! | `write text encoding`, `writeN count letter` | notes the answer; `encoding` may be missing |
//! | `end`, `end text`, `end text encoding`, `addTrailers [[name, value], …]` | |
//! | `cork`, `uncork`, `destroy` of the response, `reqDestroy` | |
//! | `tick` ⏳ | some turns of the event loop: what was written is sent, what has arrived is seen |
//! | `sleep milliseconds` ⏳ | |
//! | `gate` ⏳ | waits until the driver has opened it as often as the program has come to one |
//! | `drain` ⏳ | waits for `drain` or `close` if `writableNeedDrain` |
//! | `readAll` ⏳ | reads the request to its end, or until it is cut; notes length, sum and whether it ended |
//! | `readTrailers`, `head`, `log` | notes the trailers, the head of the request, properties of both objects |

use serde_json::Value;

/// The name of an operation.
pub(super) fn name_of(operation: &Value) -> &str {
    operation[0].as_str().unwrap_or_default()
}

/// An operation to read, long parameters left out.
pub(super) fn in_words(operation: &Value) -> String {
    let mut words = name_of(operation).to_owned();
    for parameter in operation.as_array().into_iter().flatten().skip(1) {
        let text = parameter.to_string();
        words.push(' ');
        words.push_str(&if text.len() > 200 { format!("⟨{} bytes⟩", text.len()) } else { text });
    }
    words
}
