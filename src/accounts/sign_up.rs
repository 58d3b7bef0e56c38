//! Signing up, and photos of accounts.

use std::net::IpAddr;

use super::{AccountError, Accounts, DriverSignUp, PhotoUpload};
use crate::auth::passwords::Password;
use crate::domain::{Person, PhotoId, Role, Standing, Username};
use crate::inputs;
use crate::store::photos;
use crate::store::users::{self, NewAccount};

/// Proof that an address may try to sign up now. It has the address if addresses are counted.
#[derive(Debug)]
pub struct Admission(Option<IpAddr>);

/// The details that somebody signs up with.
#[derive(Debug)]
pub struct SignUp {
    /// The name must be free.
    pub username: Username,
    pub password: Password,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    pub role: Role,
    /// A file of any kind, which should be a picture.
    pub photo: Option<Vec<u8>>,
}

impl Accounts {
    /// Counts a try to sign up, and admits it if the address has not tried too often.
    pub fn admit(&self, from: IpAddr) -> Result<Admission, AccountError> {
        self.throttle.address(from)?;
        Ok(Admission(self.throttle.counted(from)))
    }

    /// Makes room for a photo that will be uploaded.
    pub fn expect_photo(&self, admitted: &Admission) -> Result<PhotoUpload, AccountError> {
        let upload = self.photos.expect(admitted.0);
        upload.ok_or(AccountError::TooManyPhotos)
    }

    /// The photo with that id, as a JPEG.
    pub async fn photo(&self, id: PhotoId) -> Result<Option<Vec<u8>>, AccountError> {
        let found = self.store.reader.read(move |db| photos::find(db, id));
        Ok(found.await?)
    }

    /// Deletes an account's photo.
    pub async fn remove_photo(&self, username: &str) -> Result<(), AccountError> {
        let user = self.id_of(username).await?;
        let change = self
            .store
            .writer
            .change(move |tx| photos::remove(tx.db, user));
        Ok(change.await?)
    }

    /// Adds a rider or driver who signed up.
    pub async fn sign_up(&self, sign_up: SignUp, _: Admission) -> Result<Person, AccountError> {
        let standing = match (sign_up.role, self.driver_sign_up) {
            (Role::Driver, DriverSignUp::Approved) => Standing::Pending,
            (Role::Driver, DriverSignUp::Open) | (Role::Rider | Role::Operator, _) => {
                Standing::Active
            }
        };
        self.add(sign_up, standing).await
    }

    /// Adds an account of any role.
    pub async fn add(&self, sign_up: SignUp, standing: Standing) -> Result<Person, AccountError> {
        let SignUp {
            username,
            password,
            first_name,
            last_name,
            role,
            photo,
        } = sign_up;
        let jpeg = match photo {
            Some(file) => Some(self.photos.shrink(file).await?),
            None => None,
        };
        let photo = jpeg.as_ref().map(|_| PhotoId::of(inputs::secret()));
        let password_hash = self.passwords.hash(password).await?;
        let username = username.as_str().to_owned();
        let new = NewAccount {
            username,
            password_hash,
            first_name,
            last_name,
            role,
            standing,
            created_at: inputs::now(),
            photo,
        };
        let stored = new.clone();
        let change = self.store.writer.change(move |tx| {
            let id = users::insert(tx.db, &stored)?;
            if let (Some(user), Some(photo), Some(jpeg)) = (id, photo, &jpeg) {
                photos::insert(tx.db, photo, user, jpeg, stored.created_at)?;
            }
            Ok(id)
        });
        let id = change.await?;
        let NewAccount {
            username,
            first_name,
            last_name,
            ..
        } = new;
        Ok(Person {
            id: id.ok_or(AccountError::UsernameTaken)?,
            role,
            username,
            first_name,
            last_name,
            photo,
        })
    }
}
