//! Accounts over HTTP: `/api/sign_up/`, `/api/log_in/`, `/api/log_out/` and `/api/token/refresh/`.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::body::RequestFields;
use super::caller::{Address, Anyone};
use super::form::{self, Form};
use crate::accounts::{LoggedIn, SESSION_LIFE, SignUp};
use crate::app::App;
use crate::auth::passwords::Password;
use crate::credentials::{self, COOKIE};
use crate::domain::{Person, PhotoId, Role, Username};
use crate::fields::{Fields, Optionality};
use crate::problem::Problem;
use crate::problem::described::{Anonymous, Bodied, Credentials, ForeignOrigin};

/// The longest first or last name, in characters.
const NAME_MAX: usize = 150;

/// An account.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Account {
    id: i64,
    username: String,
    first_name: String,
    last_name: String,
    /// `rider`, `driver` or `operator`.
    group: &'static str,
    /// The same as a list, for the oldest clients.
    groups: [&'static str; 1],
    /// The path of the photo, if the account has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
}

/// An account and its tokens.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct LogIn {
    #[serde(flatten)]
    account: Account,
    access: String,
    refresh: String,
    /// The same as `access`, for the oldest clients.
    auth_token: String,
}

/// New tokens.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Tokens {
    access: String,
    refresh: String,
}

/// The fields of a sign-up.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `sign_up_of` reads field by field")]
pub(super) struct SignUpForm {
    /// 1 to 150 letters, digits and `@ . + - _`.
    #[schema(min_length = 1, max_length = 150, pattern = r"^[\p{L}\p{N}@.+_-]+$")]
    username: String,
    /// 8 to 128 characters.
    #[schema(min_length = 8, max_length = 128)]
    password1: String,
    /// The same password again.
    #[schema(min_length = 8, max_length = 128)]
    password2: String,
    /// `rider`, which is the default, or `driver`.
    #[schema(pattern = "^(rider|driver)$")]
    group: Option<String>,
    #[schema(max_length = 150)]
    first_name: Option<String>,
    #[schema(max_length = 150)]
    last_name: Option<String>,
}

/// The fields of a sign-up with a photo.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `Form` reads part by part")]
pub(super) struct PhotoForm {
    #[serde(flatten)]
    form: SignUpForm,
    /// A JPEG, PNG, GIF or WebP of at most 5 MiB. It is stored as a smaller JPEG.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    photo: Option<String>,
}

/// The fields of a log-in.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `log_in` reads field by field")]
pub(super) struct LogInForm {
    username: String,
    password: String,
}

/// The fields of a refresh.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `refresh` reads field by field")]
pub(super) struct RefreshForm {
    refresh: String,
}

impl From<&Person> for Account {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id.get(),
            username: person.username.clone(),
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            group: person.role.as_str(),
            groups: [person.role.as_str()],
            photo: person.photo.map(PhotoId::path),
        }
    }
}

/// Sign up as a rider or driver
#[utoipa::path(post, path = "/api/sign_up/", tag = "accounts", request_body(content(
    (SignUpForm = "application/json"), (SignUpForm = "application/x-www-form-urlencoded"),
    (PhotoForm = "multipart/form-data"))),
    responses((status = 201, body = Account), Anonymous))]
pub(super) async fn sign_up(
    app: web::Data<App>,
    request: HttpRequest,
    address: Address,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (accounts, mut payload) = (&app.accounts, payload.into_inner());
    let person = if form::is_multipart(&request) {
        // The limits are checked before megabytes are read from an unknown client.
        let admitted = accounts.admit(address.0)?;
        let _upload = accounts.expect_photo(&admitted)?;
        let form = Form::read(&request, payload).await?;
        let mut sign_up = sign_up_of(form.fields())?;
        sign_up.photo = form.into_photo();
        accounts.sign_up(sign_up, admitted).await?
    } else {
        let body = RequestFields::from_request(&request, &mut payload).await?;
        let sign_up = sign_up_of(body.fields())?;
        accounts
            .sign_up(sign_up, accounts.admit(address.0)?)
            .await?
    };
    Ok(HttpResponse::Created().json(Account::from(&person)))
}

fn sign_up_of(mut fields: Fields<'_>) -> Result<SignUp, Problem> {
    let username = fields.parsed("username", Optionality::Required, Username::parse);
    let password = fields.parsed("password1", Optionality::Required, Password::new);
    let first = fields.text("password1", Optionality::Optional);
    let second = fields.text("password2", Optionality::Required);
    if let (Some(first), Some(second)) = (first, second)
        && first != second
    {
        fields.refuse("password2", "The two password fields didn't match.");
    }
    let role = fields
        .parsed("group", Optionality::Optional, group)
        .unwrap_or(Role::Rider);
    let first_name = fields
        .parsed("first_name", Optionality::Optional, name)
        .unwrap_or_default();
    let last_name = fields
        .parsed("last_name", Optionality::Optional, name)
        .unwrap_or_default();
    let sign_up = username.zip(password);
    let sign_up = sign_up.map(|(username, password)| SignUp {
        username,
        password,
        first_name,
        last_name,
        role,
        photo: None,
    });
    Ok(fields.finish(sign_up)?)
}

fn group(word: &str) -> Result<Role, &'static str> {
    match Role::parse(word) {
        Some(role @ (Role::Rider | Role::Driver)) => Ok(role),
        Some(Role::Operator) | None => Err("Not a valid choice: rider or driver."),
    }
}

fn name(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        Err("Null characters are not allowed.".to_owned())
    } else if text.chars().count() > NAME_MAX {
        Err(format!(
            "Ensure this field has no more than {NAME_MAX} characters."
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// Log in; this also sets the session cookie
#[utoipa::path(post, path = "/api/log_in/", tag = "accounts", request_body(content(
    (LogInForm = "application/json"), (LogInForm = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = LogIn), Credentials, Anonymous, ForeignOrigin))]
pub(super) async fn log_in(
    app: web::Data<App>,
    request: HttpRequest,
    address: Address,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    // A log-in sets the cookie. Another site's page must not replace the visitor's session with its own.
    credentials::refuse_foreign(&request, &app.surroundings)?;
    let mut fields = body.fields();
    let username = fields.text("username", Optionality::Required);
    let password = fields
        .text("password", Optionality::Required)
        .map(Password::claimed);
    let (username, password) = fields.finish(username.zip(password))?;
    let LoggedIn {
        person,
        access,
        refresh,
        cookie,
    } = app.accounts.log_in(username, password, address.0).await?;
    let cookie = session_cookie(cookie, app.surroundings.is_secure(&request));
    let body = LogIn {
        account: Account::from(&person),
        auth_token: access.clone(),
        access,
        refresh,
    };
    Ok(HttpResponse::Ok().cookie(cookie).json(body))
}

fn session_cookie(value: String, secure: bool) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(time::Duration::seconds(SESSION_LIFE.as_secs()))
        .finish()
}

/// Log out; this ends the session's tokens, cookie and sockets
#[utoipa::path(post, path = "/api/log_out/", tag = "accounts", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204), Bodied, ForeignOrigin))]
pub(super) async fn log_out(
    app: web::Data<App>,
    request: HttpRequest,
    caller: Anyone,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    // Clients of token services send the refresh token here. It is ignored: the session ends with all its tokens.
    fields.has("refresh");
    fields.finish(Some(()))?;
    app.accounts.log_out(caller.0.session).await?;
    let mut cookie = session_cookie(String::new(), app.surroundings.is_secure(&request));
    cookie.make_removal();
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

/// Trade a refresh token for new tokens; each works once
#[utoipa::path(post, path = "/api/token/refresh/", tag = "accounts", request_body(content(
    (RefreshForm = "application/json"), (RefreshForm = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = Tokens), Credentials, Anonymous))]
pub(super) async fn refresh(
    app: web::Data<App>,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let token = fields.text("refresh", Optionality::Required);
    let token = fields.finish(token)?;
    let refreshed = app.accounts.refresh(token, None).await?;
    Ok(HttpResponse::Ok().json(Tokens {
        access: refreshed.access,
        refresh: refreshed.refresh,
    }))
}
