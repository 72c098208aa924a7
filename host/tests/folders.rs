//! What a component sees of the machine's files: the folders of `--dir`, under the names they are given, and nothing else.

#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

/// A folder `shown` beside what nobody is to see. Dropping it removes both.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let root = env::temp_dir().join(format!("node-http-{name}-{}", process::id()));
        fs::create_dir_all(root.join("shown/below")).expect("a fresh folder");
        fs::write(root.join("secret"), "secret").expect("a fresh folder");
        fs::write(root.join("shown/file"), "content").expect("a fresh folder");
        let root = root.canonicalize().expect("it is there");
        for (link, to) in [
            ("inner", Path::new("file")),
            ("out", Path::new("..")),
            ("secret", Path::new("../secret")),
            ("absolute", &root.join("secret")),
            ("root", Path::new("/")),
        ] {
            symlink(to, root.join("shown").join(link)).expect("a fresh folder");
        }
        Self(root)
    }

    /// Runs the program with `--dir` for `shown` and says what it prints.
    fn run(&self, options: &str, operations: &[&str]) -> Vec<String> {
        let shown = format!("{}{options}", self.0.join("shown").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
        command.args(["--dir", &shown]).arg(program()).args(operations).current_dir(&self.0);
        let output = command.env_remove("RUST_LOG").stdin(Stdio::null()).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_refused(&self, options: &str, operations: &[&str]) {
        let refused = operations.iter().map(|operation| format!("{operation}: refused"));
        assert_eq!(self.run(options, operations), refused.collect::<Vec<_>>());
    }

    /// What there is, but for the links.
    fn contents(&self) -> [String; 2] {
        ["secret", "shown/file"].map(|file| fs::read_to_string(self.0.join(file)).expect("it is still there"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind it does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `folders/files.rs` as a component.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders/files.rs");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files.wasm");
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition", "2024", "--target", "wasm32-wasip2", "-o"]).arg(&program).arg(source);
        let output = rustc.output().expect("rustc starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        program
    })
}

#[test]
fn a_folder_has_the_name_that_it_is_given() {
    let folder = Folder::new("named");
    let own = folder.0.join("shown/file");
    let read_own = format!("read {}", own.display());
    let told =
        folder.run("::/data", &["read /data/file", "read /data/inner", "write /data/below/new", &read_own]);
    assert_eq!(
        told,
        [
            "read /data/file: content",
            "read /data/inner: content",
            "write /data/below/new: done",
            &format!("{read_own}: refused")
        ]
    );
    assert_eq!(fs::read_to_string(folder.0.join("shown/below/new")).expect("it was written"), "written");
    // Without a name it keeps its own.
    assert_eq!(folder.run("", &[&read_own]), [format!("{read_own}: content")]);
}

#[test]
fn what_is_read_only_is_not_written() {
    let folder = Folder::new("read-only");
    assert_eq!(folder.run("::/data:ro", &["read /data/file"]), ["read /data/file: content"]);
    let writes = [
        "write /data/file",
        "write /data/new",
        "remove /data/file",
        "make /data/new",
        "write /data/below/new",
    ];
    folder.assert_refused("::/data:ro", &writes);
    assert_eq!(folder.contents(), ["secret", "content"]);
    assert!(!folder.0.join("shown/new").exists() && !folder.0.join("shown/below/new").exists());
}

#[test]
fn nothing_leads_out() {
    let folder = Folder::new("outside");
    let root = folder.0.display();
    let ways = [
        "read /data/../secret",
        "read /data/below/../../secret",
        "read ../secret",
        "read /data/secret",
        "read /data/absolute",
        "read /data/out/secret",
        &format!("read /data/root{root}/secret"),
        &format!("read {root}/secret"),
        "read /etc/passwd",
        "write /data/../secret",
        "write /data/secret",
        "write /data/out/secret",
        "write /data/out/new",
        "make /data/out/new",
        "remove /data/out/secret",
    ];
    for options in ["::/data", "::/data:ro"] {
        folder.assert_refused(options, &ways);
    }
    assert_eq!(folder.contents(), ["secret", "content"]);
    assert!(!folder.0.join("new").exists());
}
