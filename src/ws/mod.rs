//! Sockets: turns frames into commands and events into frames. Only this module uses actix-web-actors and the codec.
//!
//! A socket session is an actor in a plain `Context`. It is not polled by its socket, so its timers run even when the
//! client stops reading. Frames come in as a stream and go out through a bounded queue, which is the response's body.

pub mod dialect;
pub mod echo;
mod ending;
mod frames;
mod handler;
mod handshake;
mod incoming;
mod outgoing;
mod session;

pub use ending::EndOfReading;

use actix_web::web::{self, ServiceConfig};
use utoipa::OpenApi;

/// The longest message, and so the longest frame, in bytes.
pub const MESSAGE_MAX: usize = 16 * 1024;

#[derive(OpenApi)]
#[openapi(paths(
    handshake::rider,
    handshake::driver,
    handshake::taxi,
    handshake::native,
    handshake::dcrf,
    handshake::chat,
    handshake::notifications
))]
struct SocketDescription;

/// The description of the handshakes.
pub fn document() -> utoipa::openapi::OpenApi {
    SocketDescription::openapi()
}

/// Registers the paths of the sockets.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/rider/", web::get().to(handshake::rider))
        .route("/driver/", web::get().to(handshake::driver))
        .route("/taxi/", web::get().to(handshake::taxi))
        .route("/ws/", web::get().to(handshake::native))
        .route("/ws/trips/", web::get().to(handshake::dcrf))
        .route("/ws/chat/{nk}/", web::get().to(handshake::chat))
        .route(
            "/ws/notifications/",
            web::get().to(handshake::notifications),
        );
}
