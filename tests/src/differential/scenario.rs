//! What is sent to a server and when, and what its handlers do.

use std::fmt;

use serde_json::{Map, Value, json};

use super::program::in_words;

/// One connection to a server with these options.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    /// `<seed>-<index>`, or the name of a fixed one.
    pub(super) id: String,
    /// Options of `http.createServer`, and properties of the server.
    pub(super) options: Map<String, Value>,
    pub(super) requests: Vec<Request>,
    pub(super) steps: Vec<Step>,
    /// The listed differences that this one is there to show.
    pub(super) shows: Vec<&'static str>,
    /// Leaves our default for `httpAllowHalfOpen` alone, which is not Node's.
    pub(super) half_open: bool,
}

/// The bytes of one request, or what is in the place of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) bytes: Vec<u8>,
    /// What its handler does; none if it never comes to a handler.
    pub(super) program: Option<Vec<Value>>,
    /// No parser accepts the bytes, or those of the body.
    pub(super) malformed: bool,
}

/// What the client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Sends these bytes of a request; sends in a row leave in one write.
    Send { request: usize, from: usize, to: usize },
    /// Waits until nothing happens any more, and looks at everything.
    Wait,
    /// Opens the gate of a request's program once.
    Open(usize),
    /// Ends the client's side.
    HalfClose,
    /// Closes the connection with a reset.
    Reset,
    /// Lets so many milliseconds pass.
    Pause(u64),
}

impl Scenario {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            options: Map::new(),
            requests: Vec::new(),
            steps: Vec::new(),
            shows: Vec::new(),
            half_open: false,
        }
    }

    /// What request `index` says in `X-Id`.
    pub(super) fn name(&self, index: usize) -> String {
        format!("{}.{index}", self.id)
    }

    /// The step that sends all of request `index`.
    pub(super) fn send(&self, index: usize) -> Step {
        Step::Send { request: index, from: 0, to: self.requests[index].bytes.len() }
    }

    /// The programs, by the names of their requests.
    pub(super) fn programs(&self) -> Map<String, Value> {
        let programs = self.requests.iter().enumerate();
        programs
            .filter_map(|(index, request)| Some((self.name(index), json!(request.program.as_ref()?))))
            .collect()
    }

    /// The options for our server, which is told what is Node's default.
    pub(super) fn our_options(&self) -> Map<String, Value> {
        let mut options = self.options.clone();
        if !self.half_open {
            options.insert("httpAllowHalfOpen".to_owned(), json!(false));
        }
        options
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.options.is_empty() {
            writeln!(f, "  options {}", Value::Object(self.options.clone()))?;
        }
        for (index, request) in
            self.requests.iter().enumerate().filter(|(_, request)| !request.bytes.is_empty())
        {
            writeln!(f, "  request {index} {}", shortened(&request.bytes))?;
            for (number, operation) in request.program.iter().flatten().enumerate() {
                writeln!(f, "    {number:>2} {}", in_words(operation))?;
            }
        }
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        writeln!(f, "  steps   {}", steps.join(", "))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { request, from, to } => write!(f, "send {request} [{from}..{to}]"),
            Self::Wait => f.write_str("wait"),
            Self::Open(request) => write!(f, "open the gate of {request}"),
            Self::HalfClose => f.write_str("half-close"),
            Self::Reset => f.write_str("reset"),
            Self::Pause(milliseconds) => write!(f, "pause {milliseconds} ms"),
        }
    }
}

/// Bytes to read, long runs of one byte cut short.
fn shortened(bytes: &[u8]) -> String {
    let mut text = String::new();
    for run in bytes.chunk_by(|one, next| one == next) {
        let escaped = run[0].escape_ascii().to_string();
        match run.len() {
            0..=20 => text.push_str(&escaped.repeat(run.len())),
            many => text.push_str(&format!("⟨{many} × {escaped}⟩")),
        }
    }
    text
}
