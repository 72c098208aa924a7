//! `node:http/agent`, still to come: without a client an agent has nothing to do.

use super::Component;
use super::bindings::exports::node::http::agent::{
    Agent as Handle, AgentEvent, AgentEvents, AgentOptions, ConnectOptions, Error, Guest, GuestAgent,
    IpFamily, NameOptions, Socket, Transport,
};
use super::pending::pending;

impl Guest for Component {
    type Agent = Agent;
}

/// `http.global-agent`, the only one there can be.
#[derive(Debug)]
pub struct Agent;

impl GuestAgent for Agent {
    fn create(_: AgentOptions) -> Result<Handle, Error> {
        Err(pending("agent.create"))
    }

    fn get_name(&self, options: Option<NameOptions>) -> String {
        let Some(options) = options else { return "localhost::".to_owned() };
        let mut name = options.host.unwrap_or_else(|| "localhost".to_owned());
        name.push(':');
        name.extend(options.port.map(|port| port.to_string()));
        name.push(':');
        name.extend(options.local_address);
        name.push_str(match options.family {
            Some(IpFamily::Ipv4) => ":4",
            Some(IpFamily::Ipv6) => ":6",
            None => "",
        });
        name.extend(options.socket_path.map(|path| format!(":{path}")));
        name
    }

    pending! { "agent":
        fn create_connection(ConnectOptions) -> Socket;
        fn reply_create_connection(u64, Result<Transport, Error>) -> ();
        fn reply_keep_socket_alive(u64, bool) -> ();
        fn set_max_total_sockets(Option<u32>) -> ();
    }

    pending_default! { "agent":
        fn destroy();
        fn free_sockets() -> Vec<(String, Vec<Socket>)> = Vec::new();
        fn listen_for(AgentEvents);
        fn max_free_sockets() -> u32 = 256;
        fn max_sockets() -> Option<u32> = None;
        fn max_total_sockets() -> Option<u32> = None;
        fn requests() -> Vec<(String, u32)> = Vec::new();
        fn set_max_free_sockets(u32);
        fn set_max_sockets(Option<u32>);
        fn sockets() -> Vec<(String, Vec<Socket>)> = Vec::new();
        fn take_events(u32) -> Vec<AgentEvent> = Vec::new();
    }

    pending_wait! { "agent":
        fn ready();
    }
}
