//! `node_http_js::binding` as an N-API addon: the crate in a real Node. See that module for what each function does.
#![allow(missing_docs, reason = "each function only hands on to the one of its name in the binding")]

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use node_http_js::binding::{self, Read};
use serde_json::Value;

#[napi]
pub fn create(kind: String, arguments: Vec<Option<Value>>) -> Value {
    binding::create(&kind, &given(arguments))
}

#[napi]
pub fn call(handle: u32, operation: String, arguments: Vec<Option<Value>>) -> Value {
    binding::call(handle, &operation, &given(arguments))
}

/// `undefined` is no value of JSON's.
fn given(arguments: Vec<Option<Value>>) -> Vec<Value> {
    arguments.into_iter().map(Option::unwrap_or_default).collect()
}

#[napi]
pub fn write(handle: u32, bytes: Buffer) -> Value {
    binding::write(handle, &bytes)
}

#[napi]
pub fn end(handle: u32, bytes: Option<Buffer>) -> Value {
    binding::end(handle, bytes.as_deref())
}

/// Bytes, or a word for how there are none.
#[napi]
pub fn read(handle: u32, max: u32) -> Either<Buffer, String> {
    let word = match binding::read(handle, max as usize) {
        Read::Data(bytes) => return Either::A(bytes.into()),
        Read::Pending => "pending",
        Read::End => "end",
        Read::Aborted => "aborted",
    };
    Either::B(word.to_owned())
}

#[napi]
pub fn is_spent(handle: u32) -> bool {
    binding::is_spent(handle)
}

#[napi]
pub fn run(now: f64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a time of this century"
    )]
    binding::run(now as u64);
}

#[napi]
pub fn take() -> Value {
    binding::take()
}

#[napi]
pub fn release(handle: u32) {
    binding::release(handle);
}

#[napi]
pub fn push(pipe: u32, bytes: Buffer) {
    binding::push(pipe, &bytes);
}

#[napi]
pub fn finish(pipe: u32) {
    binding::finish(pipe);
}

#[napi]
pub fn reset(pipe: u32) {
    binding::reset(pipe);
}

#[napi]
pub fn pull(pipe: u32) -> Buffer {
    binding::pull(pipe).into()
}

#[napi]
pub fn pipe_state(pipe: u32) -> f64 {
    binding::pipe_state(pipe)
}
