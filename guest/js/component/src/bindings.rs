//! `node_http_js::binding` for the engine: see that module for what each function does.

use node_http_js::binding::{self, Payload, Read, Request};
use rquickjs::{
    Array, Class, Ctx, Function, JsLifetime, Object, Result, TypedArray, Value as Js,
    class::{JsClass, Readable, Trace, Tracer},
    function::Constructor,
};
use serde_json::Value;

use crate::values::{bytes, list_from_js, to_js};

/// Puts the functions into `object`.
pub(crate) fn define<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    object.set("create", Function::new(ctx.clone(), create)?)?;
    object.set("call", Function::new(ctx.clone(), call)?)?;
    object.set("write", Function::new(ctx.clone(), write)?)?;
    object.set("end", Function::new(ctx.clone(), end)?)?;
    object.set("read", Function::new(ctx.clone(), read)?)?;
    object.set("isSpent", Function::new(ctx.clone(), |handle: u32| binding::is_spent(handle))?)?;
    object.set("run", Function::new(ctx.clone(), |_now: f64| {})?)?;
    object.set("take", Function::new(ctx.clone(), take)?)?;
    object.set("release", Function::new(ctx.clone(), |handle: u32| binding::release(handle))?)?;
    object.set("push", Function::new(ctx.clone(), push)?)?;
    object.set("finish", Function::new(ctx.clone(), |pipe: u32| binding::finish(pipe))?)?;
    object.set("reset", Function::new(ctx.clone(), |pipe: u32| binding::reset(pipe))?)?;
    object.set("pull", Function::new(ctx.clone(), pull)?)?;
    object.set("pipeState", Function::new(ctx.clone(), |pipe: u32| binding::pipe_state(pipe))?)?;
    // The driver is a task of the component and the clock its own.
    object.set("needsTicks", false)?;
    object.set("takesText", true)
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

/// Text is sent as UTF-8. Nothing is answered but an error.
fn end<'js>(ctx: Ctx<'js>, handle: u32, given: Js<'js>) -> Result<Js<'js>> {
    let answer = if let Some(text) = given.as_string() {
        binding::end(handle, Some(text.to_string()?.as_bytes()))
    } else {
        let given = TypedArray::<u8>::from_value(given).ok();
        binding::end(handle, given.as_ref().map(bytes).as_deref())
    };
    to_js(&ctx, &answer)
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

/// Handles, numbers of kinds and payloads in turn; null for nothing.
fn take<'js>(ctx: Ctx<'js>) -> Result<Js<'js>> {
    let events = binding::take_events();
    if events.is_empty() {
        return Ok(Js::new_null(ctx));
    }
    let list = Array::new(ctx.clone())?;
    for (index, event) in events.into_iter().enumerate() {
        match i32::try_from(event.handle) {
            Ok(handle) => list.set(3 * index, handle)?,
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            Err(_) => list.set(3 * index, event.handle as f64)?,
        }
        list.set(3 * index + 1, event.number())?;
        match event.payload {
            Payload::Value(Value::Null) => {}
            Payload::Value(value) => list.set(3 * index + 2, to_js(&ctx, &value)?)?,
            Payload::Request(request) => list.set(3 * index + 2, request_to_js(&ctx, request)?)?,
        }
    }
    Ok(list.into_value())
}

/// What JavaScript holds of a request and its response; when it holds it no more, the handles are released.
struct Held {
    message: u32,
    response: u32,
}

impl Drop for Held {
    fn drop(&mut self) {
        binding::release(self.message);
        binding::release(self.response);
    }
}

impl<'js> Trace<'js> for Held {
    fn trace(&self, _tracer: Tracer<'_, 'js>) {}
}

#[allow(unsafe_code, reason = "the engine asks for it")]
// SAFETY: it has nothing of the engine's in it.
unsafe impl<'js> JsLifetime<'js> for Held {
    type Changed<'to> = Self;
}

impl<'js> JsClass<'js> for Held {
    const NAME: &'static str = "Held";
    type Mutable = Readable;

    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn request_to_js<'js>(ctx: &Ctx<'js>, request: Request) -> Result<Array<'js>> {
    let list = Array::new(ctx.clone())?;
    list.set(0, request.message)?;
    list.set(1, request.response)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    list.set(2, request.socket.map(|socket| socket as f64))?;
    list.set(3, request.method)?;
    list.set(4, request.url)?;
    list.set(5, request.version.0)?;
    list.set(6, request.version.1)?;
    list.set(
        7,
        Class::instance(ctx.clone(), Held { message: request.message, response: request.response })?,
    )?;
    Ok(list)
}

fn push(pipe: u32, given: TypedArray<'_, u8>) {
    binding::push(pipe, &bytes(&given));
}

fn pull<'js>(ctx: Ctx<'js>, pipe: u32) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, binding::pull(pipe))
}
