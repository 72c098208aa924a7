//! The mask of a client's payloads: RFC 6455 section 5.3.

/// A masking key.
pub type Key = [u8; 4];

/// Masks or unmasks `payload`, the first byte of which is at `offset` of its frame: a frame may arrive in pieces.
pub fn apply(payload: &mut [u8], key: Key, offset: u64) {
    // Only the position within the key matters.
    let mut key = key;
    key.rotate_left((offset % 4) as usize);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = payload.chunks_exact_mut(8);
    for word in &mut words {
        let masked = u64::from_ne_bytes(word.try_into().expect("a word has eight bytes")) ^ wide;
        word.copy_from_slice(&masked.to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}
