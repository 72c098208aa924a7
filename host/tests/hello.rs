//! A test of an app: of the bundled demo here, with any HTTP client.

use node_http_host::{DEMO, Exit, testing::TestApp};

#[test]
fn says_hello() {
    let app = TestApp::start(DEMO); // the bytes of your component
    let mut answer = ureq::get(app.url("/plain")).call().expect("an answer");
    assert_eq!(answer.body_mut().read_to_string().expect("a text"), "Hello, world\n");

    app.drain(); // as Ctrl-C does
    assert_eq!(app.finish(), Exit::Code(0));
}
