//! `node_http_js::binding` for the engine: see that module for what each function does.

use node_http_js::binding::{self, Read};
use rquickjs::{Array, Ctx, Function, Object, Result, TypedArray, Value as Js};

use crate::values::{bytes, list_from_js, to_js};

/// Puts the functions into `object`.
pub(crate) fn define<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    object.set("create", Function::new(ctx.clone(), create)?)?;
    object.set("call", Function::new(ctx.clone(), call)?)?;
    object.set("write", Function::new(ctx.clone(), write)?)?;
    object.set("end", Function::new(ctx.clone(), end)?)?;
    object.set("read", Function::new(ctx.clone(), read)?)?;
    object.set("run", Function::new(ctx.clone(), |_now: f64| {})?)?;
    object.set("take", Function::new(ctx.clone(), take)?)?;
    object.set("release", Function::new(ctx.clone(), |handle: u32| binding::release(handle))?)?;
    object.set("push", Function::new(ctx.clone(), push)?)?;
    object.set("finish", Function::new(ctx.clone(), |pipe: u32| binding::finish(pipe))?)?;
    object.set("reset", Function::new(ctx.clone(), |pipe: u32| binding::reset(pipe))?)?;
    object.set("pull", Function::new(ctx.clone(), pull)?)?;
    object.set("pipeState", Function::new(ctx.clone(), |pipe: u32| binding::pipe_state(pipe))?)?;
    // The driver is a task of the component and the clock its own.
    object.set("needsTicks", false)
}

fn create<'js>(ctx: Ctx<'js>, kind: String, arguments: Array<'js>) -> Result<Js<'js>> {
    to_js(&ctx, &binding::create(&kind, &list_from_js(&arguments)?))
}

fn call<'js>(ctx: Ctx<'js>, handle: u32, operation: String, arguments: Array<'js>) -> Result<Js<'js>> {
    to_js(&ctx, &binding::call(handle, &operation, &list_from_js(&arguments)?))
}

fn write<'js>(ctx: Ctx<'js>, handle: u32, given: TypedArray<'js, u8>) -> Result<Js<'js>> {
    to_js(&ctx, &binding::write(handle, &bytes(&given)))
}

fn end<'js>(ctx: Ctx<'js>, handle: u32, given: Option<TypedArray<'js, u8>>) -> Result<Js<'js>> {
    to_js(&ctx, &binding::end(handle, given.as_ref().map(bytes).as_deref()))
}

fn read<'js>(ctx: Ctx<'js>, handle: u32, max: u32) -> Result<Js<'js>> {
    let word = match binding::read(handle, max as usize) {
        Read::Data(bytes) => return Ok(TypedArray::new(ctx, bytes)?.into_value()),
        Read::Pending => "pending",
        Read::End => "end",
        Read::Aborted => "aborted",
    };
    Ok(rquickjs::String::from_str(ctx, word)?.into_value())
}

fn take<'js>(ctx: Ctx<'js>) -> Result<Js<'js>> {
    to_js(&ctx, &binding::take())
}

fn push(pipe: u32, given: TypedArray<'_, u8>) {
    binding::push(pipe, &bytes(&given));
}

fn pull<'js>(ctx: Ctx<'js>, pipe: u32) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, binding::pull(pipe))
}
