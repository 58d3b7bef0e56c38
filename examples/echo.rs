//! An echo server around the sockets' codec, for the conformance tests: see `.ci/conformance.sh`.

use actix_web::{App, HttpServer, web};
use cabrank::ws;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || App::new().route("/", web::get().to(ws::echo::echo));
    let server = HttpServer::new(app)
        .workers(2)
        .shutdown_timeout(1)
        .bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await
}
