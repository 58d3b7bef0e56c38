//! `/media/`: photos of people, for every client that knows a photo's name. The names cannot be guessed.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::PhotoId;
use crate::problem::described::Media;
use crate::problem::{Code, Problem};

/// Show a person's photo
#[utoipa::path(get, path = "/media/{photo}", tag = "accounts",
    params(("photo" = String, Path, description = "The part after `/media/` of a person's `photo`")),
    responses((status = 200, content_type = "image/jpeg", body = [u8]), Media))]
pub(super) async fn photo(
    app: web::Data<App>,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::new(Code::NotFound, "There is no such photo.");
    let id = PhotoId::parse(&name).ok_or_else(unknown)?;
    let jpeg = app.accounts.photo(id).await?.ok_or_else(unknown)?;
    let response = HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ))
        // A photo never changes. Clients that have cached a removed photo show it for a day at most.
        .insert_header((header::CACHE_CONTROL, "private, max-age=86400"))
        .body(jpeg);
    Ok(response)
}
