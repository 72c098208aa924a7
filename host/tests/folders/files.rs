//! Tries what its arguments say with files, and tells how each went.

use std::{env, fs};

fn main() {
    for operation in env::args().skip(1) {
        let (verb, path) = operation.split_once(' ').expect("a verb and a path");
        let done = match verb {
            "read" => fs::read_to_string(path),
            "write" => fs::write(path, "written").map(|()| "done".to_owned()),
            "remove" => fs::remove_file(path).map(|()| "done".to_owned()),
            "make" => fs::create_dir(path).map(|()| "done".to_owned()),
            _ => panic!("{verb}"),
        };
        println!("{operation}: {}", done.unwrap_or_else(|_| "refused".to_owned()));
    }
}
