//! Files for the module `fs`: reading, of what the host lets the program see.

use std::{
    fs,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    time::UNIX_EPOCH,
};

use rquickjs::{Ctx, Function, Object, Result, TypedArray, Value as Js};
use serde_json::{Value, json};

use crate::values::to_js;

/// Puts the functions into `object`.
pub(crate) fn define<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    object.set("readFile", Function::new(ctx.clone(), read_file)?)?;
    object.set("stat", Function::new(ctx.clone(), stat)?)?;
    object.set("readDir", Function::new(ctx.clone(), read_dir)?)?;
    object.set("realPath", Function::new(ctx.clone(), real_path)?)
}

/// Node's name of an error.
pub(crate) fn code(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "ENOENT",
        ErrorKind::PermissionDenied => "EACCES",
        ErrorKind::IsADirectory => "EISDIR",
        ErrorKind::NotADirectory => "ENOTDIR",
        ErrorKind::InvalidInput => "EINVAL",
        _ => "EIO",
    }
}

/// `[error code?, bytes]`: so many from a position, or all.
fn read_file<'js>(ctx: Ctx<'js>, path: String, from: Option<f64>, length: Option<f64>) -> Result<Js<'js>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of files")]
    let read = || {
        let mut file = fs::File::open(&path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::from(ErrorKind::IsADirectory));
        }
        if let Some(from) = from {
            file.seek(SeekFrom::Start(from as u64))?;
        }
        let mut bytes = Vec::new();
        file.take(length.map_or(u64::MAX, |length| length as u64)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let list = rquickjs::Array::new(ctx.clone())?;
    match read() {
        Ok(bytes) => list.set(1, TypedArray::new(ctx, bytes)?)?,
        Err(error) => list.set(0, code(&error))?,
    }
    Ok(list.into_value())
}

fn answer(result: io::Result<Value>) -> Value {
    match result {
        Ok(value) => json!([null, value]),
        Err(error) => json!([code(&error), null]),
    }
}

fn stat<'js>(ctx: Ctx<'js>, path: String) -> Result<Js<'js>> {
    let stat = || {
        let found = fs::metadata(&path)?;
        let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let kind = if found.is_dir() { "directory" } else { "file" };
        Ok(
            json!({ "kind": kind, "size": found.len(), "mtimeMs": modified.map_or(0.0, |time| time.as_secs_f64() * 1e3) }),
        )
    };
    to_js(&ctx, &answer(stat()))
}

fn read_dir<'js>(ctx: Ctx<'js>, path: String) -> Result<Js<'js>> {
    let read = || {
        let mut names = Vec::new();
        for entry in fs::read_dir(&path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(json!(names))
    };
    to_js(&ctx, &answer(read()))
}

/// Links are followed where the file is opened; the path itself is as good.
fn real_path<'js>(ctx: Ctx<'js>, path: String) -> Result<Js<'js>> {
    to_js(&ctx, &answer(fs::metadata(&path).map(|_| json!(path))))
}
