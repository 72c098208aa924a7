//! The flags of `node-http fetch` mean what they mean to curl: both are run against the same answers, and what they send,
//! print and exit with is compared. Skipped, and said so, where there is no curl.

mod compared;

use std::time::{Duration, Instant};
#[cfg(target_os = "linux")]
use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use self::compared::{Origin, SILENCE, curl, fetch, same};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnone\n";
const BUSY: &str =
    "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nbusy\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n";

fn redirect(status: u16) -> String {
    format!(
        "HTTP/1.1 {status} Elsewhere\r\nLocation: /next?a=b\r\nContent-Length: 6\r\nConnection: close\r\n\r\nmoved\n"
    )
}

/// What curl and fetch do with `-u Aladdin`, by whatever `ask` does to them.
#[cfg(target_os = "linux")]
fn both_ask(ask: impl Fn(&Command, &str) -> String) -> Option<[String; 2]> {
    let programs = [curl()?, fetch()];
    Some(programs.map(|program| {
        let origin = Origin::start(&[OK]);
        let said = ask(&program, &format!("http://{}/", origin.address));
        let request = origin.requests.join().unwrap().remove(0);
        assert!(request.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{request}");
        said
    }))
}

#[test]
#[cfg(target_os = "linux")]
fn a_password_that_is_not_given_is_asked_for() {
    // Away from the terminal of whoever runs the tests there is none, and it is read from standard input.
    let both = both_ask(|program, url| {
        let mut command = Command::new("setsid");
        command.arg("--wait").arg(program.get_program()).args(program.get_args());
        command.args(["-s", "-u", "Aladdin", url]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"open sesame\n").unwrap();
        let output = child.wait_with_output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat()
    });
    let Some([theirs, ours]) = both else { return };
    assert_eq!(ours.trim_end(), theirs.trim_end());
    assert!(ours.contains("hello\nEnter host password for user 'Aladdin':"), "{ours}");

    // On a terminal it comes from there.
    let both = both_ask(|program, url| {
        let program = [program.get_program()].into_iter().chain(program.get_args());
        let words: Vec<_> = program.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
        let command = format!("{} -s -u Aladdin {url} < /dev/null", words.join(" "));
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut shown = Vec::new();
        while !shown.ends_with(b"'Aladdin':") {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        keys.write_all(b"open sesame\n").unwrap();
        screen.read_to_end(&mut shown).unwrap();
        assert!(child.wait().unwrap().success());
        String::from_utf8(shown).unwrap()
    });
    for said in both.into_iter().flatten() {
        assert!(said.ends_with("hello\r\n"), "{said}");
    }
}

#[test]
fn bodies() {
    for (index, arguments) in [
        &["-s", "-d", "a=1", "-d", "b=2", "URL/"][..],
        &["-s", "-d", "@input.txt", "URL/"],
        &["-s", "-d", "x", "-d", "@input.txt", "URL/"],
        &["-s", "-d", "@-", "URL/"],
        &["-s", "--data-binary", "@input.txt", "URL/"],
        &["-s", "--data-binary", "@-", "URL/"],
        &["-s", "--data-binary", "a", "--data-binary", "@input.txt", "URL/"],
        &["-s", "--json", "{\"a\": 1}", "URL/"],
        &["-s", "--json", "{\"a\":", "--json", "1}", "URL/"],
        &["-s", "--json", "@input.txt", "-H", "Accept: text/plain", "URL/"],
        &["-s", "-X", "PUT", "-d", "a", "-H", "Content-Type: text/plain", "URL/"],
    ]
    .into_iter()
    .enumerate()
    {
        same(&format!("bodies-{index}"), arguments, &[OK], "in\nput\n");
    }
}

#[test]
fn uploads() {
    for (index, arguments) in [
        &["-s", "-T", "input.txt", "URL/there"][..],
        &["-s", "-T", "input.txt", "URL/folder/"],
        &["-s", "-T", "-", "URL/there"],
        &["-s", "-T", "input.txt", "-X", "POST", "URL/there"],
    ]
    .into_iter()
    .enumerate()
    {
        same(&format!("uploads-{index}"), arguments, &[OK], "in\nput\n");
    }
    if let Some(mut curl) = curl() {
        for program in [&mut curl, &mut fetch()] {
            let output = program.args(["-T", "/nowhere/file", "http://127.0.0.1:1/"]).output().unwrap();
            assert_eq!(output.status.code(), Some(26));
        }
    }
}

#[test]
fn heads_names_and_agents() {
    same("head", &["-s", "-I", "URL/"], &[HEAD], "");
    same("include", &["-s", "-i", "URL/"], &[OK], "");
    same("head-followed", &["-s", "-I", "-L", "URL/"], &[&redirect(302).replace("moved\n", ""), HEAD], "");
    same("user", &["-s", "-u", "Aladdin:open sesame", "URL/"], &[OK], "");
    same("user-empty", &["-s", "-u", "Aladdin:", "URL/"], &[OK], "");
    same("user-header", &["-s", "-u", "a:b", "-H", "Authorization: Bearer c", "URL/"], &[OK], "");
    same("user-url", &["-s", "http://a:b@ADDRESS/"], &[OK], "");
    same("agent", &["-s", "-A", "Mozilla/5.0", "URL/"], &[OK], "");
    same("no-agent", &["-s", "-A", "", "URL/"], &[OK], "");
    same("agent-header", &["-s", "-A", "a", "-H", "User-Agent: b", "URL/"], &[OK], "");
}

#[test]
fn redirects() {
    for status in [301, 302, 303, 307, 308] {
        let moved = redirect(status);
        for (index, arguments) in [
            &["-s", "-L", "URL/first"][..],
            &["-s", "-L", "-d", "a=b", "URL/first"],
            &["-s", "-L", "-i", "-X", "POST", "-d", "a=b", "URL/first"],
            &["-s", "-L", "-T", "input.txt", "URL/first"],
            &["-s", "-L", "-u", "a:b", "-H", "Cookie: c=d", "URL/first"],
        ]
        .into_iter()
        .enumerate()
        {
            same(&format!("redirects-{status}-{index}"), arguments, &[&moved, OK], "");
        }
    }
    same("not-followed", &["-s", "URL/"], &[&redirect(302)], "");
    let endless = vec![
        "HTTP/1.1 302 Again\r\nLocation: URL/again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        51
    ];
    let done = same("endless", &["-s", "-L", "URL/"], &endless, "");
    assert!(done.is_none_or(|done| done.status == Some(47)));
}

#[test]
fn secrets_stay_with_the_first_server() {
    // Another port is another server.
    for program in [curl(), Some(fetch())].iter_mut().flatten() {
        let other = Origin::start(&[OK]);
        let to = format!(
            "HTTP/1.1 302 Elsewhere\r\nLocation: http://{}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            other.address
        );
        let first = Origin::start(&[&to]);
        let url = format!("http://{}/", first.address);
        let secrets = ["-s", "-L", "-u", "a:b", "-H", "Cookie: c=d", "-H", "X-Other: e", &url];
        assert!(program.args(secrets).output().unwrap().status.success());
        let told = first.requests.join().unwrap().remove(0);
        assert!(told.contains("Authorization: Basic YTpi\r\n") && told.contains("Cookie: c=d\r\n"), "{told}");
        let told = other.requests.join().unwrap().remove(0);
        assert!(!told.contains("Authorization") && !told.contains("Cookie"), "{told}");
        assert!(told.contains("X-Other: e\r\n"), "{told}");
    }
}

#[test]
fn failures_and_silence() {
    same("no-fail", &["-s", "URL/"], &[NOT_FOUND], "");
    same("fail", &["-s", "-f", "URL/"], &[NOT_FOUND], "");
    same("fail-shown", &["-s", "-S", "-f", "URL/"], &[NOT_FOUND], "");
    same("fail-included", &["-s", "-f", "-i", "URL/"], &[NOT_FOUND], "");
    same("fail-file", &["-fsS", "-o", "out", "URL/"], &[NOT_FOUND], "");
    same("fail-not", &["-fsSL", "URL/"], &[&redirect(301), OK], "");
}

#[test]
fn files() {
    same("output", &["-s", "-o", "out", "URL/"], &[OK], "");
    same("output-empty", &["-s", "-o", "out", "URL/"], &[&OK.replace("6", "0").replace("hello\n", "")], "");
    same("name", &["-s", "-O", "URL/a/file.txt?query"], &[OK], "");
    same("name-followed", &["-s", "-L", "-O", "URL/first.txt"], &[&redirect(302), OK], "");
    same("no-name", &["-s", "-O", "http://127.0.0.1:1/a/"], &[], "");
}

#[test]
fn time_and_retries() {
    let done = same("late", &["-s", "-m", "0.3", "URL/"], &[SILENCE], "");
    assert!(done.is_none_or(|done| done.status == Some(28)));
    let start = Instant::now();
    same("retry", &["-s", "--retry", "2", "-o", "out", "URL/"], &[BUSY, OK], "");
    same("retry-late", &["-s", "-m", "0.3", "--retry", "1", "URL/"], &[SILENCE, OK], "");
    same("retry-in-vain", &["-s", "-f", "--retry", "1", "URL/"], &[BUSY, BUSY], "");
    same("no-retry", &["-s", "--retry", "3", "URL/"], &[NOT_FOUND], "");
    // Each of the three waits for a second, both times.
    assert!(start.elapsed() > Duration::from_secs(if curl().is_some() { 6 } else { 0 }));
}

#[test]
fn proxies() {
    same("proxy", &["-s", "-x", "ADDRESS", "http://example.invalid/a?b#c"], &[OK], "");
    same("proxy-port", &["-s", "-x", "URL", "http://example.invalid:8080/"], &[OK], "");
    same("proxy-user", &["-s", "-x", "http://a:b@ADDRESS", "-d", "x", "http://example.invalid/"], &[OK], "");
    same("proxy-unknown", &["-s", "-x", "proxy.invalid:80", "http://127.0.0.1/"], &[], "");
}

#[test]
fn verbose_shows_both_heads() {
    let heads = |program: &mut Command| {
        let origin = Origin::start(&[OK]);
        let url = format!("http://{}/a", origin.address);
        let output = program.args(["-v", "-s", "-H", "X-A: b", &url]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap().replace(&origin.address.to_string(), "ADDRESS");
        let lines = |direction: &str| -> Vec<String> {
            let lines = said.lines().filter(|line| line.starts_with(direction));
            lines.map(|line| line.trim_end().to_owned()).filter(|line| !line.contains("User-Agent")).collect()
        };
        let mut sent = lines(">");
        sent.retain(|line| !line.starts_with("> Connection"));
        sent[1..].sort();
        assert!(origin.requests.join().unwrap()[0].starts_with("GET /a HTTP/1.1\r\n"));
        (sent, lines("<"), output.stdout)
    };
    if let Some(mut curl) = curl() {
        assert_eq!(heads(&mut fetch()), heads(&mut curl));
    }
}
