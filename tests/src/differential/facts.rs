//! What the listed differences look for: facts about the requests of a scenario, or about what was seen of them.

use serde_json::Value;

use super::drive::{Log, Observation};
use super::messages::{Framing, Message};
use super::program::name_of;
use super::scenario::{Request, Scenario, Step};
use crate::latin1;

/// Something that can be true of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    HostRepeatedOrInvalid,
    OldVersionWithTransferEncoding,
    BytesBehindIgnoredUpgrade,
    MoreFieldsThanAllowed,
    MoreThan1000Fields,
    EmptyTransferEncoding,
    /// A later request is an error, and this one was not answered when it came.
    ErrorBehindUnanswered,
    HalfOpenByDefault,
    HeadersDeadline,
    ConnectionsLimited,
    PartialRequestAndPause,
    /// Of Node's answer, as the three that follow.
    LengthBesideTransferEncoding,
    LengthNotKept,
    CodingNotChunked,
    StatusRefusedAtOnce,
    InterimRefusedAfterHead,
    HintsRefused,
    CorkedEndOrUncorkWithoutCork,
    StrictLengthAsText,
    ClosedWhileWaiting,
    /// Properties are looked at before the handler has waited for anything.
    LookedAtAtOnce,
    /// Properties are looked at behind the end.
    LookedAtBehindEnd,
    /// Data behind the end.
    LateData,
    /// `strictContentLength` has refused something.
    StrictLengthRefused,
    /// Something was written, and the connection destroyed before anything else.
    DestroyedBehindWrite,
    /// A response is corked when nothing more happens to it.
    LeftCorked,
    /// Node calls an answer finished that was closed before.
    FinishedBehindClose,
    /// An earlier answer has said that the connection ends behind it.
    BehindLast,
    /// A header has letters that Latin-1 and UTF-8 write differently.
    HeadNotAscii,
    /// Trailers are looked at.
    TrailersLookedAt,
    /// The request is destroyed before the handler has waited for anything.
    DestroyedAtOnce,
    /// The connection was destroyed for a request while an earlier one was not answered.
    DestroyedBehindUnanswered,
}

impl Fact {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "host-repeated-or-invalid" => Self::HostRepeatedOrInvalid,
            "old-version-with-transfer-encoding" => Self::OldVersionWithTransferEncoding,
            "bytes-behind-ignored-upgrade" => Self::BytesBehindIgnoredUpgrade,
            "more-fields-than-allowed" => Self::MoreFieldsThanAllowed,
            "more-than-1000-fields" => Self::MoreThan1000Fields,
            "empty-transfer-encoding" => Self::EmptyTransferEncoding,
            "error-behind-unanswered" => Self::ErrorBehindUnanswered,
            "half-open-by-default" => Self::HalfOpenByDefault,
            "headers-deadline" => Self::HeadersDeadline,
            "connections-limited" => Self::ConnectionsLimited,
            "partial-request-and-pause" => Self::PartialRequestAndPause,
            "length-beside-transfer-encoding" => Self::LengthBesideTransferEncoding,
            "length-not-kept" => Self::LengthNotKept,
            "coding-not-chunked" => Self::CodingNotChunked,
            "status-refused-at-once" => Self::StatusRefusedAtOnce,
            "interim-refused-after-head" => Self::InterimRefusedAfterHead,
            "hints-refused" => Self::HintsRefused,
            "corked-end-or-uncork-without-cork" => Self::CorkedEndOrUncorkWithoutCork,
            "strict-length-as-text" => Self::StrictLengthAsText,
            "closed-while-waiting" => Self::ClosedWhileWaiting,
            "looked-at-at-once" => Self::LookedAtAtOnce,
            "looked-at-behind-end" => Self::LookedAtBehindEnd,
            "late-data" => Self::LateData,
            "strict-length-refused" => Self::StrictLengthRefused,
            "destroyed-behind-write" => Self::DestroyedBehindWrite,
            "left-corked" => Self::LeftCorked,
            "finished-behind-close" => Self::FinishedBehindClose,
            "behind-last" => Self::BehindLast,
            "head-not-ascii" => Self::HeadNotAscii,
            "trailers-looked-at" => Self::TrailersLookedAt,
            "destroyed-at-once" => Self::DestroyedAtOnce,
            "destroyed-behind-unanswered" => Self::DestroyedBehindUnanswered,
            _ => return None,
        })
    }

    /// The requests of which it is true.
    pub(super) fn holders(self, scenario: &Scenario, node: &Observation, ours: &Observation) -> Vec<usize> {
        let requests = 0..scenario.requests.len();
        match self {
            Self::ErrorBehindUnanswered => unanswered_before_error(scenario, node).into_iter().collect(),
            Self::DestroyedBehindUnanswered => {
                let destroys = |index: usize| has(&scenario.requests[index], "reqDestroy");
                unanswered_before(scenario, node, destroys).into_iter().collect()
            }
            _ => requests.filter(|&index| self.holds(index, scenario, node, ours)).collect(),
        }
    }

    fn holds(self, index: usize, scenario: &Scenario, node: &Observation, ours: &Observation) -> bool {
        let request = &scenario.requests[index];
        let option = |name: &str| scenario.options.contains_key(name);
        match self {
            Self::HalfOpenByDefault => scenario.half_open,
            Self::HeadersDeadline => option("headersTimeout"),
            Self::ConnectionsLimited => option("maxConnections"),
            Self::PartialRequestAndPause => {
                let pauses = scenario.steps.iter().any(|step| matches!(step, Step::Pause(_)));
                pauses && option("keepAliveTimeout")
            }
            Self::ErrorBehindUnanswered | Self::DestroyedBehindUnanswered => false,
            Self::LengthBesideTransferEncoding | Self::LengthNotKept | Self::CodingNotChunked => {
                answer(node, index).is_some_and(|(answer, next)| self.is_of_answer(answer, next))
            }
            Self::StatusRefusedAtOnce | Self::InterimRefusedAfterHead | Self::HintsRefused => {
                log(ours, index).is_some_and(|log| self.is_of_results(log))
            }
            Self::ClosedWhileWaiting => {
                let closed = |side| log(side, index).is_some_and(|log| log.of("res").contains(&"res.close"));
                index > 0 && closed(ours) && !closed(node)
            }
            Self::BehindLast => {
                let closes = |answer: &Message| answer.field("connection").as_deref() == Some("close");
                (0..index).any(|earlier| answer(ours, earlier).is_some_and(|(answer, _)| closes(answer)))
            }
            Self::FinishedBehindClose => log(node, index).is_some_and(|log| {
                let events = log.of("res");
                let at = |name| events.iter().position(|event| *event == name);
                at("res.close").is_some_and(|close| at("res.finish").is_some_and(|finish| close < finish))
            }),
            Self::LateData => {
                let others = |side| -> Option<Vec<&str>> {
                    let events = log(side, index)?.of("res");
                    Some(events.into_iter().filter(|event| !event.starts_with("res.error")).collect())
                };
                (behind_end(request, "write") || behind_end(request, "end")) && others(node) == others(ours)
            }
            Self::StrictLengthRefused => log(ours, index).is_some_and(|log| {
                let code = |result: &Value| result["throw"][1] == "ERR_HTTP_CONTENT_LENGTH_MISMATCH";
                log.results.iter().any(|(_, _, result)| code(result))
            }),
            _ => self.is_of_program(request) || self.is_of_head(&Head::of(request), scenario, index),
        }
    }

    /// What the request's own program says.
    fn is_of_program(self, request: &Request) -> bool {
        let operations = request.program.as_deref().unwrap_or_default();
        match self {
            Self::CorkedEndOrUncorkWithoutCork => corked_end(operations),
            Self::StrictLengthAsText => strict_length_as_text(operations),
            Self::LookedAtAtOnce => at_once_has(operations, "log"),
            Self::LookedAtBehindEnd => behind_end(request, "log"),
            Self::DestroyedBehindWrite => {
                let writes = has(request, "write") || has(request, "writeN");
                request.malformed && writes || destroyed_behind_write(operations)
            }
            Self::HeadNotAscii => operations.iter().any(|operation| {
                let name = name_of(operation);
                let of_head = name.contains("eader") || name == "writeHead";
                of_head && !operation.to_string().is_ascii()
            }),
            Self::TrailersLookedAt => has(request, "readTrailers"),
            Self::DestroyedAtOnce => at_once_has(operations, "reqDestroy"),
            Self::LeftCorked => left_corked(operations),
            _ => false,
        }
    }

    fn is_of_head(self, head: &Head, scenario: &Scenario, index: usize) -> bool {
        match self {
            Self::HostRepeatedOrInvalid => {
                let hosts = head.values("host");
                hosts.len() > 1
                    || hosts.iter().any(|host| host.contains(|c: char| c <= ' ' || "@\\/?#".contains(c)))
            }
            Self::OldVersionWithTransferEncoding => {
                head.line.ends_with("HTTP/1.0") && !head.values("transfer-encoding").is_empty()
            }
            Self::BytesBehindIgnoredUpgrade => {
                head.says("connection", "upgrade")
                    && !head.values("upgrade").is_empty()
                    && index + 1 < scenario.requests.len()
            }
            Self::MoreFieldsThanAllowed => {
                let most = scenario.options.get("maxHeadersCount").and_then(Value::as_u64);
                most.is_some_and(|most| head.fields.len() as u64 > most)
            }
            Self::MoreThan1000Fields => head.fields.len() > 1000,
            Self::EmptyTransferEncoding => {
                head.values("transfer-encoding").iter().any(|value| value.is_empty())
            }
            _ => false,
        }
    }

    fn is_of_answer(self, answer: &Message, next: Option<&Message>) -> bool {
        let coding = answer.field("transfer-encoding");
        match self {
            Self::LengthBesideTransferEncoding => {
                coding.is_some() && answer.field("content-length").is_some()
            }
            Self::LengthNotKept => {
                let more = next.is_some_and(|next| next.framing == Framing::Stray);
                answer.framing == Framing::Length && (more || !answer.complete)
            }
            Self::CodingNotChunked => coding.is_some_and(|coding| !coding.ends_with("chunked")),
            _ => false,
        }
    }

    fn is_of_results(self, log: &Log) -> bool {
        log.results.iter().any(|(_, name, result)| {
            let code = result["throw"][1].as_str();
            match (self, &**name, code) {
                (Self::StatusRefusedAtOnce, "statusCode" | "statusMessage", Some(_)) => true,
                (Self::HintsRefused, "writeEarlyHints", Some(code)) => code.starts_with("ERR_INVALID"),
                (
                    Self::InterimRefusedAfterHead,
                    "writeContinue" | "writeProcessing" | "writeEarlyHints",
                    code,
                ) => code == Some("ERR_HTTP_HEADERS_SENT"),
                _ => false,
            }
        })
    }
}

/// The head of a request, as its bytes say it.
struct Head {
    line: String,
    /// Names in lower case.
    fields: Vec<(String, String)>,
}

impl Head {
    fn of(request: &Request) -> Self {
        let text = latin1(&request.bytes);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        Self { line, fields: fields.collect() }
    }

    fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|field| field.0 == name).map(|field| &*field.1).collect()
    }

    /// Whether a list has this token.
    fn says(&self, name: &str, token: &str) -> bool {
        let values = self.values(name);
        values.iter().flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
    }

    /// Whether nothing may follow.
    fn closes(&self) -> bool {
        let keeps = self.says("connection", "keep-alive");
        self.says("connection", "close") || (self.line.ends_with("HTTP/1.0") && !keeps)
    }
}

/// The answer to a request, and what follows it.
fn answer(side: &Observation, index: usize) -> Option<(&Message, Option<&Message>)> {
    let messages = &side.phases.last()?.messages;
    let mut finals = messages.iter().enumerate().filter(|(_, message)| message.is_final());
    let (place, message) = finals.nth(index)?;
    Some((message, messages.get(place + 1)))
}

fn log(side: &Observation, index: usize) -> Option<&Log> {
    side.phases.last()?.logs.get(index)
}

/// The first request that was not over when a later one came that is an error: malformed, or behind one that closes.
fn unanswered_before_error(scenario: &Scenario, node: &Observation) -> Option<usize> {
    let first = scenario.requests.iter().position(|request| !request.malformed && Head::of(request).closes());
    unanswered_before(scenario, node, |index| {
        scenario.requests[index].malformed || first.is_some_and(|closing| closing < index)
    })
}

/// The first request that was not over when one came that is `like` this.
fn unanswered_before(scenario: &Scenario, node: &Observation, like: impl Fn(usize) -> bool) -> Option<usize> {
    let mut looks = 0_usize;
    for step in &scenario.steps {
        match *step {
            Step::Wait => looks += 1,
            Step::Send { request, .. } if like(request) => {
                let seen = looks.checked_sub(1).and_then(|look| node.phases.get(look));
                let over = |index: usize| {
                    seen.is_some_and(|phase| {
                        phase.logs[index].events.iter().any(|event| event == "res.close")
                    })
                };
                if let Some(open) = (0..request).find(|&index| !over(index)) {
                    return Some(open);
                }
            }
            _ => {}
        }
    }
    None
}

fn has(request: &Request, name: &str) -> bool {
    request.program.iter().flatten().any(|operation| name_of(operation) == name)
}

fn behind_end(request: &Request, name: &str) -> bool {
    let mut operations = request.program.iter().flatten().map(name_of);
    operations.any(|operation| operation == "end") && operations.any(|operation| operation == name)
}

/// Whether it need not wait.
fn at_once(operation: &&Value) -> bool {
    !matches!(name_of(operation), "tick" | "sleep" | "gate" | "readAll")
}

/// Whether this comes before anything that waits.
fn at_once_has(operations: &[Value], name: &str) -> bool {
    operations.iter().take_while(at_once).any(|operation| name_of(operation) == name)
}

fn destroyed_behind_write(program: &[Value]) -> bool {
    let writes = |operation: &Value| matches!(name_of(operation), "write" | "writeN");
    let destroys = |operation: &Value| matches!(name_of(operation), "destroy" | "reqDestroy");
    program.iter().enumerate().any(|(place, operation)| {
        writes(operation) && program[place..].iter().take_while(at_once).any(destroys)
    })
}

fn left_corked(program: &[Value]) -> bool {
    let count = |name| program.iter().filter(|operation| name_of(operation) == name).count();
    count("cork") > count("uncork")
}

fn corked_end(program: &[Value]) -> bool {
    let (mut corked, mut held) = (0_u32, false);
    for operation in program {
        match name_of(operation) {
            "cork" => corked += 1,
            "uncork" if corked == 0 => return true,
            "uncork" => corked -= 1,
            "end" if corked > 0 && (held || !operation[1].is_null()) => return true,
            "write" | "writeN" => held |= corked > 0,
            _ => {}
        }
    }
    false
}

fn strict_length_as_text(program: &[Value]) -> bool {
    let strict =
        program.iter().any(|operation| name_of(operation) == "strictContentLength" && operation[1] == true);
    // Names and values are side by side, in whatever operation.
    strict
        && program.iter().any(|operation| {
            let text = operation.to_string().to_ascii_lowercase();
            text.contains("\"content-length\",\"") || text.contains("\"content-length\",[\"")
        })
}
