//! Request methods: the ones llhttp knows, case-sensitive.

use std::fmt;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A request method. Node's parser knows a fixed list (I-44): the 35 of [`METHODS`], and those that are only
        /// accepted with the protocol `RTSP/`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant is the method of its own name")]
        pub enum Method {
            $($(#[$doc])* $name,)*
        }

        impl Method {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// The method as it stands on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

methods! {
    // The common ones first: looking up a prefix walks this order.
    Get = "GET",
    Post = "POST",
    Put = "PUT",
    Head = "HEAD",
    Delete = "DELETE",
    Options = "OPTIONS",
    Patch = "PATCH",
    Connect = "CONNECT",
    Trace = "TRACE",
    Acl = "ACL",
    Bind = "BIND",
    Checkout = "CHECKOUT",
    Copy = "COPY",
    Link = "LINK",
    Lock = "LOCK",
    MSearch = "M-SEARCH",
    Merge = "MERGE",
    MkActivity = "MKACTIVITY",
    MkCalendar = "MKCALENDAR",
    MkCol = "MKCOL",
    Move = "MOVE",
    Notify = "NOTIFY",
    PropFind = "PROPFIND",
    PropPatch = "PROPPATCH",
    Purge = "PURGE",
    Query = "QUERY",
    Rebind = "REBIND",
    Report = "REPORT",
    Search = "SEARCH",
    Source = "SOURCE",
    Subscribe = "SUBSCRIBE",
    Unbind = "UNBIND",
    Unlink = "UNLINK",
    Unlock = "UNLOCK",
    Unsubscribe = "UNSUBSCRIBE",
    /// The first word of the HTTP/2 preface; never in a decoded head.
    Pri = "PRI",
    Describe = "DESCRIBE",
    Announce = "ANNOUNCE",
    Setup = "SETUP",
    Play = "PLAY",
    Pause = "PAUSE",
    Teardown = "TEARDOWN",
    GetParameter = "GET_PARAMETER",
    SetParameter = "SET_PARAMETER",
    Redirect = "REDIRECT",
    Record = "RECORD",
    Flush = "FLUSH",
}

/// Node's `http.METHODS`: the methods of HTTP, sorted.
pub const METHODS: [&str; 35] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

impl Method {
    /// The method spelt exactly so.
    pub fn from_bytes(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.as_str().as_bytes() == name)
    }

    /// The method at the start of `input`: `Err` is how many bytes agree with any method, `Ok(None)` that all of
    /// `input` could still become one.
    pub(super) fn scan(input: &[u8]) -> Result<Option<Self>, usize> {
        let mut agreed = 0;
        let mut found = None;
        for method in Self::ALL {
            let name = method.as_str().as_bytes();
            let common = name.iter().zip(input).take_while(|(a, b)| a == b).count();
            if common == name.len() {
                found = Some(*method);
            }
            agreed = agreed.max(common);
        }
        match found {
            // GET is the start of GET_PARAMETER: only the byte behind it decides.
            Some(Self::Get) if agreed > 3 && agreed < input.len() => Err(agreed),
            Some(Self::Get) if agreed == input.len() => Ok(None),
            Some(method) => Ok(Some(method)),
            None if agreed == input.len() => Ok(None),
            None => Err(agreed),
        }
    }

    /// May stand before `HTTP/`.
    pub(super) const fn is_http(self) -> bool {
        !matches!(
            self,
            Self::Describe
                | Self::Announce
                | Self::Setup
                | Self::Play
                | Self::Pause
                | Self::Teardown
                | Self::GetParameter
                | Self::SetParameter
                | Self::Redirect
                | Self::Record
                | Self::Flush
        )
    }

    /// May stand before `RTSP/` (RFC 2326, and the three that AirPlay and RAOP add).
    pub(super) const fn is_rtsp(self) -> bool {
        !self.is_http() || matches!(self, Self::Options | Self::Get | Self::Post)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_nodes_methods() {
        assert!(METHODS.is_sorted());
        for name in METHODS {
            let method = Method::from_bytes(name.as_bytes()).expect(name);
            assert!(method.is_http());
            assert_eq!(method.to_string(), name);
        }
        assert_eq!(
            Method::ALL.iter().filter(|method| method.is_http()).count(),
            METHODS.len() + 1,
            "PRI is extra"
        );
    }

    #[test]
    fn scans_to_the_longest_agreement() {
        assert_eq!(Method::scan(b"GET /"), Ok(Some(Method::Get)));
        assert_eq!(Method::scan(b"GET"), Ok(None));
        assert_eq!(Method::scan(b"GET_PARAMETER"), Ok(Some(Method::GetParameter)));
        assert_eq!(Method::scan(b"GET_PAX"), Err(6));
        assert_eq!(Method::scan(b"GETX"), Ok(Some(Method::Get)));
        assert_eq!(Method::scan(b"Oopsie"), Err(1));
        assert_eq!(Method::scan(b"get"), Err(0));
        assert_eq!(Method::scan(b"UNSUBSCRIB"), Ok(None));
        assert_eq!(Method::scan(b""), Ok(None));
    }
}
