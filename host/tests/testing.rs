//! What `node_http_host::testing` promises.

mod guest;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};

use node_http_host::testing::TestApp;
use node_http_host::{DEMO, Exit};

use self::guest::{Wasi, program};

#[test]
fn several_run_at_once_each_on_its_own_port() {
    let apps: Vec<TestApp> = (0..4).map(|_| TestApp::start(DEMO)).collect();
    let mut ports: Vec<u16> = apps.iter().map(|app| app.address().port()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4);
    for app in &apps {
        assert_eq!(ureq::get(app.url("/plain")).call().unwrap().status(), 200);
        assert_eq!(app.stdout(), format!("listening on {}\n", app.url("")));
        assert_eq!(app.line("listening on http://"), app.address().to_string());
    }
}

#[test]
fn variables_are_set_and_standard_output_is_kept() {
    let app = TestApp::builder(DEMO).env("ACCESS_LOG", "common").start();
    ureq::get(app.url("/slow?seconds=0")).call().unwrap();
    assert!(app.line("127.0.0.1 - - ").ends_with("\"GET /slow?seconds=0 HTTP/1.1\" 200 10"));
    assert_eq!(app.find_line(|line| line.contains("/slow").then_some(())), Some(()));
    assert_eq!(app.stderr(), "");
}

#[test]
fn dropping_it_finishes_what_is_under_way() {
    let app = TestApp::start(DEMO);
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream.write_all(b"GET /slow?seconds=1 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    // The answer to another request proves that the first one has arrived.
    ureq::get(app.url("/plain")).call().unwrap();
    drop(app);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("after 1 s\n"), "{answer}");
}

#[test]
fn a_program_that_ends_is_waited_for() {
    // i32.const 0: success
    assert_eq!(TestApp::start(&program(&[0x41, 0], Wasi::V0_2)).finish(), Exit::Code(0));
    assert_eq!(TestApp::start(&program(&[0x41, 1], Wasi::V0_3)).finish(), Exit::Code(1));
}

#[test]
fn a_trap_fails_the_test_that_did_not_want_it() {
    let traps = program(&[0x00], Wasi::V0_3);
    let (error, _) = TestApp::start(&traps).trap();
    assert!(format!("{error:?}").contains("unreachable"), "{error:?}");
    let app = TestApp::start(&traps);
    let failed = panic::catch_unwind(AssertUnwindSafe(|| drop(app))).unwrap_err();
    let message = failed.downcast_ref::<String>().unwrap();
    assert!(message.contains("unreachable") && message.contains("---- stdout of the component"), "{message}");
}

#[test]
fn the_policy_can_be_another() {
    let app = TestApp::builder(DEMO).policy(node_http_host::Policy::default()).start();
    assert!(app.error_line("error: ").contains("EACCES"));
    assert_eq!(app.finish(), Exit::Code(1));
}
