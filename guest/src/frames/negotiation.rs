//! How both ends agree on compression: RFC 6455 section 9.1 and RFC 7692 section 7.1.

use std::fmt::Write as _;

use super::Role;

/// What one end wants of permessage-deflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateOptions {
    /// Smaller messages are sent as they are, bytes; 1024.
    pub threshold: usize,
    /// The server forgets each message before the next: costs compression, spares memory. False.
    pub server_no_context_takeover: bool,
    /// The client does. False.
    pub client_no_context_takeover: bool,
    /// The server refers back at most 2 to the power of this, 8 to 15; none: 15.
    pub server_max_window_bits: Option<u8>,
    /// The client does.
    pub client_max_window_bits: Option<u8>,
}

impl Default for DeflateOptions {
    fn default() -> Self {
        Self {
            threshold: 1024,
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: None,
            client_max_window_bits: None,
        }
    }
}

/// What both ends have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateParameters {
    pub(super) threshold: usize,
    server: Direction,
    client: Direction,
}

/// What one end sends by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Direction {
    keeps_context: bool,
    window_bits: u8,
}

impl DeflateParameters {
    /// Whether `sender` keeps the context of its messages, and the bits of its window.
    pub(super) const fn of(&self, sender: Role) -> (bool, u8) {
        let direction = match sender {
            Role::Client => self.client,
            Role::Server => self.server,
        };
        (direction.keeps_context, direction.window_bits)
    }
}

const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";
const MOST_BITS: u8 = 15;

/// What a client asks for: the value of its `Sec-WebSocket-Extensions`.
#[must_use]
pub fn offer(options: &DeflateOptions) -> String {
    let mut offer = String::from(NAME);
    add_flags(&mut offer, options.server_no_context_takeover, options.client_no_context_takeover);
    if let Some(bits) = options.server_max_window_bits {
        let _ = write!(offer, "; {SERVER_BITS}={bits}");
    }
    // Without a value it says that the server may ask for any.
    let _ = write!(offer, "; {CLIENT_BITS}");
    if let Some(bits) = options.client_max_window_bits {
        let _ = write!(offer, "={bits}");
    }
    offer
}

/// What a server makes of a client's `offers`, and its answer. None when it can take none of them.
///
/// # Errors
/// The field is no list of extensions.
pub fn accept(
    options: &DeflateOptions,
    offers: &str,
) -> Result<Option<(DeflateParameters, String)>, Malformed> {
    let offers = extensions(offers)?;
    let mut ours = offers.iter().filter(|offer| offer.name == NAME);
    Ok(ours.find_map(|offer| {
        let asked = Parameters::read(&offer.parameters, true)?;
        let server_bits = least(asked.server_bits, options.server_max_window_bits);
        // A client that does not name the parameter does not know it.
        let client_bits = asked
            .client_bits
            .and_then(|offered| options.client_max_window_bits.map(|bits| bits.min(offered.unwrap_or(bits))));
        let server_forgets = asked.server_forgets || options.server_no_context_takeover;
        let client_forgets = asked.client_forgets || options.client_no_context_takeover;
        let mut answer = String::from(NAME);
        add_flags(&mut answer, server_forgets, client_forgets);
        for (name, bits) in [(SERVER_BITS, server_bits), (CLIENT_BITS, client_bits)] {
            if let Some(bits) = bits {
                let _ = write!(answer, "; {name}={bits}");
            }
        }
        let agreed = parameters(options, server_forgets, client_forgets, server_bits, client_bits);
        Some((agreed, answer))
    }))
}

/// What a server's `answer` says to a client that has made its offer of `options`.
///
/// # Errors
/// The client has not asked for that, or cannot do it.
pub fn confirm(options: &DeflateOptions, answer: &str) -> Result<DeflateParameters, Malformed> {
    let extensions = extensions(answer)?;
    let [extension] = &*extensions else { return Err(Malformed) };
    if extension.name != NAME {
        return Err(Malformed);
    }
    let said = Parameters::read(&extension.parameters, false).ok_or(Malformed)?;
    if options.server_max_window_bits.is_some_and(|asked| said.server_bits.is_none_or(|bits| bits > asked)) {
        return Err(Malformed);
    }
    let client_bits = least(said.client_bits.flatten(), options.client_max_window_bits);
    let client_forgets = said.client_forgets || options.client_no_context_takeover;
    Ok(parameters(options, said.server_forgets, client_forgets, said.server_bits, client_bits))
}

/// A field that says nothing that could be agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

fn parameters(
    options: &DeflateOptions,
    server_forgets: bool,
    client_forgets: bool,
    server_bits: Option<u8>,
    client_bits: Option<u8>,
) -> DeflateParameters {
    let direction = |forgets: bool, bits: Option<u8>| Direction {
        keeps_context: !forgets,
        window_bits: bits.unwrap_or(MOST_BITS),
    };
    DeflateParameters {
        threshold: options.threshold,
        server: direction(server_forgets, server_bits),
        client: direction(client_forgets, client_bits),
    }
}

fn least(one: Option<u8>, other: Option<u8>) -> Option<u8> {
    one.into_iter().chain(other).min()
}

fn add_flags(text: &mut String, server_forgets: bool, client_forgets: bool) {
    for (name, forgets) in [(SERVER_NO_CONTEXT, server_forgets), (CLIENT_NO_CONTEXT, client_forgets)] {
        if forgets {
            let _ = write!(text, "; {name}");
        }
    }
}

/// The parameters of one permessage-deflate.
#[derive(Default)]
struct Parameters {
    server_forgets: bool,
    client_forgets: bool,
    server_bits: Option<u8>,
    /// An offer may leave the value out.
    client_bits: Option<Option<u8>>,
}

impl Parameters {
    /// None for what this end does not know, what is there twice and what has a value that it cannot have: an offer with
    /// that is declined (RFC 7692 section 5.1), an answer fails the connection.
    fn read(list: &[(&str, Option<String>)], is_offer: bool) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in list {
            let bits = || value.as_deref().and_then(window_bits);
            match *name {
                SERVER_NO_CONTEXT if value.is_none() && !read.server_forgets => read.server_forgets = true,
                CLIENT_NO_CONTEXT if value.is_none() && !read.client_forgets => read.client_forgets = true,
                SERVER_BITS if read.server_bits.is_none() => read.server_bits = Some(bits()?),
                CLIENT_BITS if read.client_bits.is_none() => {
                    let valueless = is_offer && value.is_none();
                    read.client_bits = Some(if valueless { None } else { Some(bits()?) });
                }
                _ => return None,
            }
        }
        Some(read)
    }
}

/// 8 to 15, without leading zeros.
fn window_bits(text: &str) -> Option<u8> {
    (8..=MOST_BITS).find(|bits| bits.to_string() == text)
}

struct Extension<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<String>)>,
}

/// `Sec-WebSocket-Extensions` by its grammar. A value in quotes has to be a token when they are gone.
fn extensions(field: &str) -> Result<Vec<Extension<'_>>, Malformed> {
    let mut list = Vec::new();
    // A quoted value is a token, too, and no token has a comma or a semicolon.
    for item in field.split(',').map(trim).filter(|item| !item.is_empty()) {
        let mut parts = item.split(';').map(trim);
        let name = parts.next().filter(|name| is_token(name)).ok_or(Malformed)?;
        let parameters = parts.map(parameter).collect::<Result<_, _>>()?;
        list.push(Extension { name, parameters });
    }
    Ok(list)
}

fn parameter(text: &str) -> Result<(&str, Option<String>), Malformed> {
    let Some((name, value)) = text.split_once('=') else {
        return is_token(text).then_some((text, None)).ok_or(Malformed);
    };
    let (name, value) = (trim(name), trim(value));
    let value = match value.strip_prefix('"') {
        Some(quoted) => unquote(quoted.strip_suffix('"').ok_or(Malformed)?),
        None => value.to_owned(),
    };
    (is_token(name) && is_token(&value)).then_some((name, Some(value))).ok_or(Malformed)
}

fn unquote(text: &str) -> String {
    let mut escaped = false;
    text.chars()
        .filter(|c| {
            escaped = *c == '\\' && !escaped;
            !escaped
        })
        .collect()
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
