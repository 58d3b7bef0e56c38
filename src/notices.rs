//! Notifications: sending them, and what an account has not read yet.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::core::{Command, Submission};
use crate::domain::{Audience, Event, NoticeText, Notification, OperatorId, Stream, Viewer};
use crate::inputs;
use crate::store::notifications::{self, NotificationReader};
use crate::store::pool::Unavailable;
use crate::store::writer::CommandError;
use crate::store::{Store, users};

/// Sends and reads notifications; cheap to clone.
#[derive(Clone)]
pub struct Notices(Store);

/// The notifications that an account marks as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichNotifications {
    All,
    /// Those with these numbers, as far as they were sent to the account.
    These(Vec<i64>),
}

/// To whom an operator sends a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    Named(String),
    Many(Audience),
}

/// Why a notification was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    #[error("There is no user of that name.")]
    NoSuchUser,
    /// The notification could not be written.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Notices {
    /// The notifications of this store.
    pub const fn of(store: Store) -> Self {
        Self(store)
    }

    /// Sends a notification, which counts for as long as `life` says.
    pub async fn send(
        &self,
        by: OperatorId,
        to: Addressee,
        text: NoticeText,
        life: SignedDuration,
    ) -> Result<Arc<Event>, NoticeError> {
        let audience = match to {
            Addressee::Many(audience) => audience,
            Addressee::Named(name) => {
                let named = self
                    .0
                    .reader
                    .read(move |db| users::named(db, &name))
                    .await
                    .map_err(CommandError::from)?;
                Audience::User(named.ok_or(NoticeError::NoSuchUser)?.id)
            }
        };
        let at = inputs::now();
        let notification = Notification {
            audience,
            text,
            expires_at: at + life,
        };
        let submission = Submission::new(Command::Notify(by, notification), at);
        Ok(self.0.writer.record(submission).await?)
    }

    /// The notifications that an account has not read, newest first.
    pub async fn unread(&self, viewer: Viewer) -> Result<Vec<Event>, Unavailable> {
        let reader = reader(viewer);
        let read = self
            .0
            .reader
            .read(move |db| notifications::unread(db, &reader));
        read.await
    }

    /// How many notifications an account has not read.
    pub async fn count_unread(&self, viewer: Viewer) -> Result<i64, Unavailable> {
        let reader = reader(viewer);
        let counts = self
            .0
            .reader
            .read(move |db| notifications::count_unread(db, &[reader]))
            .await?;
        Ok(counts.into_iter().sum())
    }

    /// How many notifications an account has not read, and the number of the newest of them; 0 if there are none.
    pub async fn count_and_newest(&self, viewer: Viewer) -> Result<(i64, i64), Unavailable> {
        let reader = reader(viewer);
        let read = move |db: &mut _| notifications::count_and_newest(db, &reader);
        self.0.reader.read(read).await
    }

    /// Marks notifications as read. Returns how many are still unread.
    pub async fn mark_read(
        &self,
        viewer: Viewer,
        which: WhichNotifications,
    ) -> Result<i64, Unavailable> {
        let reader = reader(viewer);
        let marked = self.0.writer.change(move |tx| {
            let only = match &which {
                WhichNotifications::All => None,
                WhichNotifications::These(numbers) => Some(numbers.as_slice()),
            };
            notifications::mark_read(tx.db, &reader, only)?;
            let left = notifications::count_unread(tx.db, std::slice::from_ref(&reader))?;
            Ok(left.into_iter().sum())
        });
        marked.await
    }
}

fn reader(viewer: Viewer) -> NotificationReader {
    NotificationReader {
        user: viewer.user,
        streams: Stream::of(viewer.user, viewer.role),
        at: inputs::now(),
    }
}
