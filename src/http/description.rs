//! The OpenAPI description, generated from the handlers, and a page that shows it without internet access.

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

use super::{accounts, actions, events, health, media, notifications, offers, shifts, trips};
use crate::credentials::COOKIE;
use crate::problem::described::Document;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "cabrank",
        description = "Ride-hailing dispatch. What goes over the sockets is described in docs/protocol.md."
    ),
    paths(
        accounts::sign_up,
        accounts::log_in,
        accounts::log_out,
        accounts::refresh,
        media::photo,
        trips::list,
        trips::request,
        trips::detail,
        offers::code,
        offers::position,
        offers::track,
        shifts::quote,
        shifts::hint,
        offers::receive,
        offers::decline,
        offers::dispatch,
        shifts::show,
        shifts::begin,
        shifts::end,
        shifts::report,
        shifts::supply,
        notifications::send,
        notifications::list,
        notifications::read,
        events::follow,
        health::health,
    ),
    components(schemas(Document, shifts::ShiftForm))
)]
struct ApiDescription;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme(
            "cookie",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))),
        );
    }
}

/// Closes the schemas of forms to additional members, since commands refuse members that they do not know. The sign-up
/// form stays open, because the form with a photo extends it.
struct Closed;

/// The variants of `PositionForm`, whose names do not end in `Form`.
const POSITIONS: [&str; 2] = ["OnePosition", "SeveralPositions"];

impl Modify for Closed {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        for (name, schema) in &mut components.schemas {
            let is_form = name.ends_with("Form") || POSITIONS.contains(&name.as_str());
            let is_closed = is_form && name != "SignUpForm";
            if let (true, RefOr::T(Schema::Object(form))) = (is_closed, schema) {
                form.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
        }
    }
}

/// The description of the HTTP paths.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = ApiDescription::openapi();
    document.merge(actions::Described::openapi());
    Security.modify(&mut document);
    Closed.modify(&mut document);
    document
}

/// Serves the description at `/openapi.json`, and a page for it at `/docs/`.
pub(super) fn pages(document: utoipa::openapi::OpenApi) -> SwaggerUi {
    SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document)
}
