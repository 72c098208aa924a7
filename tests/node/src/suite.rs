//! The tests of a checkout of Node, each run in a process of its own.

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use super::Options;

/// Where the tests are in a checkout.
const FOLDERS: [&str; 2] = ["parallel", "sequential"];

/// How often a test that fails is tried.
const TRIES: usize = 3;

/// What became of a test.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Folder and file.
    pub(crate) test: String,
    pub(crate) passed: bool,
    /// Whether it was stopped because it took too long.
    pub(crate) late: bool,
    pub(crate) output: String,
}

/// The tests to run, and how.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    options: &'a Options,
    tests: Vec<String>,
    addon: PathBuf,
    /// Where the programs are that are put before a test.
    folder: PathBuf,
}

impl<'a> Suite<'a> {
    /// Finds the tests.
    pub(crate) fn new(options: &'a Options) -> Result<Self, String> {
        let mut tests = Vec::new();
        for folder in FOLDERS {
            let path = options.suite.join(folder);
            let files = fs::read_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            for file in files.flatten() {
                let name = file.file_name().to_string_lossy().into_owned();
                let is_test =
                    name.starts_with("test-http-") && (name.ends_with(".js") || name.ends_with(".mjs"));
                let wanted =
                    options.filters.is_empty() || options.filters.iter().any(|part| name.contains(part));
                if is_test && wanted {
                    tests.push(format!("{folder}/{name}"));
                }
            }
        }
        tests.sort();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        Ok(Self { options, tests, addon: addon()?, folder: folder.to_owned() })
    }

    /// Runs all of them, and gives what became of each, in order. What fails and is among the `retried` is tried again.
    pub(crate) fn run(&self, retried: &dyn Fn(&str) -> bool) -> Vec<Outcome> {
        let next = Mutex::new(self.tests.iter());
        let outcomes = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for slot in 1..=self.options.jobs {
                let (next, outcomes) = (&next, &outcomes);
                scope.spawn(move || {
                    loop {
                        let test = next.lock().expect("no thread panics").next();
                        let Some(test) = test else { return };
                        let outcome = self.run_one(test, slot);
                        outcomes.lock().expect("no thread panics").push(outcome);
                    }
                });
            }
        });
        let mut outcomes = outcomes.into_inner().expect("no thread panics");
        // Alone, because much of what fails beside others fails of the load.
        let again = |outcome: &&mut Outcome| {
            !outcome.passed && retried(&outcome.test) && !(outcome.late && self.options.write)
        };
        for outcome in outcomes.iter_mut().filter(again) {
            for _ in 1..TRIES {
                *outcome = self.run_one(&outcome.test, 0);
                if outcome.passed {
                    break;
                }
            }
        }
        outcomes.sort_by(|one, other| one.test.cmp(&other.test));
        outcomes
    }

    fn run_one(&self, test: &str, slot: usize) -> Outcome {
        let (passed, late, output) = match self.start(test, slot) {
            Ok(child) => finish(child, Duration::from_secs(self.options.timeout)),
            Err(error) => (false, false, error.to_string()),
        };
        Outcome { test: test.to_owned(), passed, late, output }
    }

    fn start(&self, test: &str, slot: usize) -> std::io::Result<Child> {
        let path = self.options.suite.join(test);
        let source = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let scratch = std::env::temp_dir().join(format!("node-http-node-tests-{slot}"));
        fs::create_dir_all(&scratch)?;
        let variables = self.variables(&source, slot, &scratch);
        let mut command = match (&self.options.in_component, &self.options.node) {
            (Some(command), _) => self.in_component(command, &scratch, &variables),
            (None, node) => self.in_node(node.as_deref(), &source, &variables),
        };
        command.arg(&path);
        // A group of its own, so that what a test starts ends with it.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command.spawn()
    }
}

impl Suite<'_> {
    /// What Node's runner puts into a test's environment, and what the test asks for.
    fn variables(&self, source: &str, slot: usize, scratch: &Path) -> Vec<(String, String)> {
        let mut variables = vec![
            ("NODE_TEST_DIR".to_owned(), scratch.display().to_string()),
            ("TEST_THREAD_ID".to_owned(), slot.to_string()),
            ("TEST_SERIAL_ID".to_owned(), slot.to_string()),
            ("NODE_SKIP_FLAG_CHECK".to_owned(), "1".to_owned()),
            ("NODE_COMMON_PORT".to_owned(), (12_346 + 100 * slot).to_string()),
        ];
        let asked = header(source, "// Env:");
        let asked = asked.iter().filter_map(|pair| pair.split_once('='));
        variables.extend(asked.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables
    }

    fn in_node(&self, node: Option<&Path>, source: &str, variables: &[(String, String)]) -> Command {
        let mut command = Command::new(node.unwrap_or_else(|| Path::new("node")));
        command.args(header(source, "// Flags:"));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        if !self.options.plain {
            command.env("NODE_HTTP_ADDON", &self.addon).arg("--require").arg(self.folder.join("hook.js"));
        }
        command
    }

    fn in_component(&self, command: &Path, scratch: &Path, variables: &[(String, String)]) -> Command {
        let mut command = Command::new(command);
        command.arg("run");
        for folder in [self.options.suite.as_path(), scratch] {
            command.arg("--dir").arg(format!("{}:ro", folder.display()));
        }
        for (name, value) in variables {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        // What the engine has of its own must not count as a leak.
        command.args(["--env", "NODE_TEST_KNOWN_GLOBALS=0", "--listen-allow", "*", "--connect-allow", "*"]);
        command.arg(self.folder.join("in_component.js"));
        command
    }
}

/// The words behind `label` among the first lines of a test, where Node's runner looks for them.
fn header(source: &str, label: &str) -> Vec<String> {
    let line = source.lines().take(40).find_map(|line| line.strip_prefix(label));
    line.map(|words| words.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
}

/// The library of this crate, which cargo has built beside the runner.
fn addon() -> Result<PathBuf, String> {
    let runner = std::env::current_exe().map_err(|error| error.to_string())?;
    let name =
        format!("{}node_http_node_tests{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let folder = runner.parent().unwrap_or_else(|| Path::new("."));
    [folder.join(&name), folder.join("deps").join(&name)]
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| format!("{name} is not beside {}", runner.display()))
}

/// Waits for a test: whether it passed, whether it was late, and what it said.
fn finish(mut child: Child, patience: Duration) -> (bool, bool, String) {
    let readers: Vec<_> = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ]
    .into_iter()
    .flatten()
    .map(|mut pipe| {
        thread::spawn(move || {
            let mut said = Vec::new();
            // What a killed test has said until then is enough.
            let _ = pipe.read_to_end(&mut said);
            String::from_utf8_lossy(&said).chars().take(6000).collect::<String>()
        })
    })
    .collect();
    let deadline = Instant::now() + patience;
    let mut late = false;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            _ => {
                late = true;
                break None;
            }
        }
    };
    end_group(&child);
    // It has ended, or was killed.
    let _ = child.wait();
    let output = readers.into_iter().map(|reader| reader.join().unwrap_or_default()).collect();
    (status.is_some_and(|status| status.success()), late, output)
}

/// Ends what a test has started, itself included.
fn end_group(child: &Child) {
    let id = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // Nothing may be left of it.
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
}
