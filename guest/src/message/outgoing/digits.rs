//! Numbers as ASCII, without the formatting machinery: they stand on the path of every response.

pub(super) fn push_decimal(out: &mut Vec<u8>, number: u64) {
    push_digits::<10>(out, number);
}

pub(super) fn push_hex(out: &mut Vec<u8>, number: usize) {
    push_digits::<16>(out, number as u64);
}

/// How many bytes `push_hex` appends.
pub(super) fn hex_length(number: usize) -> usize {
    number.checked_ilog2().map_or(1, |log| log as usize / 4 + 1)
}

fn push_digits<const BASE: u64>(out: &mut Vec<u8>, mut number: u64) {
    // 2⁶⁴ has 20 decimal digits.
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdef"[(number % BASE) as usize];
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_usual() {
        for number in [0, 1, 9, 10, 15, 16, 255, 256, 65_536, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        for number in [0, 1, 15, 16, 255, 256, 65_536, usize::MAX] {
            let mut out = Vec::new();
            push_hex(&mut out, number);
            assert_eq!(out, format!("{number:x}").into_bytes());
            assert_eq!(out.len(), hex_length(number));
        }
    }
}
