//! The WIT package, for those who have the command and not the repository.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../wit/", $name)))),*]
    };
}

/// Every file below `wit/`; a test looks for others.
pub(crate) const FILES: [(&str, &str); 17] = files![
    "agent.wit",
    "client-request.wit",
    "http.wit",
    "incoming-message.wit",
    "net.wit",
    "outgoing-message.wit",
    "prepared-request.wit",
    "server-response.wit",
    "server.wit",
    "types.wit",
    "web-socket.wit",
    "world.wit",
    "deps/cli.wit",
    "deps/clocks.wit",
    "deps/filesystem.wit",
    "deps/random.wit",
    "deps/sockets.wit",
];
