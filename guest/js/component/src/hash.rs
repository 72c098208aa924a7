//! Hashes for the module `crypto`.

use digest::{Digest, DynDigest};
use rquickjs::{Ctx, Result, TypedArray, Value as Js};

use crate::values::bytes;

fn hasher(name: &str) -> Option<Box<dyn DynDigest>> {
    Some(match name {
        "md5" => Box::new(md5::Md5::new()),
        "sha1" => Box::new(sha1::Sha1::new()),
        "sha256" => Box::new(sha2::Sha256::new()),
        "sha384" => Box::new(sha2::Sha384::new()),
        "sha512" => Box::new(sha2::Sha512::new()),
        _ => return None,
    })
}

/// The digest of what is `given`; null for an algorithm that is not there.
pub(crate) fn digest<'js>(ctx: Ctx<'js>, name: String, given: TypedArray<'js, u8>) -> Result<Js<'js>> {
    let Some(mut hasher) = hasher(&name) else { return Ok(Js::new_null(ctx)) };
    hasher.update(&bytes(&given));
    Ok(TypedArray::new(ctx, hasher.finalize().into_vec())?.into_value())
}
