//! Compiled code that is kept for later starts: whatever became of it, a component is loaded.

#![cfg(unix)]

mod guest;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use node_http_host::{Ctx, Exit, Host, Limits, Options};

use crate::guest::{Wasi, program};

/// Succeeds at once: `i32.const 0`.
const NOTHING: &[u8] = &[0x41, 0];

/// A folder that is not there yet, and goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cache-{name}"));
        // Left by a run that failed.
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn host(&self) -> Host {
        host(&self.0, Limits::default())
    }

    /// The files in it.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.0.join("components")).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// The only one.
    fn file(&self) -> PathBuf {
        let mut files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn host(cache: &Path, limits: Limits) -> Host {
    Host::with_limits(Options { cache: Some(cache.to_owned()), ..Options::default() }, limits)
        .expect("a host")
}

/// Loads a program and runs it.
fn run(host: &Host) {
    let app = host.load(&program(NOTHING, Wasi::V0_3)).expect("it is loaded");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    assert_eq!(runtime.block_on(app.run(Ctx::builder().build())).expect("it runs"), Exit::Code(0));
}

fn inode(file: &Path) -> u64 {
    fs::metadata(file).expect("a file").ino()
}

#[test]
fn nothing_is_written_unless_it_is_asked_for() {
    assert_eq!(Options::default().cache, None);
}

#[test]
fn a_later_start_maps_what_is_there() {
    let folder = Folder::new("later");
    run(&folder.host());
    let file = folder.file();
    let first = inode(&file);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    let host = folder.host();
    let app = host.load(&program(NOTHING, Wasi::V0_3)).unwrap();
    if cfg!(target_os = "linux") {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        assert!(maps.contains(file.to_str().unwrap()), "{maps}");
    }
    drop(app);
    run(&host);
    assert_eq!(inode(&folder.file()), first);
    // Another component is another file.
    host.load(&program(&[0x01, 0x41, 0], Wasi::V0_3)).unwrap();
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn what_cannot_be_used_is_made_anew() {
    let folder = Folder::new("anew");
    run(&folder.host());
    let whole = fs::read(folder.file()).unwrap();
    let mut other_version = whole.clone();
    // The version stands before the target, and that behind its length.
    let target = std::env::consts::ARCH.as_bytes();
    let at = whole.windows(target.len()).position(|bytes| bytes == target).expect("a target");
    other_version[at - 2] += 1;
    for (what, bytes) in [
        ("empty", &[][..]),
        ("its head", &whole[..100]),
        ("its half", &whole[..whole.len() / 2]),
        ("without its last byte", &whole[..whole.len() - 1]),
        ("text", &b"hello"[..]),
        ("zeros", &vec![0; whole.len()]),
        ("of another version", &other_version),
    ] {
        fs::write(folder.file(), bytes).unwrap();
        run(&folder.host());
        assert!(fs::read(folder.file()).unwrap() == whole, "{what}");
    }
    // A folder cannot be replaced, and keeps nobody from starting.
    let file = folder.file();
    fs::remove_file(&file).unwrap();
    fs::create_dir_all(file.join("occupied")).unwrap();
    run(&folder.host());
    assert_eq!(folder.file(), file);
}

#[test]
fn other_settings_are_other_files() {
    let folder = Folder::new("settings");
    run(&folder.host());
    let slices = Limits { time_slice: Some(Duration::from_secs(1)), ..Limits::default() };
    run(&host(&folder.0, slices));
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn what_others_can_write_to_is_not_used() {
    let folder = Folder::new("others");
    run(&folder.host());
    let (file, first) = (folder.file(), inode(&folder.file()));
    let _as_long_as_this = File::open(&file).unwrap();
    // A file is replaced,
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    run(&folder.host());
    let second = inode(&folder.file());
    assert!(second != first && fs::metadata(&file).unwrap().mode() & 0o777 == 0o600);
    // a folder is left alone: what is in there would trap.
    fs::write(&file, b"not code").unwrap();
    fs::set_permissions(file.parent().unwrap(), Permissions::from_mode(0o777)).unwrap();
    run(&folder.host());
    assert_eq!(fs::read(folder.file()).unwrap(), b"not code");
}

#[test]
fn a_folder_that_cannot_be_written_to_keeps_nobody_from_starting() {
    let folder = Folder::new("denied");
    fs::write(&folder.0, "a file").unwrap();
    run(&folder.host());
    fs::remove_file(&folder.0).unwrap();
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("components"), "a file").unwrap();
    run(&folder.host());
    run(&host(Path::new("/proc/nowhere"), Limits::default()));
}

#[test]
fn several_can_start_at_once() {
    let folder = Folder::new("at-once");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| run(&folder.host()));
        }
    });
    run(&folder.host());
    // Nothing half is left.
    folder.file();
}
