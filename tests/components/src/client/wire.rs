//! The requests of `probes/client.js`: the `[…]` labels.

use super::*;

type Drive = fn(&ClientRequest) -> Result<(), Error>;

/// How a label's request is made.
struct Plan {
    url: Option<String>,
    options: RequestOptions,
    agent: Option<AgentOptions>,
    drive: Drive,
}

/// Makes the request of a label and answers what the probe would print behind the bytes.
pub(super) async fn run(label: Label) -> String {
    let plan = plan(&label);
    let agent = plan.agent.map(|options| Agent::create(&options).expect("valid options"));
    let mut options = plan.options;
    options.listening = Some(ClientRequestEvents::RESPONSE);
    let request = http::request(plan.url.as_deref(), Some(options), agent.as_ref(), None);
    let driven = request.and_then(|request| (plan.drive)(&request).map(|()| request));
    let request = match driven {
        Ok(request) => Rc::new(request),
        Err(error) => return format!(" THROW {} {}", error.code, error.message),
    };
    let trace = Rc::new(Trace::default());
    wit_bindgen::spawn_local(watch(Rc::clone(&request), Rc::clone(&trace)));
    trace.settle(Words::Responses, &label.expected).await;
    let text = trace.text(Words::Responses);
    // Whoever is not ended yet must not be ended by being dropped before the test has looked.
    std::mem::forget(request);
    text
}

async fn watch(request: Rc<ClientRequest>, trace: Rc<Trace>) {
    loop {
        request.ready().await;
        let events = request.take_events(1);
        let Some(event) = events.into_iter().next() else { return };
        match event.kind {
            ClientRequestEventKind::Response(response) => {
                let status = response.status_code().expect("a response");
                trace.event(event.sequence, format!(" res{status}"));
                response.resume();
            }
            ClientRequestEventKind::Error(error) => {
                trace.event(event.sequence, format!(" err:{}:{}", error.code, error.message));
            }
            ClientRequestEventKind::Close => return,
            _ => {}
        }
    }
}

fn plan(label: &Label) -> Plan {
    let options = RequestOptions {
        host: Some("localhost".to_owned()),
        family: Some(IpFamily::Ipv4),
        port: Some(label.port),
        ..RequestOptions::default()
    };
    let plan = Plan { url: None, options, agent: None, drive: |request| request.end(None) };
    let name = label.name.as_str();
    match name {
        "get" | "socketPath+..." => plan,
        "get agent keepAlive false" => Plan { agent: Some(AgentOptions::default()), ..plan },
        "agent maxSockets 1 no keepalive" => {
            Plan { agent: Some(AgentOptions { max_sockets: Some(1), ..AgentOptions::default() }), ..plan }
        }
        "url string" => Plan {
            url: Some(format!("http://us%40er:pa%3Ass@127.0.0.1:{}/a/b?c=d#frag", label.port)),
            options: RequestOptions::default(),
            ..plan
        },
        "invalid url" => Plan { url: Some("www.x.y".to_owned()), options: RequestOptions::default(), ..plan },
        _ => {
            let drive = driven(name).unwrap_or(plan.drive);
            Plan { options: changed(name, plan.options), drive, ..plan }
        }
    }
}

/// The options of a label, on top of where to connect.
fn changed(name: &str, options: RequestOptions) -> RequestOptions {
    let flat = || Some(vec![header("X-B", "1"), header("X-B", "2")]);
    match name {
        "agent:false" => RequestOptions { agent: Some(AgentChoice::OneShot), ..options },
        "custom method" => with_method(options, "purge"),
        "bad method" => with_method(options, "A B"),
        "CONNECT" => with_path(with_method(options, "CONNECT"), "h:1"),
        "bad protocol" => RequestOptions { protocol: Some("https:".to_owned()), ..options },
        "path w/ space" => with_path(options, "/a b"),
        "path non-latin1" => with_path(options, "/\u{1234}"),
        "path latin1 e9" => with_path(options, "/\u{e9}"),
        "path no slash" => with_path(options, "abc"),
        "path *" => with_path(with_method(options, "OPTIONS"), "*"),
        "hdr obj order" => RequestOptions {
            auth: Some("u:p".to_owned()),
            headers: Some(vec![
                header("X-B", "1"),
                ("x-a".to_owned(), list(&["1", "2"])),
                ("Cookie".to_owned(), list(&["a=1", "b=2"])),
                ("Set-Cookie".to_owned(), list(&["x", "y"])),
            ]),
            ..options
        },
        "hdr array flat" => RequestOptions {
            auth: Some("u:p".to_owned()),
            headers: flat(),
            raw_headers: Some(true),
            ..options
        },
        "hdr array pairs" => RequestOptions { headers: flat(), raw_headers: Some(true), ..options },
        "hdr bad char" => with_header(options, header("a", "x\ny")),
        "hdr bad name" => with_header(options, header("a b", "x")),
        "GET CL + body" => with_header(options, ("Content-Length".to_owned(), HeaderValue::Integer(4))),
        "GET TE chunked + body" => with_header(options, header("Transfer-Encoding", "chunked")),
        "expect" => with_header(with_method(options, "POST"), header("Expect", "100-continue")),
        "explicit connection close" => with_header(options, header("connection", "close")),
        "setHost false" => RequestOptions { set_host: Some(false), ..options },
        "setDefaultHeaders false" => {
            RequestOptions { set_default_headers: Some(false), ..with_method(options, "POST") }
        }
        "setDefaultHeaders false + setHost" => {
            RequestOptions { set_default_headers: Some(false), set_host: Some(true), ..options }
        }
        "uniqueHeaders" => RequestOptions {
            unique_headers: Some(vec!["x-a".to_owned()]),
            headers: Some(vec![("x-a".to_owned(), list(&["1", "2"])), ("x-c".to_owned(), list(&["1", "2"]))]),
            ..options
        },
        "flushHeaders" | "no end" | "trailers" => with_method(options, "POST"),
        _ => match name.split(' ').next() {
            Some(method @ ("POST" | "DELETE")) => with_method(options, method),
            _ => options,
        },
    }
}

fn with_method(options: RequestOptions, method: &str) -> RequestOptions {
    RequestOptions { method: Some(method.to_owned()), ..options }
}

fn with_path(options: RequestOptions, path: &str) -> RequestOptions {
    RequestOptions { path: Some(path.to_owned()), ..options }
}

fn with_header(options: RequestOptions, header: (String, HeaderValue)) -> RequestOptions {
    RequestOptions { headers: Some(vec![header]), ..options }
}

/// None for labels that only end.
fn driven(name: &str) -> Option<Drive> {
    Some(match name {
        "POST end(x)" | "setDefaultHeaders false" => |request| request.end(Some(&text("x"))),
        "POST write+end" => |request| {
            request.write(&text("ab"))?;
            request.end(Some(&text("c")))
        },
        "GET end(body)" | "DELETE end(body)" | "GET CL + body" | "GET TE chunked + body" => {
            |request| request.end(Some(&text("body")))
        }
        "GET write+end" => |request| {
            request.write(&text("bo"))?;
            request.end(Some(&text("dy")))
        },
        "expect" | "no end" => |_| Ok(()),
        "flushHeaders" => ClientRequest::flush_headers,
        "removeHeader host" => |request| {
            request.remove_header("host")?;
            request.end(None)
        },
        "removeHeader connection" => |request| {
            request.remove_header("connection")?;
            request.end(None)
        },
        "trailers" => |request| {
            request.set_header("Trailer", &value("x-t"))?;
            request.write(&text("a"))?;
            request.add_trailers(&[header("x-t", "1")])?;
            request.end(None)
        },
        _ => return None,
    })
}

/// What requests that go nowhere say of their headers, as the probe prints it.
pub(super) fn objects() {
    let unconnected = |host: &str, port: u16| {
        let (duplex, _) = FarEnd::new();
        let options = RequestOptions {
            host: Some(host.to_owned()),
            port: Some(port),
            create_connection: Some(Transport::Duplex(duplex)),
            ..RequestOptions::default()
        };
        http::request(None, Some(options), None, None).expect("valid options")
    };
    println!("Host:80 -> {}", plain(unconnected("h", 80).get_header("host")));
    println!("Host v6 -> {}", plain(unconnected("::1", 81).get_header("host")));
    let options = RequestOptions {
        host: Some("h".to_owned()),
        port: Some(8080),
        agent: Some(AgentChoice::OneShot),
        ..RequestOptions::default()
    };
    let request = http::request(None, Some(options), None, None).expect("valid options");
    println!("raw names {:?} {}", request.get_raw_header_names(), plain_all(request.get_headers()));
}
