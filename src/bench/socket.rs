//! A WebSocket client that uses as little CPU time as possible, because it shares the machine with the server.
//!
//! All sockets read into one shared buffer, only frame headers are parsed, and a socket keeps only the rest of an
//! unfinished frame.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{sleep, timeout};

use super::frame::{self, FrameError};

const OPEN_WITHIN: Duration = Duration::from_secs(60);
const READ_MAX: usize = 256 * 1024;
const HEAD_MAX: usize = 4 * 1024;
/// The key of the standard's example serves all sockets: its answer only shows that the server speaks WebSocket.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ANSWER_TO_KEY: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Why a socket could not be opened, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("{0} is not an http:// address")]
    Address(String),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the handshake was not answered within {} s", OPEN_WITHIN.as_secs())]
    TimedOut,
    #[error("the handshake was answered with `{0}`")]
    Refused(String),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the server closed the socket ({})", .0.map_or_else(|| "no close code".to_owned(), |code| format!("close code {code}")))]
    Closed(Option<u16>),
}

/// The address of a server.
pub struct Target {
    address: SocketAddr,
    host: String,
}

impl Target {
    /// The server at an `http://` URL.
    pub fn of(url: &str) -> Result<Self, SocketError> {
        let wrong = || SocketError::Address(url.to_owned());
        let parsed = url::Url::parse(url).map_err(|_| wrong())?;
        if parsed.scheme() != "http" {
            return Err(wrong());
        }
        let name = parsed.host_str().ok_or_else(wrong)?;
        let port = parsed.port_or_known_default().ok_or_else(wrong)?;
        let address = (name.trim_matches(['[', ']']), port)
            .to_socket_addrs()?
            .next()
            .ok_or_else(wrong)?;
        Ok(Self {
            address,
            host: format!("{name}:{port}"),
        })
    }
}

/// The buffer that all sockets of a thread read into.
pub struct ReadBuffer(RefCell<Box<[u8]>>);

impl ReadBuffer {
    /// An empty buffer of the largest size that is read at once.
    pub fn new() -> Self {
        Self(RefCell::new(vec![0; READ_MAX].into_boxed_slice()))
    }
}

/// An open socket whose task wakes up whenever bytes arrive.
pub struct BenchSocket {
    stream: TcpStream,
    state: ReadState,
}

impl BenchSocket {
    /// Opens a socket at `path` with the access token.
    pub async fn open(target: &Target, path: &str, access: &str) -> Result<Self, SocketError> {
        timeout(OPEN_WITHIN, Self::open_unbounded(target, path, access))
            .await
            .map_err(|_| SocketError::TimedOut)?
    }

    async fn open_unbounded(
        target: &Target,
        path: &str,
        access: &str,
    ) -> Result<Self, SocketError> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self {
            stream,
            state: ReadState::default(),
        };
        socket.state.outgoing = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {KEY}\r\nAuthorization: Bearer {access}\r\n\r\n",
            target.host
        )
        .into_bytes();
        socket.flush().await?;
        socket.read_head().await?;
        Ok(socket)
    }

    /// Reads the answer to the handshake, and none of the frames that may follow it.
    async fn read_head(&mut self) -> Result<(), SocketError> {
        let mut buffer = [0; HEAD_MAX];
        loop {
            let seen = self.stream.peek(&mut buffer).await?;
            let end = buffer[..seen]
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n");
            match end {
                Some(end) => {
                    let taken = self.stream.try_read(&mut buffer[..end + 4])?;
                    return check_head(&buffer[..taken]);
                }
                None if seen == 0 => return Err(SocketError::Closed(None)),
                None if seen == HEAD_MAX => {
                    return Err(SocketError::Refused("a very long head".to_owned()));
                }
                // The bytes that were peeked at are still there and would wake the task at once.
                None => sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Waits for bytes, passes each complete text frame to `on_text`, and answers pings.
    pub async fn read(
        &mut self,
        scratch: &ReadBuffer,
        mut on_text: impl FnMut(&[u8]),
    ) -> Result<(), SocketError> {
        poll_fn(|cx| self.poll_read(cx, scratch, &mut on_text)).await?;
        self.flush().await
    }

    /// Sends one text frame.
    pub async fn send(&mut self, text: &[u8]) -> Result<(), SocketError> {
        frame::put(&mut self.state.outgoing, frame::TEXT, text);
        self.flush().await
    }

    /// Makes it a socket for polling from time to time.
    pub fn into_lazy(self) -> Result<LazySocket, SocketError> {
        Ok(LazySocket {
            stream: self.stream.into_std()?,
            state: self.state,
        })
    }

    /// Writes the waiting bytes. It may be dropped at any time and called again.
    async fn flush(&mut self) -> Result<(), SocketError> {
        while !self.state.outgoing.is_empty() {
            match self.stream.try_write(&self.state.outgoing) {
                Ok(count) => drop(self.state.outgoing.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    // AsyncRead rather than `try_read`: after a short read it knows that the socket is empty, which saves a system
    // call.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &ReadBuffer,
        on_text: &mut impl FnMut(&[u8]),
    ) -> Poll<Result<(), SocketError>> {
        let mut buffer = scratch.0.borrow_mut();
        let mut free = ReadBuf::new(self.state.resume(&mut buffer)?);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut free))?;
        let count = free.filled().len();
        Poll::Ready(self.state.take(&buffer, count, on_text))
    }
}

/// An open socket that wakes no task: reading gathered frames costs much less than reading each as it comes.
pub struct LazySocket {
    stream: std::net::TcpStream,
    state: ReadState,
}

impl LazySocket {
    /// Passes each text frame that has arrived to `on_text` and answers pings, without waiting.
    pub fn read_available(
        &mut self,
        scratch: &ReadBuffer,
        on_text: &mut impl FnMut(&[u8]),
    ) -> Result<(), SocketError> {
        let mut buffer = scratch.0.borrow_mut();
        let free = self.state.resume(&mut buffer)?;
        match self.stream.read(free) {
            Ok(count) => self.state.take(&buffer, count, on_text)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if !self.state.outgoing.is_empty() {
            match self.stream.write(&self.state.outgoing) {
                Ok(count) => drop(self.state.outgoing.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The state of a socket between two reads.
#[derive(Default)]
struct ReadState {
    /// The start of an unfinished frame.
    pending: Vec<u8>,
    /// Bytes that could not be written yet.
    outgoing: Vec<u8>,
}

impl ReadState {
    /// Copies the unfinished frame into the buffer; returns the room after it.
    fn resume<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b mut [u8], SocketError> {
        let pending = self.pending.len();
        buffer[..pending].copy_from_slice(&self.pending);
        match &mut buffer[pending..] {
            [] => Err(FrameError::TooLong.into()),
            free => Ok(free),
        }
    }

    /// Processes the buffer after `count` more bytes were read, and keeps an unfinished frame.
    fn take(
        &mut self,
        buffer: &[u8],
        count: usize,
        on_text: &mut impl FnMut(&[u8]),
    ) -> Result<(), SocketError> {
        if count == 0 {
            return Err(SocketError::Closed(None));
        }
        let filled = &buffer[..self.pending.len() + count];
        let used = take_frames(filled, &mut self.outgoing, on_text)?;
        self.pending.clear();
        self.pending.extend_from_slice(&filled[used..]);
        Ok(())
    }
}

/// Processes all complete frames; returns their length in bytes.
fn take_frames(
    bytes: &[u8],
    outgoing: &mut Vec<u8>,
    on_text: &mut impl FnMut(&[u8]),
) -> Result<usize, SocketError> {
    let mut used = 0;
    while let Some(frame) = frame::first(&bytes[used..])? {
        match frame.opcode {
            frame::TEXT => on_text(frame.payload),
            frame::PING => frame::put(outgoing, frame::PONG, frame.payload),
            frame::CLOSE => return Err(SocketError::Closed(close_code(frame.payload))),
            _ => {}
        }
        used += frame.len;
    }
    Ok(used)
}

fn close_code(payload: &[u8]) -> Option<u16> {
    payload.first_chunk().map(|code| u16::from_be_bytes(*code))
}

fn check_head(head: &[u8]) -> Result<(), SocketError> {
    let head = String::from_utf8_lossy(head);
    let status = head.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("101") if head.contains(ANSWER_TO_KEY) => Ok(()),
        _ => Err(SocketError::Refused(status.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_frame_is_left_for_the_next_read() {
        let mut received = Vec::new();
        let mut outgoing = Vec::new();
        // "hi", a ping with "p", and the first byte of something.
        let bytes = [0x81, 2, b'h', b'i', 0x89, 1, b'p', 0x81];
        let used = take_frames(&bytes, &mut outgoing, &mut |text| {
            received.push(text.to_vec())
        });
        assert_eq!(used.expect("the frames are well formed"), 7);
        assert_eq!(received, [b"hi"]);
        assert_eq!(outgoing, [0x8a, 0x81, 0, 0, 0, 0, b'p']);
    }

    #[test]
    fn a_frame_may_come_in_any_pieces() {
        let frames = [0x81, 2, b'h', b'i', 0x81, 1, b'!'];
        for piece in 1..frames.len() {
            let (mut state, mut received, mut buffer) = (ReadState::default(), Vec::new(), [0; 64]);
            for bytes in frames.chunks(piece) {
                state.resume(&mut buffer).expect("there is room")[..bytes.len()]
                    .copy_from_slice(bytes);
                state
                    .take(&buffer, bytes.len(), &mut |text| {
                        received.push(text.to_vec())
                    })
                    .expect("it is well formed");
            }
            assert_eq!(received, [&b"hi"[..], b"!"], "in pieces of {piece}");
            assert!(state.pending.is_empty());
        }
    }

    #[test]
    fn a_close_frame_tells_its_code() {
        let closed = take_frames(&[0x88, 2, 0x0f, 0xa8], &mut Vec::new(), &mut |_| {});
        assert!(matches!(closed, Err(SocketError::Closed(Some(4008)))));
    }

    #[test]
    fn only_a_switch_of_protocols_opens_a_socket() {
        let switched = format!(
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {ANSWER_TO_KEY}\r\n\r\n"
        );
        assert!(check_head(switched.as_bytes()).is_ok());
        assert!(check_head(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").is_err());
        let refused = check_head(b"HTTP/1.1 403 Forbidden\r\n\r\n");
        assert!(matches!(refused, Err(SocketError::Refused(status)) if status.contains("403")));
    }
}
