//! Drives a decoder as a server does: bytes arrive in pieces, consumed ones are dropped.

use node_http::proto::{Decoder, Direction, Event, Leniency, Limits, Method, ParseError};

/// What a decoder makes of some bytes, whatever the pieces they come in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) messages: Vec<Message>,
    pub(crate) error: Option<ParseError>,
    /// Behind which byte the connection left HTTP.
    pub(crate) upgraded_at: Option<usize>,
    /// Nothing of another message has been seen.
    pub(crate) idle: bool,
    pub(crate) finish: Option<Result<bool, ParseError>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message {
    pub(crate) method: Option<Method>,
    pub(crate) status: Option<u16>,
    /// Target or reason phrase.
    pub(crate) text: Vec<u8>,
    pub(crate) version: (u8, u8),
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) keep_alive: bool,
    pub(crate) complete: bool,
}

impl Record {
    /// The same with the place of the error left out: it counts from the newest piece.
    pub(crate) fn without_place(&self) -> Self {
        let placeless = |error: ParseError| ParseError { offset: 0, ..error };
        Self {
            error: self.error.map(placeless),
            finish: self.finish.map(|finish| finish.map_err(placeless)),
            ..self.clone()
        }
    }
}

/// How to decode.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) direction: Direction,
    pub(crate) limits: Limits,
    pub(crate) leniency: Leniency,
    pub(crate) skip_body: bool,
    /// Take every connection over that asks for it.
    pub(crate) upgrade: bool,
    /// What every response answers.
    pub(crate) answers: Option<Method>,
}

impl Setup {
    pub(crate) fn strict(direction: Direction) -> Self {
        Self {
            direction,
            limits: Limits::default(),
            leniency: Leniency::STRICT,
            skip_body: false,
            upgrade: false,
            answers: None,
        }
    }

    /// Decodes `pieces`, then lets the peer end if `finish` says so.
    pub(crate) fn run<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>, finish: bool) -> Record {
        let mut decoder = Decoder::new(self.direction, self.limits, self.leniency);
        let mut record = Record::default();
        let mut buffer = Vec::new();
        let mut dropped = 0;
        for piece in pieces {
            buffer.extend_from_slice(piece);
            loop {
                if let Some(method) = self.answers {
                    decoder.expect_response_to(method);
                }
                let (consumed, event) = match decoder.decode(&buffer) {
                    Ok(step) => step,
                    Err(error) => {
                        assert_eq!(decoder.decode(&buffer), Err(error), "an error is final");
                        record.error = Some(error);
                        return record;
                    }
                };
                assert!(consumed <= buffer.len());
                let found = event.is_some();
                self.note(&mut decoder, &mut record, &buffer, event);
                buffer.drain(..consumed);
                dropped += consumed;
                if decoder.is_upgraded() && record.upgraded_at.is_none() {
                    record.upgraded_at = Some(dropped);
                }
                if !found {
                    break;
                }
            }
        }
        record.idle = decoder.is_idle();
        if finish {
            let end = decoder.finish();
            if matches!(end, Ok(Some(Event::End(None)))) {
                record.messages.last_mut().expect("a message ends").complete = true;
            }
            record.finish = Some(end.map(|event| event.is_some()));
        }
        record
    }

    fn note(&self, decoder: &mut Decoder, record: &mut Record, input: &[u8], event: Option<Event>) {
        let pairs = |fields: &node_http::proto::Fields| {
            fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
        };
        let (message, upgrade) = match event {
            None => return,
            Some(Event::Data(range)) => {
                let message = record.messages.last_mut().expect("data behind a head");
                message.body.extend_from_slice(&input[range]);
                return;
            }
            Some(Event::End(trailers)) => {
                let message = record.messages.last_mut().expect("end behind a head");
                message.trailers = trailers.as_deref().map(pairs).unwrap_or_default();
                message.complete = true;
                return;
            }
            Some(Event::RequestHead(head)) => {
                let message = Message {
                    method: Some(head.method),
                    text: head.target().to_vec(),
                    version: head.version,
                    fields: pairs(&head.fields),
                    keep_alive: head.keep_alive,
                    ..Message::default()
                };
                (message, head.upgrade)
            }
            Some(Event::ResponseHead(head)) => {
                let message = Message {
                    status: Some(head.status),
                    text: head.reason().to_vec(),
                    version: head.version,
                    fields: pairs(&head.fields),
                    keep_alive: head.keep_alive,
                    ..Message::default()
                };
                (message, head.upgrade)
            }
        };
        record.messages.push(message);
        if upgrade && self.upgrade {
            decoder.upgrade();
        }
        if self.skip_body {
            decoder.skip_body();
        }
    }

    /// Decodes `input` whole, byte by byte and in random pieces, checks that it makes no difference, and returns
    /// what the whole gives.
    pub(crate) fn run_every_way(&self, input: &[u8], finish: bool, name: &str) -> Record {
        let whole = self.run([input], finish);
        let bytes = self.run(input.chunks(1), finish);
        assert_eq!(bytes.without_place(), whole.without_place(), "{name}: byte by byte");
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64 ^ input.len() as u64;
        for round in 0..20 {
            let pieces = random_pieces(input, &mut seed);
            let split = self.run(pieces, finish);
            assert_eq!(split.without_place(), whole.without_place(), "{name}: random split {round}");
        }
        whole
    }
}

/// Cuts `input` into pieces of one to sixteen bytes.
fn random_pieces<'a>(mut input: &'a [u8], seed: &mut u64) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !input.is_empty() {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        let length = (*seed % 16) as usize + 1;
        let (piece, rest) = input.split_at(length.min(input.len()));
        pieces.push(piece);
        input = rest;
    }
    pieces
}
