//! `/healthz`: checks that the service works, by using the database and the registry.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::app::App;
use crate::problem::described::Unhealthy;
use crate::problem::{Code, Problem};
use crate::registry::actor::Count;
use crate::store::corrupt;

/// The state of a service that works.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Open sockets.
    sockets: usize,
    /// Groups with members.
    groups: usize,
    /// Corrupt rows that were skipped since the start; the log names them.
    corrupt_rows: usize,
}

/// Check that the database can be read and written, and that sockets are served
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, body = Health), Unhealthy))]
pub(super) async fn health(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    if app.is_stopping() {
        return Err(Problem::new(Code::Unavailable, "The service is stopping."));
    }
    app.store.check().await?;
    let census = app.registry.send(Count).await;
    let census =
        census.map_err(|_| Problem::new(Code::Unavailable, "The registry does not answer."))?;
    Ok(HttpResponse::Ok().json(Health {
        status: "ok",
        sockets: census.sockets,
        groups: census.groups,
        corrupt_rows: corrupt::count(),
    }))
}
