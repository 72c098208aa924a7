//! The README's way to an application in Python, with the example that it names. componentize-py is installed under the
//! target folder; where that cannot be done the test says so and checks nothing.
#![cfg(unix)]

mod outside;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use outside::{Folder, Server, commands, node_http, repository};

#[test]
fn an_application_in_python_serves_and_asks() {
    let commands = commands("python");
    let [install, wit, build, run] = &commands[..] else { panic!("{commands:?}") };
    let package = install.strip_prefix("pip install ").expect("what is installed comes first");
    let componentize = match componentize_py(package) {
        Ok(program) => program,
        Err(why) => return eprintln!("SKIPPED: no application in Python was built: {why}"),
    };
    let folder = Folder::new(&["python"]);
    fs::copy(repository().join("host/examples/python/app.py"), folder.join("app.py")).expect("the example");
    let words: Vec<&str> = wit.split_whitespace().collect();
    succeeds(node_http(&folder, &words[1..]));
    let words: Vec<&str> = build.split_whitespace().collect();
    assert_eq!(words[0], "componentize-py");
    let mut command = Command::new(componentize);
    command.current_dir(&*folder).args(&words[1..]);
    succeeds(command);

    let server = Server::start(&folder, &run.replace("--port", "--connect-allow 127.0.0.1 --port"));
    assert!(server.ask("GET / HTTP/1.1", "").ends_with("\r\n\r\nHello from Python!\n"));
    let sum = server.ask("POST /sum HTTP/1.1", r#"{"numbers": [1, 2, 39]}"#);
    assert!(sum.starts_with("HTTP/1.1 200 ") && sum.ends_with(r#"{"sum": 42}"#), "{sum}");
    assert!(server.ask("POST /sum HTTP/1.1", "{").starts_with("HTTP/1.1 400 "));
    let ticks = server.ask("GET /ticks HTTP/1.1", "");
    assert!(ticks.contains("tick 1\n") && ticks.ends_with("\r\n0\r\n\r\n"), "{ticks}");
    let fetch = |url: &str| server.ask(&format!("GET /fetch HTTP/1.1\r\nX-Url: {url}"), "");
    let own = fetch(&format!("http://127.0.0.1:{}/", server.port));
    assert!(own.ends_with(r#"{"status": 200, "body": "Hello from Python!\n"}"#), "{own}");
    assert!(fetch("http://127.0.0.1:1/").ends_with(r#"{"error": "ECONNREFUSED"}"#));
}

fn succeeds(mut command: Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The program, installed if it is not there.
fn componentize_py(package: &str) -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let place = target.join(package);
    let program = place.join("bin/componentize-py");
    if program.exists() {
        return Ok(program);
    }
    let run = |mut command: Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{command:?}: {error}")),
    };
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(&place);
    run(venv)?;
    let mut pip = Command::new(place.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", package]);
    run(pip)?;
    Ok(program)
}
