//! The agent's lines of `probes/misc.js`.

use super::pool::{free, idle, patiently, used};
use super::*;

/// All of them, as they are printed there. The ports: an origin that answers when the test
/// says so, and two that hint at timeouts of one and three seconds.
pub(super) async fn run(ports: &[u16]) {
    let &[slow, one, three] = ports else { panic!("three ports") };
    unconnected();
    counts(slow).await;
    println!("hint timeout=1 -> free {} (0 = destroyed)", hinted(one, None).await.len());
    for timeout in [None, Some(5000), Some(1000)] {
        let left = hinted(three, timeout).await[0];
        let timeout = timeout.map_or_else(|| "undefined".to_owned(), |timeout: u32| timeout.to_string());
        println!("hint timeout=3, agent.timeout {timeout} -> free socket timeout {left}");
    }
}

/// What a request without a socket buffers.
fn unconnected() {
    let (duplex, _) = FarEnd::new();
    let options = RequestOptions {
        method: Some("POST".to_owned()),
        create_connection: Some(Transport::Duplex(duplex)),
        ..to(9)
    };
    let request = http::request(None, Some(options), None, None).expect("valid options");
    println!("req hwm before socket {}", request.writable_high_water_mark());
    let chunk = Chunk::Bytes(vec![0; 1000]);
    let mut count = 0;
    while request.write(&chunk).expect("an open request") {
        count += 1;
    }
    println!("req writes until false (1000B) {count} {}", request.writable_length());
}

async fn counts(port: u16) {
    let options = AgentOptions {
        keep_alive: Some(true),
        max_sockets: Some(2),
        max_free_sockets: Some(1),
        ..AgentOptions::default()
    };
    let agent = Agent::create(&options).expect("valid options");
    let requests: Vec<ClientRequest> = (0..5)
        .map(|number| http::get(None, Some(at(port, &format!("/{number}"))), Some(&agent), None))
        .map(|request| request.expect("valid options"))
        .collect();
    let sockets = used(&agent);
    let waiting: u32 = agent.requests().iter().map(|(_, count)| count).sum();
    println!("agent now sockets {sockets} requests {waiting} total {}", sockets + free(&agent).len());
    let answers = requests.iter().enumerate().map(|(number, request)| async move {
        body(&request.response().await.expect("an answer")).await.expect("a whole body");
        format!("[{number},{}]", request.reused_socket())
    });
    let answers = futures_util::future::join_all(answers).await.join(",");
    idle(&agent).await;
    let (sockets, kept) = (agent.sockets().len(), free(&agent).len());
    println!("reused [{answers}] free {kept} sockets {sockets} total {}", used(&agent) + kept);
    agent.destroy();
    patiently(|| used(&agent) + free(&agent).len() == 0).await;
    println!("after destroy free {} total {}", agent.free_sockets().len(), used(&agent) + free(&agent).len());
}

/// The idle timeouts of the free sockets after one request, 0 for none.
async fn hinted(port: u16, timeout: Option<u32>) -> Vec<u32> {
    let options = AgentOptions { keep_alive: Some(true), timeout, ..AgentOptions::default() };
    let agent = Agent::create(&options).expect("valid options");
    ask(&agent, port, "/").await.expect("an answer");
    idle(&agent).await;
    free(&agent).iter().map(|socket| socket.timeout().unwrap_or_default()).collect()
}
