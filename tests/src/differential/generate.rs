//! Random scenarios: number `index` of `seed` depends on these two alone.

mod programs;
mod requests;

use serde_json::{Map, Value, json};

use super::program::name_of;
use super::random::Random;
use super::scenario::{Request, Scenario, Step};

/// What no request parser takes, to be sent where a request should begin.
const MALFORMED: [&str; 5] = [
    "BAD\r\n\r\n",
    "GET / HTTP/1.1\r\nBad Header\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX A: 1\r\n\r\n",
    "get / HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5x\r\n\r\n",
];

/// The options of a server, and how often they are chosen. There are few, because each makes a server of its own.
fn options(random: &mut Random) -> Value {
    match random.below(100) {
        0..56 => json!({}),
        56..62 => json!({ "joinDuplicateHeaders": true }),
        62..69 => json!({ "rejectNonStandardBodyWrites": true }),
        69..75 => json!({ "maxRequestsPerSocket": 3 }),
        75..79 => json!({ "keepAliveTimeout": 2500 }),
        79..84 => json!({ "requireHostHeader": false }),
        84..89 => json!({ "insecureHTTPParser": true }),
        89..94 => json!({ "uniqueHeaders": ["X-Unique", "set-cookie"] }),
        94..97 => json!({ "highWaterMark": 1000 }),
        _ => json!({ "listen": ["checkContinue", "checkExpectation"] }),
    }
}

/// Scenario `index` of `seed`.
pub(super) fn scenario(seed: u64, index: u64) -> Scenario {
    let random = &mut Random::new(seed, index);
    let mut scenario = Scenario::new(&format!("{seed}-{index}"));
    scenario.options = match options(random) {
        Value::Object(options) => options,
        _ => Map::new(),
    };
    let count = random.weighted(&[(55, 1), (22, 2), (13, 3), (10, 4)]);
    // Programs that run at the same time do not wait for the clock but for the driver: so their order is settled.
    let alone = count == 1;
    for place in 0..count {
        let program = programs::program(random, alone);
        let request = requests::request(random, &scenario.name(place), program, place + 1 == count);
        scenario.requests.push(request);
    }
    if random.percent(6) {
        let bytes = random.pick(&MALFORMED).as_bytes().to_vec();
        scenario.requests.push(Request { bytes, malformed: true, ..Request::default() });
    }
    scenario.steps = match alone && random.percent(12) {
        true => leaving(random, &mut scenario),
        false => staying(random, &scenario),
    };
    scenario
}

/// Requests at once or one after another; gates in any order, each after everything is quiet.
fn staying(random: &mut Random, scenario: &Scenario) -> Vec<Step> {
    let mut gates = Vec::new();
    let mut steps = Vec::new();
    let in_turn = random.percent(35);
    for (index, request) in scenario.requests.iter().enumerate() {
        let length = request.bytes.len();
        let cut = if random.percent(15) && length > 1 { random.between(1, length - 1) } else { 0 };
        if cut > 0 {
            steps.extend([Step::Send { request: index, from: 0, to: cut }, Step::Wait]);
        }
        steps.push(Step::Send { request: index, from: cut, to: length });
        let operations = request.program.iter().flatten();
        let count = operations.filter(|operation| name_of(operation) == "gate").count();
        gates.extend(std::iter::repeat_n(index, count));
        if in_turn {
            steps.push(Step::Wait);
            while !gates.is_empty() && random.percent(60) {
                let gate = gates.swap_remove(random.below(gates.len()));
                steps.extend([Step::Open(gate), Step::Wait]);
            }
        }
    }
    random.shuffle(&mut gates);
    for gate in gates {
        steps.extend([Step::Wait, Step::Open(gate)]);
    }
    steps.push(Step::Wait);
    steps.dedup_by(|next, step| *next == Step::Wait && *step == Step::Wait);
    steps
}

/// The client goes while the handler waits at a gate.
fn leaving(random: &mut Random, scenario: &mut Scenario) -> Vec<Step> {
    let request = &mut scenario.requests[0];
    let length = request.bytes.len();
    if let Some(program) = &mut request.program {
        program.insert(random.below(program.len() + 1), json!(["gate"]));
        program.push(json!(["log"]));
    }
    scenario.requests.truncate(1);
    let sent = if random.percent(25) { length - length.min(3) } else { length };
    let end = if random.percent(50) { Step::HalfClose } else { Step::Reset };
    let gate = Step::Open(0);
    vec![Step::Send { request: 0, from: 0, to: sent }, Step::Wait, end, Step::Wait, gate, Step::Wait]
}
