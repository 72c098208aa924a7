//! The smallest programs, made byte by byte: no compiler, and nothing in them but what a test is about.

/// Which `wasi:cli/run` a program exports.
#[allow(dead_code, reason = "not every file of tests needs both")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wasi {
    /// `run: func() -> result`
    V0_2,
    /// `run: async func() -> result`
    V0_3,
}

/// A component that runs `code`: a function body without locals that leaves 0 for success, or 1. It has a memory of
/// one page, without a maximum.
///
/// The sections are those of the component model's `Binary.md`, with the same names.
pub(crate) fn program(code: &[u8], wasi: Wasi) -> Vec<u8> {
    let (name, function) = match wasi {
        Wasi::V0_2 => ("wasi:cli/run@0.2.0", 0x40),
        Wasi::V0_3 => ("wasi:cli/run@0.3.0", 0x43),
    };
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    section(&mut component, 1, &core_module(code));
    // core:instance: module 0, no arguments
    section(&mut component, 2, &[1, 0, 0, 0]);
    // alias: core function `run` of core instance 0
    section(&mut component, 6, &[&[1, 0, 0, 1, 0][..], &text("run")].concat());
    // type: 0 is `result`, 1 the function without parameters that has it as its result
    section(&mut component, 7, &[2, 0x6a, 0, 0, function, 0, 0, 0]);
    // canon: lift core function 0 with no options as type 1
    section(&mut component, 8, &[1, 0, 0, 0, 0, 1]);
    // instance: of one export, function 0
    section(&mut component, 5, &[&[1, 1, 1, 0][..], &text("run"), &[1, 0]].concat());
    // export: instance 0, without a type
    section(&mut component, 11, &[&[1, 0][..], &text(name), &[5, 0, 0]].concat());
    component
}

fn core_module(code: &[u8]) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    // type: func (result i32)
    section(&mut module, 1, &[1, 0x60, 0, 1, 0x7f]);
    // func: of type 0
    section(&mut module, 3, &[1, 0]);
    // memory: of at least one page
    section(&mut module, 5, &[1, 0, 1]);
    // export: function 0
    section(&mut module, 7, &[&[1][..], &text("run"), &[0, 0]].concat());
    // code: one body, its length, no locals, `end`
    let body = [&[0], code, &[0x0b]].concat();
    section(&mut module, 10, &[&[1, length(&body)], &body[..]].concat());
    module
}

fn section(to: &mut Vec<u8>, id: u8, content: &[u8]) {
    to.extend([id, length(content)]);
    to.extend(content);
}

fn text(text: &str) -> Vec<u8> {
    [&[length(text.as_bytes())], text.as_bytes()].concat()
}

/// As a LEB128 number of one byte.
fn length(of: &[u8]) -> u8 {
    u8::try_from(of.len()).ok().filter(|length| *length < 0x80).expect("small programs")
}
