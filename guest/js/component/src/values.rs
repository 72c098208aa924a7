//! Between the engine's values and those of the binding.

use rquickjs::{Array, Ctx, Object, Result, TypedArray, Value as Js};
use serde_json::{Map, Number, Value};

/// What is no value of JSON's is null.
pub(crate) fn from_js(value: &Js<'_>) -> Result<Value> {
    if let Some(flag) = value.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Some(number) = value.as_int() {
        return Ok(Value::Number(number.into()));
    }
    if let Some(number) = value.as_float() {
        let whole = number as i64;
        let is_whole = whole as f64 == number;
        let number = if is_whole { Some(whole.into()) } else { Number::from_f64(number) };
        return Ok(number.map_or(Value::Null, Value::Number));
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::String(text.to_string()?));
    }
    if let Some(list) = value.as_array() {
        return list.iter::<Js<'_>>().map(|item| from_js(&item?)).collect();
    }
    if let Some(object) = value.as_object() {
        let mut map = Map::new();
        for property in object.props::<String, Js<'_>>() {
            let (name, value) = property?;
            map.insert(name, from_js(&value)?);
        }
        return Ok(Value::Object(map));
    }
    Ok(Value::Null)
}

/// The values of a list.
pub(crate) fn list_from_js(list: &Array<'_>) -> Result<Vec<Value>> {
    list.iter::<Js<'_>>().map(|item| from_js(&item?)).collect()
}

pub(crate) fn to_js<'js>(ctx: &Ctx<'js>, value: &Value) -> Result<Js<'js>> {
    Ok(match value {
        Value::Null => Js::new_null(ctx.clone()),
        Value::Bool(flag) => Js::new_bool(ctx.clone(), *flag),
        Value::Number(number) => match number.as_i64().and_then(|whole| i32::try_from(whole).ok()) {
            Some(whole) => Js::new_int(ctx.clone(), whole),
            None => Js::new_float(ctx.clone(), number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => rquickjs::String::from_str(ctx.clone(), text)?.into_value(),
        Value::Array(items) => {
            let list = Array::new(ctx.clone())?;
            for (index, item) in items.iter().enumerate() {
                list.set(index, to_js(ctx, item)?)?;
            }
            list.into_value()
        }
        Value::Object(map) => {
            let object = Object::new(ctx.clone())?;
            for (name, value) in map {
                object.set(name.as_str(), to_js(ctx, value)?)?;
            }
            object.into_value()
        }
    })
}

/// A copy of the bytes; none of an array that was detached.
pub(crate) fn bytes(array: &TypedArray<'_, u8>) -> Vec<u8> {
    #[allow(unsafe_code, reason = "the engine has no safe way to look at bytes")]
    // SAFETY: they are copied before JavaScript, which could move or change them, runs again.
    let bytes = unsafe { array.as_bytes() };
    bytes.unwrap_or_default().to_vec()
}
