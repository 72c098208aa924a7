//! The `Date` field's format.

use std::time::{Duration, SystemTime};

/// IMF-fixdate (RFC 9110 5.6.7), as JavaScript's `toUTCString()` writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
/// Times beyond the year 9999 are that year's last second: the format has four digits.
pub fn imf_fixdate(unix_seconds: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds.min(LAST)))
}

#[cfg(test)]
mod tests {
    use super::imf_fixdate;

    #[test]
    fn formats() {
        assert_eq!(imf_fixdate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(imf_fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(imf_fixdate(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
