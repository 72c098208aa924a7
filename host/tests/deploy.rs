//! What `host/deploy` has: the manifests are valid, the unit is, and the script does what it says. What cannot be checked
//! here is skipped, and said so.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// What a program says, if it is there and answers `question`.
fn asked(program: &str, question: &[&str]) -> bool {
    Command::new(program).args(question).output().is_ok_and(|output| output.status.success())
}

fn skipped(what: &str) {
    // Past the test harness, which shows only what failed tests print. Without an error stream nobody can be told.
    let _ = writeln!(io::stderr(), "\n#### SKIPPED: {what}");
}

#[track_caller]
fn assert_good(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn manifests_are_what_kubernetes_takes() {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !asked(&python, &["-c", "import kubernetes_validate, yaml"]) {
        return skipped("the manifests are not checked: Python has no package kubernetes-validate");
    }
    let mut command = Command::new(&python);
    command.args(["-m", "kubernetes_validate", "--strict"]);
    for entry in fs::read_dir(deploy("kubernetes")).unwrap() {
        command.arg(entry.unwrap().path());
    }
    let output = command.output().unwrap();
    assert_good(&output);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).matches(" passed for resource ").count(),
        4,
        "{output:?}"
    );
    // There is no schema of this one that could be had from a registry: it is well-formed, and of the right kind.
    let check = "import sys, yaml; print([one['kind'] for one in yaml.safe_load_all(open(sys.argv[1]))])";
    let output = Command::new(python).args(["-c", check]).arg(deploy("wasmcloud.yaml")).output().unwrap();
    assert_eq!(output.stdout, b"['WorkloadDeployment']\n");
}

#[test]
fn the_unit_is_what_systemd_takes() {
    if !asked("systemd-analyze", &["--version"]) {
        return skipped("the unit is not checked: there is no systemd-analyze");
    }
    // With an instance, and the program that there is.
    let unit = fs::read_to_string(deploy("node-http@.service")).unwrap();
    let unit = unit.replace("/usr/local/bin/node-http", env!("CARGO_BIN_EXE_node-http"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-http@app.service");
    fs::write(&file, unit).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(file).output().unwrap();
    assert_good(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn only_options_that_there_are_and_the_pinned_compiler_are_used() {
    let help = Command::new(env!("CARGO_BIN_EXE_node-http")).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let container = fs::read_to_string(deploy("Containerfile")).unwrap();
    let entry = container.lines().find(|line| line.starts_with("ENTRYPOINT")).unwrap();
    let pod = fs::read_to_string(deploy("kubernetes/deployment.yaml")).unwrap();
    let arguments = pod.lines().find(|line| line.trim_start().starts_with("args:")).unwrap();
    let unit = fs::read_to_string(deploy("node-http@.service")).unwrap();
    let start = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let words =
        [entry, arguments, start].map(|line| line.split(['"', ' ', ',']).collect::<Vec<_>>()).concat();
    let options: Vec<&str> = words.into_iter().filter(|word| word.starts_with("--")).collect();
    assert_eq!(options.len(), 7, "{options:?}");
    for option in options {
        assert!(help.contains(&format!("{option} <")), "{option}");
    }
    let toolchain = fs::read_to_string(deploy("../../rust-toolchain.toml")).unwrap();
    let version = toolchain.split('"').nth(1).unwrap();
    let image = format!("rust:{}-alpine", version.rsplit_once('.').unwrap().0);
    assert!(container.contains(&image), "{image}");
}

#[test]
fn a_rolling_restart_fails_no_request() {
    let nginx = env::var("NGINX_PROGRAM").ok().into_iter();
    let nginx =
        nginx.chain(["nginx", "/usr/sbin/nginx"].map(str::to_owned)).find(|nginx| asked(nginx, &["-v"]));
    let (Some(nginx), true, true) = (nginx, asked("curl", &["--version"]), asked("bash", &["--version"]))
    else {
        return skipped("no rolling restart: nginx, curl or bash is not there");
    };
    let mut command = Command::new("bash");
    command
        .arg(deploy("rolling-restart.sh"))
        .env("NGINX", nginx)
        .env("NODE_HTTP", env!("CARGO_BIN_EXE_node-http"));
    let output = command.env("CLIENTS", "4").env("SECONDS_BETWEEN", "0.3").output().unwrap();
    assert_good(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.matches("restarted the replica on port ").count(), 3, "{said}");
    let (requests, _) = said.lines().last().unwrap().split_once(" requests, 0 failed").unwrap();
    assert!(requests.parse::<u32>().unwrap() > 20, "{said}");
}
