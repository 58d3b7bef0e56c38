//! `/api/notifications/`: operators send notifications, and every account reads its own.

use actix_web::{HttpResponse, web};
use jiff::SignedDuration;

use super::body::RequestFields;
use super::caller::Anyone;
use crate::app::App;
use crate::domain::event_object::NotificationObject;
use crate::domain::notification::NOTICE_LIFE;
use crate::domain::{Audience, NoticeText, Role};
use crate::fields::{Fields, Optionality};
use crate::notices::Addressee;
use crate::problem::Problem;
use crate::problem::described::{Authenticated, Commanding};

/// The shortest and the longest life of a notification, in seconds.
const EXPIRES_IN: std::ops::RangeInclusive<i64> = 60..=30 * 24 * 60 * 60;

/// The fields of a notification: `message`, and exactly one of `user`, `role` and `everybody`.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `send` reads field by field")]
pub(super) struct NoticeForm {
    /// 1 to 500 characters.
    message: String,
    /// A username.
    user: Option<String>,
    /// `rider`, `driver` or `operator`.
    role: Option<String>,
    /// `true`.
    everybody: Option<bool>,
    /// Seconds, 60 to 2,592,000; by default 604,800.
    expires_in: Option<i64>,
}

/// Which notifications have been read: exactly one of `ids` and `all`.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what `read` reads field by field")]
pub(super) struct ReadForm {
    /// At most 500 ids.
    ids: Option<Vec<i64>>,
    /// `true`.
    all: Option<bool>,
}

/// The unread notifications and their number.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(as = Unread)]
pub(super) struct UnreadObject<'a> {
    unread: i64,
    results: Vec<NotificationObject<'a>>,
}

/// The number of unread notifications.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(as = UnreadCount)]
pub(super) struct UnreadCount {
    unread: i64,
}

/// Send a notification to one account, a role or everybody, as an operator
#[utoipa::path(post, path = "/api/notifications/", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    request_body = NoticeForm,
    responses((status = 201, body = NotificationObject), Commanding))]
pub(super) async fn send(
    app: web::Data<App>,
    caller: Anyone,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let operator = caller
        .0
        .person
        .operator()
        .ok_or_else(Problem::not_allowed)?;
    let mut fields = body.fields();
    let text = fields.parsed("message", Optionality::Required, NoticeText::parse);
    let to = addressee(&mut fields);
    let life = life(&mut fields);
    let ((text, to), life) = fields.finish(text.zip(to).zip(life))?;
    let sent = app.notices.send(operator, to, text, life).await?;
    Ok(HttpResponse::Created().json(NotificationObject::of_event(&sent)))
}

/// The addressee, from exactly one of `user`, `role` and `everybody`.
fn addressee(fields: &mut Fields<'_>) -> Option<Addressee> {
    let user = fields.text("user", Optionality::Optional);
    let role = fields.parsed("role", Optionality::Optional, |word| {
        Role::parse(word).ok_or("Not a valid choice: rider, driver or operator.")
    });
    let everybody = fields.is_true("everybody");
    let given = ["user", "role", "everybody"].map(|name| fields.is_given(name));
    let given = given.into_iter().filter(|is_given| *is_given).count();
    if given != 1 {
        fields.refuse("user", "Give exactly one of user, role and everybody.");
        return None;
    }
    let named = user.map(|name| Addressee::Named(name.to_owned()));
    let of_role = role.map(|role| Addressee::Many(Audience::Role(role)));
    let all = everybody.then_some(Addressee::Many(Audience::All));
    named.or(of_role).or(all)
}

fn life(fields: &mut Fields<'_>) -> Option<SignedDuration> {
    if !fields.is_given("expires_in") {
        return Some(NOTICE_LIFE);
    }
    let seconds = fields.number("expires_in")?;
    if !EXPIRES_IN.contains(&seconds) {
        fields.refuse("expires_in", "A number from 60 to 2592000.");
        return None;
    }
    Some(SignedDuration::from_secs(seconds))
}

/// List your unread notifications, newest first
#[utoipa::path(get, path = "/api/notifications/", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = UnreadObject), Authenticated))]
pub(super) async fn list(app: web::Data<App>, caller: Anyone) -> Result<HttpResponse, Problem> {
    let viewer = caller.viewer();
    let unread = app.notices.count_unread(viewer).await?;
    let events = app.notices.unread(viewer).await?;
    let results = events
        .iter()
        .filter_map(NotificationObject::of_event)
        .collect();
    Ok(HttpResponse::Ok().json(UnreadObject { unread, results }))
}

/// Mark notifications as read
#[utoipa::path(post, path = "/api/notifications/read/", tag = "notifications", security(("bearer" = []), ("cookie" = [])),
    request_body = ReadForm,
    responses((status = 200, body = UnreadCount), Commanding))]
pub(super) async fn read(
    app: web::Data<App>,
    caller: Anyone,
    body: RequestFields,
) -> Result<HttpResponse, Problem> {
    let mut fields = body.fields();
    let which = fields.notices();
    let which = fields.finish(which)?;
    let unread = app.notices.mark_read(caller.viewer(), which).await?;
    Ok(HttpResponse::Ok().json(UnreadCount { unread }))
}
