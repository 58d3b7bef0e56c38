//! Which vehicles accounts may drive.

use super::{AccountError, Accounts};
use crate::domain::Allowance;
use crate::inputs;
use crate::store::settling;

impl Accounts {
    /// Sets the vehicles that a driver may drive; `None` allows any. A shift with another vehicle ends.
    pub async fn allow_vehicles(
        &self,
        username: &str,
        may_drive: Option<Allowance>,
    ) -> Result<(), AccountError> {
        let user = self.id_of(username).await?;
        let at = inputs::now();
        let change = self.store.writer.change(move |tx| {
            settling::allow(tx.db, user, may_drive.as_ref())?;
            settling::begin(tx.db, user, at)
        });
        Ok(change.await?)
    }
}
