//! The client's scenarios of `probes/events.js`.

use super::*;

/// Runs one scenario against its origin.
pub(super) async fn run(label: Label) -> String {
    let mut watch = Watch::new(Words::Events);
    watch.reads = label.name != "response paused (never read)";
    if label.name.ends_with("(no res error listener)") {
        watch.response_events = IncomingMessageEvents::ABORTED | IncomingMessageEvents::CLOSE;
    }
    if label.name == "response timeout mid body" {
        watch.response_events |= IncomingMessageEvents::TIMEOUT;
    }
    let signal = label.name.starts_with("signal").then(AbortSignal::new).map(Rc::new);
    if let (Some(signal), "signal pre-aborted") = (&signal, label.name.as_str()) {
        signal.abort(None);
    }
    watch.reaction = reaction(&label, signal.clone());
    let watch = Rc::new(watch);
    let agent = agent(&label.name);
    let request = http::request(None, Some(options(&label)), Some(&agent), signal.as_deref());
    let request = Rc::new(request.expect("valid options"));
    begin(&label.name, &request, &watch.trace, signal.as_deref());
    let callbacks = wait_for_the_end(&label.name, &request);
    wit_bindgen::spawn_local(Rc::clone(&watch).request(Rc::clone(&request)));
    callbacks.await;
    let (trace, _) = label.expected.split_once(" :: ").expect("what the request says of itself");
    watch.trace.settle(Words::Events, trace).await;
    format!("{} :: destroyed={} aborted={}", watch.text(), request.destroyed(), request.aborted())
}

fn agent(name: &str) -> Agent {
    let keep_alive = (name == "success keepalive agent").then_some(true);
    Agent::create(&AgentOptions { keep_alive, ..AgentOptions::default() }).expect("valid options")
}

fn options(label: &Label) -> RequestOptions {
    let mut options = to(label.port);
    match label.name.as_str() {
        "conn refused" => options.port = Some(1),
        "dns fail" => options.host = Some("nx.invalid".to_owned()),
        "timeout option" | "timeout option destroy" | "response timeout mid body" => {
            options.timeout = Some(400);
        }
        _ => {}
    }
    let mut listening = ClientRequestEvents::SOCKET | ClientRequestEvents::ABORT;
    listening |= ClientRequestEvents::FINISH | ClientRequestEvents::PREFINISH | ClientRequestEvents::TIMEOUT;
    if label.name != "no response listener" {
        listening |= ClientRequestEvents::RESPONSE;
    }
    RequestOptions { listening: Some(listening), ..options }
}

/// What each scenario does in the same tick in which it makes the request.
fn begin(name: &str, request: &ClientRequest, trace: &Trace, signal: Option<&AbortSignal>) {
    request.end(None).expect("a fresh request");
    match name {
        "destroy before socket" => {
            trace.mark("DESTROY");
            request.destroy(None);
        }
        "destroy(err) before socket" => {
            trace.mark("DESTROY");
            request.destroy(Some(&mine()));
        }
        "abort before socket" => {
            trace.mark("ABORT");
            request.abort();
            request.abort();
        }
        "signal before socket" => {
            trace.mark("SIGNAL");
            signal.expect("a signal").abort(None);
        }
        "write after end" => {
            let error = request.write(&text("x")).expect_err("it was ended");
            assert_eq!(error.code, "ERR_STREAM_WRITE_AFTER_END");
            trace.mark("write=false");
        }
        "end twice with cb" => request.end(None).expect("a second end does nothing"),
        _ => {}
    }
}

/// The callbacks of `end` are waits, and both of them see the end.
async fn wait_for_the_end(name: &str, request: &ClientRequest) {
    if name == "end twice with cb" {
        let (first, second) = futures_util::future::join(request.finished(), request.finished()).await;
        first.and(second).expect("it was sent");
    }
}

/// What a scenario does later.
fn reaction(label: &Label, signal: Option<Rc<AbortSignal>>) -> Option<(When, Reaction)> {
    let name = label.name.as_str();
    let when = match name.rsplit_once(' ')?.1 {
        _ if name == "timeout option destroy" => When::Timeout,
        _ if name.starts_with("premature close after") => When::Data,
        "connect" => When::Socket,
        "response" => When::Data,
        _ => return None,
    };
    let reaction: Reaction = match name.split(' ').next()? {
        "destroy" => Box::new(|request, trace, _| {
            trace.mark("DESTROY");
            request.destroy(None);
        }),
        "destroy(err)" => Box::new(|request, trace, _| {
            trace.mark("DESTROY");
            request.destroy(Some(&mine()));
        }),
        "res.destroy" => Box::new(|_, trace, response| {
            trace.mark("RESDESTROY");
            response.expect("data of a response").destroy(None);
        }),
        "abort" => Box::new(|request, trace, _| {
            trace.mark("ABORT");
            request.abort();
        }),
        "signal" => {
            let reason = (when == When::Socket).then_some("why");
            Box::new(move |_, trace, _| {
                trace.mark("SIGNAL");
                signal.as_ref().expect("a signal").abort(reason);
            })
        }
        "timeout" => Box::new(|request, _, _| request.destroy(None)),
        // The test closes the connection once it knows that the data was read.
        "premature" => {
            let name = label.name.clone();
            Box::new(move |_, _, _| println!("read {name}\u{1f}"))
        }
        _ => return None,
    };
    Some((when, reaction))
}

fn mine() -> Error {
    Error {
        name: ErrorName::Error,
        code: String::new(),
        message: "mine".to_owned(),
        parse: None,
        system: None,
        cause: None,
    }
}
