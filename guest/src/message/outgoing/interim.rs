//! Interim responses (1xx): heads without framing, before the final one.

use crate::error::Error;
use crate::message::headers::HeaderValue;
use crate::message::validate::{self, validate_header_name, validate_link};
use crate::proto::encode;

use super::head::push_field;
use super::headers::check_value;
use super::{OutgoingMessage, reason_or_unknown};

impl OutgoingMessage {
    /// `writeContinue`: 100, after which the client sends its body.
    ///
    /// # Errors
    /// `ERR_HTTP_HEADERS_SENT` behind the head, where the bytes would be taken for body (Node since 24).
    pub fn write_continue(&mut self) -> Result<(), Error> {
        self.write_information(100, &[])?;
        self.continued = true;
        Ok(())
    }

    /// `writeProcessing`: 102.
    ///
    /// # Errors
    /// As [`write_continue`](Self::write_continue).
    pub fn write_processing(&mut self) -> Result<(), Error> {
        self.write_information(102, &[])
    }

    /// `writeEarlyHints`: 103 with the hint `link` first. Without that hint nothing is sent.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE` for a malformed link, `ERR_INVALID_HTTP_TOKEN` and `ERR_INVALID_CHAR` for other
    /// hints, `ERR_HTTP_HEADERS_SENT`.
    pub fn write_early_hints(&mut self, hints: &[(String, HeaderValue)]) -> Result<(), Error> {
        // Hints are a JavaScript object: of equal keys the last one counts, and `Link` is not `link`.
        let Some((_, link)) = hints.iter().rev().find(|(name, _)| name == "link") else {
            return Ok(());
        };
        let link = link_text(link)?;
        if link.is_empty() {
            return Ok(());
        }
        let mut fields = vec![("Link".to_owned(), HeaderValue::Text(link))];
        fields.extend(hints.iter().filter(|(name, _)| name != "link").cloned());
        self.write_information(103, &fields)
    }

    /// `writeInformation`: any interim response save 101, which ends HTTP on its connection.
    ///
    /// # Errors
    /// `ERR_HTTP_HEADERS_SENT`, `ERR_OUT_OF_RANGE`, `ERR_HTTP_INVALID_STATUS_CODE`, and those of headers.
    pub fn write_information(&mut self, status: u16, fields: &[(String, HeaderValue)]) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent("write"));
        }
        if !(100..=199).contains(&status) {
            return Err(Error::out_of_range("statusCode", ">= 100 && <= 199", status.into()));
        }
        if status == 101 {
            return Err(Error::invalid_status_code(status));
        }
        for (name, value) in fields {
            validate_header_name(name, None)?;
            check_value(name, value)?;
        }
        if self.destroyed {
            return Ok(());
        }
        encode::status_line(&mut self.out, status, reason_or_unknown(status).as_bytes());
        for (name, value) in fields {
            push_field(&mut self.out, name, &value.to_text());
        }
        encode::end_of_fields(&mut self.out);
        self.release();
        Ok(())
    }
}

/// The value of the `Link` line: a valid link, or several joined by commas.
fn link_text(link: &HeaderValue) -> Result<String, Error> {
    match link {
        HeaderValue::Text(link) => {
            validate_link(link)?;
            Ok(link.clone())
        }
        HeaderValue::List(links) => {
            links.iter().try_for_each(|link| validate_link(link))?;
            Ok(links.join(", "))
        }
        HeaderValue::Integer(number) => Err(validate::invalid_link(&number.to_string())),
    }
}
