//! `interface outgoing-message`: the message without a connection.

use node_http_tests::Case;

use super::SOCKETS;

// Rows: OM1, OM7, OM8, OM16, OM22, OM23, OM24, OM25, OM26, OM27
#[test]
fn a_new_message_has_nodes_defaults() {
    Case::start(SOCKETS, "outgoing_message_properties").finish();
}

// Rows: OM5, OM6, OM12, OM13, OM14, OM15, OM18, OM19, OM20
#[test]
fn headers_can_be_prepared_and_inspected() {
    Case::start(SOCKETS, "outgoing_message_headers").finish();
}

// Rows: OM1, OM10, OM11, OM28
#[test]
fn what_would_render_a_head_is_not_implemented() {
    Case::start(SOCKETS, "outgoing_message_sending").finish();
}

// Rows: OM9, OM17
#[test]
fn pipe_and_destroy_are_told() {
    Case::start(SOCKETS, "outgoing_message_events").finish();
}
