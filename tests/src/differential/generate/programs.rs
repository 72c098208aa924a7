//! Random programs.

use serde_json::{Value, json};

use crate::differential::program::name_of;
use crate::differential::random::Random;

const NAMES: [&str; 16] = [
    "X-A",
    "x-a",
    "X-B",
    "X-Unique",
    "Content-Type",
    "content-type",
    "Cache-Control",
    "ETag",
    "Via",
    "Cookie",
    "Set-Cookie",
    "set-cookie",
    "Location",
    "Server",
    "Expect",
    "Link",
];
const BAD_NAMES: [&str; 5] = ["", "a b", "x:y", "\u{e9}", "a\nb"];
const VALUES: [&str; 11] = [
    "1",
    "a",
    "",
    "text/plain; charset=utf-8",
    "no-store",
    "\"etag\"",
    "a=1; b=2",
    " padded ",
    "tab\there",
    "</x>; rel=preload",
    "a, b",
];
const BAD_VALUES: [&str; 5] = ["a\nb", "a\r\nX: y", "\u{20ac}", "\0", "\u{7f}"];
const TEXTS: [&str; 8] = [
    "",
    "a",
    "hello",
    "h\u{e9}llo",
    "\u{20ac} uro",
    "line\r\nline\r\n",
    "0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
];
const CODES: [u16; 17] =
    [200, 200, 200, 201, 202, 204, 205, 206, 301, 304, 400, 404, 418, 500, 503, 599, 299];
const MESSAGES: [&str; 2] = ["Fine", ""];
/// What is not ASCII has two encodings in Node, so it is rare.
const LATIN1: &str = "D\u{e9}j\u{e0} vu";

/// Makes one program.
struct Author<'a> {
    random: &'a mut Random,
    /// Nothing else runs at the same time, so it may wait for the clock.
    alone: bool,
    program: Vec<Value>,
}

/// A program: any operations in any order, or, as a rule, some sensible answer with something odd in it.
pub(super) fn program(random: &mut Random, alone: bool) -> Vec<Value> {
    let mut author = Author { random, alone, program: Vec::new() };
    if author.random.percent(15) {
        for _ in 0..author.random.between(1, 12) {
            author.anything();
        }
        if author.random.percent(70) {
            author.push(json!(["end"]));
        }
    } else {
        author.answer();
    }
    author.program
}

impl Author<'_> {
    fn push(&mut self, operation: Value) {
        self.program.push(operation);
    }

    fn often(&mut self, percent: usize, part: impl FnOnce(&mut Self)) {
        if self.random.percent(percent) {
            part(self);
        }
    }

    fn answer(&mut self) {
        self.often(20, |author| author.push(json!(["head"])));
        for _ in 0..self.random.below(5) {
            self.header();
        }
        self.often(30, |author| author.push(json!(["readAll"])));
        self.often(8, Self::interim);
        self.often(20, Self::pause);
        let framed = self.random.percent(15);
        if framed {
            self.framed();
        } else {
            self.often(30, Self::write_head);
            self.often(10, |author| author.push(json!(["flushHeaders"])));
            let corked = self.random.percent(8);
            if corked {
                self.push(json!(["cork"]));
            }
            for _ in 0..self.random.weighted(&[(5, 0), (3, 1), (2, 2), (1, 4)]) {
                self.write();
                self.often(30, Self::pause);
                self.often(10, Self::look);
            }
            if corked {
                self.push(json!(["uncork"]));
            }
            self.often(12, Self::trailers);
            self.often(3, Self::destroy);
            self.often(96, Self::end);
        }
        if self.random.percent(35) {
            for _ in 0..self.random.between(1, 3) {
                self.late();
            }
        }
    }

    /// A body as long as it says, as a rule: where it is not, we differ (S8).
    fn framed(&mut self) {
        let (first, second) = (self.random.between(0, 20), self.random.between(0, 20));
        let wrong = if self.random.percent(4) { 3 } else { 0 };
        let strict = self.random.percent(20);
        if strict {
            self.push(json!(["strictContentLength", true]));
        }
        let length = first + second + wrong;
        // Node 23.5 compares with a number only.
        match strict || self.random.percent(70) {
            true => self.push(json!(["setHeader", "Content-Length", length])),
            false => {
                self.push(json!(["writeHead", 200, null, [["Content-Length", length.to_string()]], "array"]))
            }
        }
        self.often(20, |author| author.push(json!(["flushHeaders"])));
        self.push(json!(["writeN", first, "f"]));
        self.often(40, Self::pause);
        self.push(json!(["end", "s".repeat(second)]));
    }

    fn name(&mut self) -> &'static str {
        match self.random.percent(3) {
            true => self.random.pick(&BAD_NAMES),
            false => self.random.pick(&NAMES),
        }
    }

    fn text(&mut self) -> &'static str {
        match self.random.below(200) {
            0..8 => self.random.pick(&BAD_VALUES),
            8 => LATIN1,
            _ => self.random.pick(&VALUES),
        }
    }

    fn value(&mut self) -> Value {
        match self.random.below(100) {
            0..15 => json!(self.random.below(5000)),
            15..40 => (0..self.random.below(4)).map(|_| json!(self.text())).collect(),
            _ => json!(self.text()),
        }
    }

    fn field(&mut self) -> (&'static str, Value) {
        if !self.random.percent(18) {
            return (self.name(), self.value());
        }
        match self.random.below(10) {
            0..6 => {
                let values =
                    ["close", "keep-alive", "Close", "upgrade", "foo, close", "x-close", "keep-alive"];
                ("Connection", json!(self.random.pick(&values)))
            }
            6 => ("Keep-Alive", json!("timeout=7")),
            7 => ("Date", json!("Thu, 01 Jan 1970 00:00:00 GMT")),
            8 => ("Transfer-Encoding", json!(self.random.pick(&["chunked", "Chunked", "gzip, chunked"]))),
            _ => ("Trailer", json!("X-T")),
        }
    }

    /// Fields of different names.
    fn fields(&mut self, most: usize) -> Vec<(&'static str, Value)> {
        let mut fields: Vec<(&str, Value)> = Vec::new();
        for _ in 0..self.random.below(most + 1) {
            let field = self.field();
            if fields.iter().all(|(name, _)| !name.eq_ignore_ascii_case(field.0)) {
                fields.push(field);
            }
        }
        fields
    }

    fn header(&mut self) {
        let (name, value) = self.field();
        let operation = match self.random.below(100) {
            0..38 => json!(["setHeader", name, value]),
            38..52 => json!(["appendHeader", name, value]),
            52..58 => json!(["removeHeader", name]),
            58..64 => {
                let automatic = ["Connection", "Content-Length", "Transfer-Encoding", "Date", "date"];
                json!(["removeHeader", self.random.pick(&automatic)])
            }
            64..71 => json!(["setHeaders", self.fields(3)]),
            71..75 => json!(["getHeaders"]),
            75..78 => json!(["getHeaderNames"]),
            78..81 => json!(["getRawHeaderNames"]),
            81..84 => json!(["getHeader", name]),
            84..87 => json!(["hasHeader", name]),
            87..94 => json!(["statusCode", self.random.pick(&CODES)]),
            94..97 => json!(["statusMessage", self.random.pick(&MESSAGES)]),
            _ => json!(["sendDate", self.random.percent(30)]),
        };
        self.push(operation);
        self.often(4, |author| {
            let flag = author.random.percent(30);
            author.push(json!(["shouldKeepAlive", flag]));
        });
    }

    fn write_head(&mut self) {
        let code = match self.random.percent(4) {
            true => self.random.pick(&[0, 99, 1000]),
            false => self.random.pick(&CODES),
        };
        let message = self.random.percent(20).then(|| self.random.pick(&["Fine", "", "Fine", "a\nb"]));
        let headers = self.random.percent(75).then(|| self.fields(3));
        // Pairs of WIT are Node's array. An object is the same while no header is set; then its fields are set one by
        // one, which keeps places, and leaves some behind when one is invalid.
        let sets =
            |operation: &Value| matches!(name_of(operation), "setHeader" | "appendHeader" | "setHeaders");
        let object = headers.is_some() && !self.program.iter().any(sets) && self.random.percent(50);
        self.push(json!(["writeHead", code, message, headers, if object { "object" } else { "array" }]));
    }

    fn write(&mut self) {
        let text = self.random.pick(&TEXTS);
        let operation = match self.random.below(20) {
            0 => json!(["writeN", self.random.pick(&[0, 1, 7, 1000, 16_384, 70_000]), "x"]),
            1 => json!(["write", "414243", "hex"]),
            2 => json!(["write", "aGVsbG8=", "base64"]),
            3..8 => json!(["write", text, self.random.pick(&["utf8", "latin1", "utf16le", "ascii"])]),
            _ => json!(["write", text]),
        };
        self.push(operation);
    }

    fn end(&mut self) {
        // What Node 23.5 sends after a corked end is broken.
        if self.corked() > 0 && !self.random.percent(10) {
            self.push(json!(["uncork"]));
        }
        let operation = match self.random.below(12) {
            0..4 => json!(["end"]),
            4 => json!(["end", "414243", "hex"]),
            5 => json!(["end", "\u{e9}", "latin1"]),
            _ => json!(["end", self.random.pick(&TEXTS)]),
        };
        self.push(operation);
    }

    /// After the head it throws, as in Node 26; there 23.5 breaks the answer, so it is rare.
    fn interim(&mut self) {
        let head_may_be_sent = |operation: &Value| {
            matches!(name_of(operation), "write" | "writeN" | "writeHead" | "flushHeaders" | "end")
        };
        if self.program.iter().any(head_may_be_sent) && !self.random.percent(10) {
            return;
        }
        let operation = match self.random.below(6) {
            0 | 1 => json!(["writeContinue"]),
            2 | 3 => json!(["writeProcessing"]),
            4 => json!(["writeEarlyHints", [["link", "</a.css>; rel=preload"]]]),
            _ => {
                let links = ["</a>; rel=preload", "</b>; rel=preload"];
                json!(["writeEarlyHints", [["link", links], ["X-A", "1"]]])
            }
        };
        self.push(operation);
    }

    fn trailers(&mut self) {
        let (first, second) = (self.text(), self.text());
        let name = if self.random.percent(5) { "bad name" } else { "X-T" };
        let list = match self.random.below(3) {
            0 => json!([[name, first]]),
            1 => json!([["X-U", [first, second]]]),
            _ => json!([[name, first], ["X-Unique", second]]),
        };
        self.push(json!(["addTrailers", list]));
    }

    fn destroy(&mut self) {
        self.pause();
        let operation = self.random.pick(&["destroy", "destroy", "reqDestroy"]);
        self.push(json!([operation]));
    }

    fn corked(&self) -> usize {
        let count = |name| self.program.iter().filter(|operation| name_of(operation) == name).count();
        count("cork").saturating_sub(count("uncork"))
    }

    fn pause(&mut self) {
        match (self.alone, self.random.below(4)) {
            (false, _) => self.push(json!(["gate"])),
            (true, 0) => {
                let milliseconds = self.random.between(1, 8);
                self.push(json!(["sleep", milliseconds]));
            }
            (true, 1) => self.push(json!(["gate"])),
            (true, _) => self.push(json!(["tick"])),
        }
    }

    fn look(&mut self) {
        let operation = self.random.pick(&["log", "log", "log", "getHeaders", "readTrailers"]);
        self.push(json!([operation]));
    }

    /// What comes after the end.
    fn late(&mut self) {
        match self.random.below(15) {
            0..3 => self.look(),
            3..5 => self.write(),
            5..7 => self.end(),
            7..9 => self.header(),
            9 => self.write_head(),
            10 => self.push(json!(["flushHeaders"])),
            11 => self.trailers(),
            12 => self.interim(),
            13 => self.pause(),
            _ => self.push(json!(["readAll"])),
        }
    }

    fn anything(&mut self) {
        match self.random.below(30) {
            0..6 => self.header(),
            6..11 => self.write(),
            11..13 => self.write_head(),
            13..15 => self.interim(),
            15..18 => self.pause(),
            18..21 => self.look(),
            21 => self.push(json!(["flushHeaders"])),
            22 => self.trailers(),
            23 => self.push(json!(["cork"])),
            24 if self.corked() > 0 || self.random.percent(10) => self.push(json!(["uncork"])),
            25 => self.push(json!(["readAll"])),
            26 => self.push(json!(["drain"])),
            27 => self.push(json!(["reqDestroy"])),
            _ => self.end(),
        }
    }
}
