//! Node's `readable.pipe()`: the driver passes a received body on to a message that is sent, and the application has
//! nothing to do with its bytes.

use std::{fmt::Debug, future::poll_fn, task::Poll};

use super::{incoming_message::IncomingMessage, outbound::Outbound};
use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, Signal},
};

/// A message that is sent, as a pipe into it sees it.
pub(crate) trait Sink: Debug + 'static {
    fn outbound(&self) -> &Outbound;

    /// What the application's method of the same name does, events included.
    fn write(&self, chunk: &[u8]) -> Result<bool, Error>;
    /// Likewise.
    fn end(&self) -> Result<(), Error>;

    /// Whether nothing can follow: it is finished or destroyed, or its connection is gone.
    fn is_over(&self) -> bool;

    /// Notified when there is room again, and when it is over.
    fn signal(&self) -> &Signal;

    fn destroy(&self, error: Option<Error>);

    /// One of those who may write it does not want to any more: the last one destroys what nobody has ended.
    fn let_go(&self) {
        let last = self.outbound().drop_writer();
        if last && !self.is_over() && !self.outbound().borrow().writable_ended() {
            self.destroy(None);
        }
    }
}

/// Passes the body of `source` on to `sink`, which ends with it if `end` says so. What is there is written now, the
/// rest by the driver, whatever becomes of the application's handles.
///
/// # Errors
/// `ERR_STREAM_WRITE_AFTER_END`, `ERR_STREAM_DESTROYED`: nothing can be written to `sink`. `ERR_STREAM_ALREADY_FINISHED`:
/// the body of `source` was handed out before. And those of the writes that are done now. Then `source` can be read.
pub(crate) fn pipe(source: &IncomingMessage, sink: impl Sink, end: bool) -> Result<(), Error> {
    sink.outbound().change(|outgoing| outgoing.check_writable())?;
    source.hand_out_body()?;
    source.touch();
    sink.outbound().add_writer();
    let pipe = Pipe { source: source.another(), sink, end };
    match pipe.advance() {
        Progress::Over => {}
        Progress::Failed(error) => return Err(error),
        Progress::Waiting => runtime::spawn(pipe.run()),
    }
    Ok(())
}

/// A body on its way through.
#[derive(Debug)]
struct Pipe<S: Sink> {
    source: IncomingMessage,
    sink: S,
    end: bool,
}

enum Progress {
    /// The source has brought all that it has, or the sink does not take any more.
    Over,
    /// The sink cannot be written to, for a reason that Node throws.
    Failed(Error),
    /// For the source to bring something, or the sink to have room.
    Waiting,
}

impl<S: Sink> Pipe<S> {
    async fn run(self) {
        let mut brought = self.source.changed().registration();
        let mut taken = self.sink.signal().registration();
        let failed = poll_fn(|cx| match self.advance() {
            Progress::Over => Poll::Ready(None),
            Progress::Failed(error) => Poll::Ready(Some(error)),
            Progress::Waiting => {
                brought.renew(cx.waker());
                taken.renew(cx.waker());
                Poll::Pending
            }
        });
        if let Some(error) = failed.await {
            // There is nobody to throw at.
            self.sink.destroy(Some(error));
        }
    }

    /// Moves what there is.
    fn advance(&self) -> Progress {
        loop {
            if self.sink.is_over() {
                self.source.take_back_body();
                return Progress::Over;
            }
            if self.sink.outbound().borrow().writable_need_drain() {
                return Progress::Waiting;
            }
            match self.source.pass_on(|bytes| self.sink.write(bytes)) {
                Some(Ok(_)) => continue,
                Some(Err(error)) => {
                    self.source.take_back_body();
                    return self.refused(error);
                }
                None => {}
            }
            // Nothing is left to read: what is asked for is how it goes on.
            return match self.source.read_for_stream(0) {
                ReadResult::Data(_) | ReadResult::Pending => Progress::Waiting,
                ReadResult::End(_) if self.end => {
                    self.sink.end().map_or_else(|error| self.refused(error), |()| Progress::Over)
                }
                // Node does not end the sink of a source that is cut short: that looked like all of it.
                ReadResult::End(_) | ReadResult::Aborted(_) => Progress::Over,
            };
        }
    }

    /// Who writes behind the end, or to what is gone, is told elsewhere.
    fn refused(&self, error: Error) -> Progress {
        let outgoing = self.sink.outbound().borrow();
        if outgoing.writable_ended() || outgoing.destroyed() {
            Progress::Over
        } else {
            Progress::Failed(error)
        }
    }
}

impl<S: Sink> Drop for Pipe<S> {
    fn drop(&mut self) {
        self.sink.let_go();
        self.source.leave_pipe();
    }
}
