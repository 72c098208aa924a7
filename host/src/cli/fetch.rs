//! The command line of `node-http fetch`: curl's.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use url::Url;

/// Options of `node-http fetch`.
#[derive(Debug, Args)]
#[command(after_help = AFTERWORD)]
pub(crate) struct Fetch {
    /// Where to ask; `http://` may be left out. With `ws://` lines of standard input are sent and messages printed
    pub(crate) url: String,

    /// The method; without it GET, or what -I, -T and bodies ask for
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// A header of the request; without a value it keeps a default one away; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<Header>,

    /// POSTs text, a file without its line ends, or standard input with `@-`; joined with `&` when repeated
    #[arg(short, long, value_name = "TEXT|@FILE")]
    pub(crate) data: Vec<Data>,

    /// The same with files as they are
    #[arg(long, value_name = "TEXT|@FILE")]
    pub(crate) data_binary: Vec<Data>,

    /// POSTs JSON, and asks for JSON; put together when repeated
    #[arg(long, value_name = "TEXT|@FILE")]
    pub(crate) json: Vec<Data>,

    /// PUTs a file, or standard input with `-`, as it comes
    #[arg(short = 'T', long, value_name = "FILE", conflicts_with_all = ["data", "data_binary", "json", "head"])]
    pub(crate) upload_file: Option<PathBuf>,

    /// Asks for the head alone, and prints it
    #[arg(short = 'I', long, conflicts_with_all = ["data", "data_binary", "json"])]
    pub(crate) head: bool,

    /// Prints the head of the answer, too
    #[arg(short, long)]
    pub(crate) include: bool,

    /// Where the answer goes; standard output unless something else is said
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The answer goes to a file named as the last part of the URL
    #[arg(short = 'O', long, conflicts_with = "output")]
    pub(crate) remote_name: bool,

    /// Goes where the answer says (3xx), at most 50 times
    #[arg(short = 'L', long)]
    pub(crate) location: bool,

    /// Fails (22) when the status is 400 or more, and prints no body
    #[arg(short, long)]
    pub(crate) fail: bool,

    /// Shows neither progress nor errors
    #[arg(short, long)]
    pub(crate) silent: bool,

    /// Shows errors in spite of -s
    #[arg(short = 'S', long)]
    pub(crate) show_error: bool,

    /// Shows the heads that are sent (>) and received (<) on standard error
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Name and password, for that host only; asks for a password that is not there
    #[arg(short, long, value_name = "USER[:PASSWORD]")]
    pub(crate) user: Option<String>,

    /// The header User-Agent; an empty one keeps it away
    #[arg(short = 'A', long, value_name = "NAME")]
    pub(crate) user_agent: Option<String>,

    /// Seconds that all of it may take
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_time: Option<Duration>,

    /// Asks an HTTP proxy; its port is 1080 unless it is said
    #[arg(short = 'x', long, value_name = "[USER:PASSWORD@]HOST[:PORT]", value_parser = proxy)]
    pub(crate) proxy: Option<Url>,

    /// Tries again after a timeout, 408, 429, 500, 502, 503 or 504: first after a second, or Retry-After
    #[arg(long, value_name = "TIMES", default_value_t = 0, hide_default_value = true)]
    pub(crate) retry: u32,
}

impl Fetch {
    /// Whether the head of the answer is printed. Of an answer to HEAD there is nothing else.
    pub(crate) fn shows_head(&self) -> bool {
        let is_head = self.method.as_ref().is_some_and(|method| method.eq_ignore_ascii_case("HEAD"));
        self.include || self.head || is_head
    }

    /// Whether there is a body that is posted.
    pub(crate) fn has_data(&self) -> bool {
        !(self.data.is_empty() && self.data_binary.is_empty() && self.json.is_empty())
    }

    /// Whether errors are shown.
    pub(crate) fn shows_errors(&self) -> bool {
        !self.silent || self.show_error
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "wanted: seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn proxy(text: &str) -> Result<Url, String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut proxy = Url::parse(&url).map_err(|error| error.to_string())?;
    if proxy.scheme() != "http" || proxy.host_str().is_none() {
        return Err("only HTTP proxies are known".to_owned());
    }
    // A port that is a scheme's own cannot be told from none once it is parsed.
    let authority = url["http://".len()..].split('/').next().unwrap_or_default();
    if !authority.ends_with(":80") && proxy.port().is_none() {
        proxy.set_port(Some(1080)).map_err(|()| "it takes no port".to_owned())?;
    }
    Ok(proxy)
}

/// What `node-http fetch` tells a script.
const AFTERWORD: &str = "\
Options are curl's, and so is the exit status:
   0  an answer came, whatever its status code
   1  the protocol is not http
   2  wrong usage, or the component could not be started
   3  the URL is not one
   5  the proxy's name could not be resolved
   6  the host name could not be resolved
   7  no connection
   8  the answer is not HTTP
  22  the status is 400 or more, with -f
  23  standard output or FILE cannot be written
  26  the body cannot be read
  28  it takes too long
  47  there are too many redirects
  52  the server closed the connection without an answer
  55  the request could not be sent
  56  the answer was cut short

Examples:
  node-http fetch -i http://127.0.0.1:8080/
  node-http fetch --json '{\"a\": 1}' http://127.0.0.1:8080/echo
  node-http fetch -fsSL -O http://example.com/file.tar.gz
  echo hello | node-http fetch ws://127.0.0.1:8080/chat/socket";

/// A header as given to `-H`.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The name.
    pub(crate) name: String,
    /// The value; an empty one keeps a default header away.
    pub(crate) value: String,
}

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("a header is `NAME: VALUE`")?;
        Ok(Self { name: name.trim().to_owned(), value: value.trim().to_owned() })
    }
}

/// A body as given to `-d`.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// The text itself.
    Text(String),
    /// The content of a file.
    File(PathBuf),
    /// What comes on standard input.
    Stdin,
}

impl FromStr for Data {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix('@') {
            None => Self::Text(text.to_owned()),
            Some("-") => Self::Stdin,
            Some(file) => Self::File(file.into()),
        })
    }
}
