//! A WebSocket as an app holds it: frames are JSON, and waiting has a deadline.
//!
//! Every frame of the service is checked against `docs/asyncapi.yaml`. So is every frame of a test, unless it is wrong
//! on purpose and goes by `send_wrong`, `send_text` or `send_message`.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::SockRef;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use super::channels::{By, Channel, channel};
use super::{Auth, DEADLINE, nk};

/// An open socket.
pub struct Socket {
    stream: WebSocket<TcpStream>,
    channel: &'static Channel,
}

/// Why a socket could not be opened.
#[derive(Debug)]
pub enum NotOpened {
    /// The service answered the handshake with this status.
    Refused(u16),
    /// The service did not answer the handshake.
    Unanswered,
}

/// Why no frame came.
#[derive(Debug)]
pub enum Gone {
    /// The service closed the socket with this code.
    Closed(u16),
    /// The connection ended without a close frame.
    Cut,
}

impl Socket {
    /// Opens a socket at `path`; the error is the status of a refusal.
    #[track_caller]
    pub fn open(
        address: SocketAddr,
        path: &str,
        auth: &Auth,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        match Self::try_open(address, path, auth, headers) {
            Ok(socket) => Ok(socket),
            Err(NotOpened::Refused(status)) => Err(status),
            Err(NotOpened::Unanswered) => panic!("the handshake got no answer"),
        }
    }

    /// Opens a socket at a service that may have gone.
    pub fn try_open(
        address: SocketAddr,
        path: &str,
        auth: &Auth,
        headers: &[(&str, &str)],
    ) -> Result<Self, NotOpened> {
        let url = format!("ws://{address}{}", auth.path(path));
        let mut request = url.into_client_request().expect("it is a URL");
        let own = auth.header();
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            let name = tungstenite::http::HeaderName::from_bytes(name.as_bytes())
                .expect("it is a header's name");
            request.headers_mut().append(
                name,
                HeaderValue::from_str(value).expect("it is a header's value"),
            );
        }
        let stream = TcpStream::connect(address).map_err(|_| NotOpened::Unanswered)?;
        stream.set_nodelay(true).expect("it is a TCP socket");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("it is a TCP socket");
        match tungstenite::client(request, stream) {
            Ok((stream, _)) => Ok(Self {
                stream,
                channel: channel(path),
            }),
            Err(HandshakeError::Failure(Error::Http(answer))) => {
                Err(NotOpened::Refused(answer.status().as_u16()))
            }
            Err(_) => Err(NotOpened::Unanswered),
        }
    }

    /// Sends a frame that the contract allows.
    #[track_caller]
    pub fn send(&mut self, frame: &Value) {
        let text = frame.to_string();
        self.channel.check(By::Client, &text);
        self.send_text(&text);
    }

    /// Sends a frame that need not be in the contract.
    #[track_caller]
    pub fn send_wrong(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text));
    }

    #[track_caller]
    pub fn send_message(&mut self, message: Message) {
        self.stream.send(message).expect("the socket is open");
    }

    /// Sends a frame that the contract allows to a service that may have gone.
    #[track_caller]
    pub fn try_send(&mut self, frame: &Value) -> Result<(), Gone> {
        let text = frame.to_string();
        self.channel.check(By::Client, &text);
        let sent = self.stream.send(Message::text(text));
        sent.map_err(|_| Gone::Cut)
    }

    /// The next frame.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        match self.try_next() {
            Ok(frame) => frame,
            Err(gone) => panic!("a frame was expected, but the socket is gone: {gone:?}"),
        }
    }

    /// The next frame, or how the socket ended.
    #[track_caller]
    pub fn try_next(&mut self) -> Result<Value, Gone> {
        let next = self.next_within(DEADLINE)?;
        Ok(next.unwrap_or_else(|| panic!("nothing came within {DEADLINE:?}")))
    }

    /// The next frame, or `None` if none comes within `wait`.
    #[track_caller]
    pub fn next_within(&mut self, wait: Duration) -> Result<Option<Value>, Gone> {
        let text = self.text_within(wait)?;
        Ok(text.map(|text| serde_json::from_str(&text).expect("every frame is JSON")))
    }

    /// The text of the next frame, or `None` if none comes within `wait`.
    #[track_caller]
    pub fn text_within(&mut self, wait: Duration) -> Result<Option<String>, Gone> {
        // Pings do not prolong the wait.
        let end = Instant::now() + wait;
        let left = || end.saturating_duration_since(Instant::now());
        while let Some(message) = self.message_within(left())? {
            if let Message::Close(frame) = message {
                let code = frame.map_or(1005, |frame| frame.code.into());
                self.channel.check_close(code);
                return Err(Gone::Closed(code));
            }
            if let Message::Text(text) = message {
                return Ok(Some(text.as_str().to_owned()));
            }
            assert!(!message.is_binary(), "no dialect has binary frames");
        }
        Ok(None)
    }

    /// The next message of any kind. Pings are answered.
    #[track_caller]
    pub fn next_message(&mut self) -> Result<Message, Gone> {
        let next = self.message_within(DEADLINE)?;
        Ok(next.unwrap_or_else(|| panic!("nothing came within {DEADLINE:?}")))
    }

    #[track_caller]
    fn message_within(&mut self, wait: Duration) -> Result<Option<Message>, Gone> {
        let end = Instant::now() + wait;
        loop {
            let left = end
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1));
            self.stream
                .get_ref()
                .set_read_timeout(Some(left))
                .expect("it is a TCP socket");
            match self.stream.read() {
                Ok(message) => {
                    if let Message::Text(text) = &message {
                        self.channel.check(By::Service, text);
                    }
                    return Ok(Some(message));
                }
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if Instant::now() >= end {
                        return Ok(None);
                    }
                }
                Err(Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed) => {
                    return Err(Gone::Cut);
                }
                Err(Error::Protocol(
                    tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
                )) => {
                    return Err(Gone::Cut);
                }
                Err(other) => panic!("the service does not speak WebSocket: {other}"),
            }
        }
    }

    /// The next frame, which must be this trip in this status.
    #[track_caller]
    pub fn hears(&mut self, trip: &Value, status: &str) -> Value {
        let frame = self.next();
        assert!(
            frame["nk"] == nk(trip) && frame["status"] == status,
            "not {} {status}: {frame}",
            nk(trip)
        );
        frame
    }

    /// The frames up to and including the first for which `last` holds.
    #[track_caller]
    pub fn hears_until(&mut self, mut last: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            heard.push(self.next());
            if heard.last().is_some_and(&mut last) {
                return heard;
            }
        }
    }

    /// The statuses of `trip`, in order, up to the first frame of another trip, the `marker`.
    #[track_caller]
    pub fn statuses_before(&mut self, marker: &Value, trip: &Value) -> Vec<String> {
        let heard = self.hears_until(|frame| frame["nk"] == nk(marker));
        let of_trip = heard.iter().filter(|frame| frame["nk"] == nk(trip));
        of_trip
            .map(|frame| frame["status"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The next frame, which must be a refusal with this code.
    #[track_caller]
    pub fn refused(&mut self, code: &str) -> Value {
        let frame = self.next();
        assert_eq!(frame["code"], code, "{frame}");
        is_error_frame(&frame);
        frame
    }

    /// Shows that no frame has come: the answer to a frame that is sent now is the next one.
    #[track_caller]
    pub fn heard_nothing(&mut self) {
        self.send_text("?");
        let frame = self.next();
        assert_eq!(
            frame["code"], "unreadable",
            "no frame was expected, but this came: {frame}"
        );
    }

    /// All frames until the service closes the socket or the connection ends.
    #[track_caller]
    pub fn hears_until_closed(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.try_next().ok()).collect()
    }

    /// Skips frames until the service closes the socket, and gives the code.
    #[track_caller]
    pub fn closed(&mut self) -> u16 {
        loop {
            match self.try_next() {
                Ok(_) => {}
                Err(Gone::Closed(code)) => return code,
                Err(Gone::Cut) => panic!("the socket ended without a close frame"),
            }
        }
    }

    /// Closes the socket and waits for the service's close frame.
    #[track_caller]
    pub fn close(mut self) -> Option<CloseFrame> {
        self.stream.close(None).expect("the socket is open");
        loop {
            match self.next_message() {
                Ok(Message::Close(frame)) => return frame,
                Ok(_) => {}
                Err(gone) => panic!("the close frame was not answered: {gone:?}"),
            }
        }
    }

    /// Closes the socket without waiting for an answer.
    pub fn leave(mut self) {
        drop(self.stream.close(None)); // the service may have gone
    }

    /// Sets this end's receive buffer to so many bytes; what does not fit waits at the service.
    pub fn takes_at_once(&self, bytes: usize) {
        let limited = SockRef::from(self.stream.get_ref()).set_recv_buffer_size(bytes);
        limited.expect("it is a TCP socket");
    }

    /// Drops the connection without a close frame, as a phone does in a tunnel.
    pub fn vanish(self) {
        let linger = SockRef::from(self.stream.get_ref()).set_linger(Some(Duration::ZERO));
        linger.expect("it is a TCP socket");
    }
}

/// Checks that an error frame has its three keys.
#[track_caller]
pub fn is_error_frame(frame: &Value) {
    assert!(
        frame["detail"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{frame}"
    );
    assert!(
        frame["code"].is_string() && frame["errors"].is_object(),
        "{frame}"
    );
}
