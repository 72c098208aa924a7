//! `interface agent`.

use super::{
    Component,
    bindings::exports::node::http::{
        agent::{
            Agent as AgentHandle, AgentEvent, AgentEventKind, AgentEvents, AgentOptions,
            CreateConnectionHook, Guest, GuestAgent, KeepSocketAliveHook, NameOptions, Scheduling,
        },
        net::{ConnectOptions, Socket, Transport},
        types::Error,
    },
    convert,
};
use crate::{agent, client, client::Agent, error, runtime};

impl Guest for Component {
    type Agent = Agent;
}

impl GuestAgent for Agent {
    fn create(options: AgentOptions) -> Result<AgentHandle, Error> {
        Ok(AgentHandle::new(Self::create(options.into())?))
    }

    fn listen_for(&self, events: AgentEvents) {
        Self::listen_for(self, client::AgentEvents::from_bits(events.bits()));
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }

    fn take_events(&self, max: u32) -> Vec<AgentEvent> {
        let taken = Self::take_events(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(AgentEvent::from).collect()
    }

    fn reply_create_connection(&self, hook: u64, reply: Result<Transport, Error>) -> Result<(), Error> {
        let reply = reply.map(client::Transport::from).map_err(error::Error::from);
        Ok(Self::reply_create_connection(self, hook, reply)?)
    }

    fn reply_keep_socket_alive(&self, hook: u64, keep: bool) -> Result<(), Error> {
        Ok(Self::reply_keep_socket_alive(self, hook, keep)?)
    }

    fn create_connection(&self, options: ConnectOptions) -> Result<Socket, Error> {
        Ok(Socket::new(Self::create_connection(self, &options.into())?))
    }

    fn destroy(&self) {
        Self::destroy(self);
    }

    fn free_sockets(&self) -> Vec<(String, Vec<Socket>)> {
        handles(Self::free_sockets(self))
    }

    fn sockets(&self) -> Vec<(String, Vec<Socket>)> {
        handles(Self::sockets(self))
    }

    fn requests(&self) -> Vec<(String, u32)> {
        // A store has room for far fewer requests than `u32` can count.
        Self::requests(self).into_iter().map(|(name, count)| (name, count as u32)).collect()
    }

    fn get_name(&self, options: Option<NameOptions>) -> String {
        let Some(options) = options else { return agent::name(&agent::NameOptions::default()) };
        agent::name(&agent::NameOptions {
            host: options.host.as_deref(),
            port: options.port,
            local_address: options.local_address.as_deref(),
            family: options.family.map(agent::IpFamily::from),
            socket_path: options.socket_path.as_deref(),
        })
    }

    fn max_free_sockets(&self) -> u32 {
        self.options().max_free_sockets
    }

    fn set_max_free_sockets(&self, count: u32) {
        Self::set_max_free_sockets(self, count);
    }

    fn max_sockets(&self) -> Option<u32> {
        self.options().max_sockets
    }

    fn set_max_sockets(&self, count: Option<u32>) {
        Self::set_max_sockets(self, count);
    }

    fn max_total_sockets(&self) -> Option<u32> {
        self.options().max_total_sockets
    }

    fn set_max_total_sockets(&self, count: Option<u32>) -> Result<(), Error> {
        Ok(Self::set_max_total_sockets(self, count)?)
    }
}

fn handles(sockets: Vec<(String, Vec<crate::transport::Socket>)>) -> Vec<(String, Vec<Socket>)> {
    sockets
        .into_iter()
        .map(|(name, sockets)| (name, sockets.into_iter().map(Socket::new).collect()))
        .collect()
}

impl From<AgentOptions> for client::AgentOptions {
    fn from(options: AgentOptions) -> Self {
        let defaults = agent::Options::default();
        Self {
            pool: agent::Options {
                keep_alive: options.keep_alive.unwrap_or(defaults.keep_alive),
                keep_alive_msecs: options.keep_alive_msecs.unwrap_or(defaults.keep_alive_msecs),
                max_sockets: options.max_sockets,
                max_total_sockets: options.max_total_sockets,
                max_free_sockets: options.max_free_sockets.unwrap_or(defaults.max_free_sockets),
                scheduling: options.scheduling.map_or(defaults.scheduling, agent::Scheduling::from),
                timeout: options.timeout,
            },
            connect: options.connect.map(client::ConnectOptions::from).unwrap_or_default(),
            listening: client::AgentEvents::from_bits(
                options.listening.unwrap_or(AgentEvents::empty()).bits(),
            ),
            hook_timeout: options.hook_timeout,
        }
    }
}

impl From<Scheduling> for agent::Scheduling {
    fn from(scheduling: Scheduling) -> Self {
        match scheduling {
            Scheduling::Lifo => Self::Lifo,
            Scheduling::Fifo => Self::Fifo,
        }
    }
}

impl From<runtime::Recorded<client::AgentEvent>> for AgentEvent {
    fn from(event: runtime::Recorded<client::AgentEvent>) -> Self {
        let kind = match event.kind {
            client::AgentEvent::CreateConnection { id, options, .. } => {
                let options = ConnectOptions::from(*options);
                AgentEventKind::CreateConnection(CreateConnectionHook { id, options })
            }
            client::AgentEvent::KeepSocketAlive { id, socket } => {
                AgentEventKind::KeepSocketAlive(KeepSocketAliveHook { id, socket: Socket::new(socket) })
            }
            client::AgentEvent::ReuseSocket(socket) => AgentEventKind::ReuseSocket(Socket::new(socket)),
            client::AgentEvent::Free(socket) => AgentEventKind::Free(Socket::new(socket)),
        };
        Self { sequence: event.sequence, kind }
    }
}
