//! A socket that is not a client's as the transport of a request: its bytes are carried over.

use std::rc::Rc;

use crate::{
    message::ReadResult,
    net::{
        ReadOutcome, Stream,
        memory::{self, MemoryReader, MemoryWriter},
    },
    runtime,
    transport::Socket,
};

/// How many bytes wait in each direction.
const CAPACITY: usize = 64 * 1024;

/// A stream that sends and receives through `socket`, which ends with it.
pub(super) fn through(socket: Socket) -> Stream {
    let (near, far) = memory::pipe(CAPACITY);
    let (reader, writer) = far.split();
    let socket = Rc::new(socket);
    runtime::spawn(receive(Rc::clone(&socket), writer));
    runtime::spawn(send(socket, reader));
    Stream::Memory(near)
}

/// Until the socket ends, or nobody wants more.
async fn receive(socket: Rc<Socket>, mut writer: MemoryWriter) {
    loop {
        match socket.read(CAPACITY) {
            ReadResult::Data(bytes) => {
                if writer.write_all(bytes.into()).await.is_err() {
                    return socket.destroy(None);
                }
            }
            ReadResult::Pending => socket.readable().await,
            ReadResult::End(_) => return,
            ReadResult::Aborted(_) => return writer.reset(),
        }
    }
}

/// Until nothing more comes, or the socket takes no more.
async fn send(socket: Rc<Socket>, mut reader: MemoryReader) {
    loop {
        let (outcome, bytes) = reader.read(Vec::with_capacity(CAPACITY)).await;
        match outcome {
            ReadOutcome::Data(_) => match socket.write(&bytes) {
                Ok(true) => {}
                Ok(false) => socket.drain().await,
                Err(_) => return,
            },
            // Bytes are all written: ending fails only behind another end.
            ReadOutcome::End => return socket.end(None).unwrap_or_default(),
            ReadOutcome::Failed(_) => return socket.destroy(None),
        }
    }
}
