//! Which name is which case.

use crate::{
    client, client_differential, foreign_servers, golden, hostile_servers, http, incoming_message,
    interpreter, many_requests, node_client_examples, node_examples, outgoing_message, piping,
    prepared_request, requests, robustness, server, server_response, support, watched, web_socket, workers,
};

pub(crate) async fn run(case: &str, arguments: Vec<String>) -> support::Done {
    match case {
        "client" => client::run(arguments).await,
        "client_differential" => client_differential::run(arguments).await,
        "example" => node_examples::run(&arguments.concat()).await,
        "foreign_servers" => foreign_servers::run(arguments).await,
        "golden" => golden::run(arguments).await,
        "hostile_servers" => hostile_servers::run(arguments).await,
        "http_constants" => http::constants(),
        "http_create_server" => http::create_server().await,
        "http_validate" => http::validate(),
        "interpreter" => interpreter::run().await,
        "many_requests" => many_requests::run(arguments).await,
        "node_client_example" => node_client_examples::run(arguments).await,
        "parser" => incoming_message::parser().await,
        "incoming_message" => incoming_message::run().await,
        "outgoing_message_events" => outgoing_message::events().await,
        "outgoing_message_headers" => outgoing_message::headers(),
        "outgoing_message_properties" => outgoing_message::properties(),
        "outgoing_message_sending" => outgoing_message::sending().await,
        "prepared_request" => prepared_request::run(arguments).await,
        "requests" => requests::run().await,
        "piping" => piping::run().await,
        "robustness" => robustness::run(arguments).await,
        "server_close" => server::close().await,
        "server_close_idle" => server::close_connections(Server::close_idle_connections).await,
        "server_close_all" => server::close_connections(Server::close_all_connections).await,
        "server_drop" => server::drop_server().await,
        "server_listen" => server::listen_and_close().await,
        "server_listen_any" => server::listen_any().await,
        "server_listen_errors" => server::listen_errors().await,
        "server_options" => server::options().await,
        "server_out_of_order" => server::out_of_order().await,
        "server_properties" => server::properties().await,
        "server_timeouts" => server::timeouts().await,
        "server_url" => server::url().await,
        "server_response" => server_response::run().await,
        "watched" => watched::run().await,
        "web_socket" => web_socket::run(arguments).await,
        "workers" => workers::run().await,
        other => panic!("there is no case {other:?}"),
    }
}

use support::Server;
