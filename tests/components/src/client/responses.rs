//! The client's half of the `{…}` labels of `probes/client.js`: what it makes of a response.

use super::*;

/// Asks once, with an agent of its own that keeps connections.
pub(super) async fn run(label: Label) -> String {
    let agent = Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() });
    let agent = agent.expect("valid options");
    let listening = ClientRequestEvents::ABORT
        | ClientRequestEvents::CONTINUE
        | ClientRequestEvents::FINISH
        | ClientRequestEvents::INFORMATION
        | ClientRequestEvents::RESPONSE
        | ClientRequestEvents::SOCKET;
    let options = RequestOptions { listening: Some(listening), ..to(label.port) };
    let watch = Rc::new(Watch::new(Words::Responses));
    let request = Rc::new(http::get(None, Some(options), Some(&agent), None).expect("valid options"));
    wit_bindgen::spawn_local(Rc::clone(&watch).request(Rc::clone(&request)));
    watch.trace.settle(Words::Responses, &label.expected).await;
    watch.text()
}
