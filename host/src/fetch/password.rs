//! The password that `-u NAME` leaves out: asked for as curl does, on the terminal, unseen; where there is none it is the
//! first line of standard input.

use std::io::{self, ErrorKind};

/// `NAME:PASSWORD` of what was given.
pub(super) fn complete(user: &str) -> io::Result<String> {
    if user.contains(':') {
        return Ok(user.to_owned());
    }
    let prompt = format!("Enter host password for user '{user}':");
    let password = match rpassword::prompt_password(&prompt) {
        Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
        Err(_) => {
            eprintln!("{prompt}");
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
        Ok(password) => password,
    };
    Ok(format!("{user}:{password}"))
}
