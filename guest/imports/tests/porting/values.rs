use super::*;

// ## Values

// X37: Is that a name of a header?
// try {
//   http.validateHeaderName('');
// } catch (err) {
//   err.code; // 'ERR_INVALID_HTTP_TOKEN'
// }
fn validate_name() {
    if let Err(error) = http::validate_header_name("", None) {
        println!("{}", error.code); // ERR_INVALID_HTTP_TOKEN
    }
}

// X38: Is that a value of one?
// try {
//   http.validateHeaderValue('x-my-header', 'oʊmɪɡə');
// } catch (err) {
//   err.message; // 'Invalid character in header content ["x-my-header"]'
// }
fn validate_value() {
    if let Err(error) = http::validate_header_value("x-my-header", Some(&"oʊmɪɡə".into())) {
        println!("{}", describe(&error));
    }
}

// X39: Names of status codes
// http.STATUS_CODES[404]; // 'Not Found'
fn status_codes() -> Option<String> {
    http::status_codes().into_iter().find(|(code, _)| *code == 404).map(|(_, text)| text)
}
