//! The users of a run: read from a file, or signed up for it.

use std::fmt::Write;
use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{BenchArgs, BenchError, progress};
use crate::client::{ClientError, ServiceClient, User, WireRole};
use crate::inputs;

/// Password hashing is slow on purpose: more at once would only wait for each other.
const SIGN_UPS_AT_ONCE: usize = 8;
const PASSWORD: &str = "bench-a-long-walk-9";

/// The drivers and riders of a run.
pub struct BenchAccounts {
    pub drivers: Vec<User>,
    pub riders: Vec<User>,
}

/// Reads the users from the file that was given, or signs them up.
pub async fn accounts(args: &BenchArgs) -> Result<BenchAccounts, BenchError> {
    let users = match &args.users {
        Some(file) => read(file)?,
        None => sign_up_all(args).await?,
    };
    if let Some(file) = &args.save_users {
        save(file, &users)?;
    }
    let (mut drivers, mut riders): (Vec<_>, Vec<_>) = users
        .into_iter()
        .partition(|user| user.group == WireRole::Driver);
    for (role, have, need) in [
        ("drivers", &mut drivers, args.drivers),
        ("riders", &mut riders, args.riders),
    ] {
        let need = need as usize;
        if have.len() < need {
            return Err(BenchError::TooFewUsers {
                role,
                have: have.len(),
                need,
            });
        }
        have.truncate(need);
    }
    Ok(BenchAccounts { drivers, riders })
}

fn read(file: &Path) -> Result<Vec<User>, BenchError> {
    let unreadable = |reason: String| BenchError::Users {
        file: file.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).map_err(|error| unreadable(error.to_string())))
        .collect()
}

fn save(file: &Path, users: &[User]) -> Result<(), BenchError> {
    let unwritable = |reason: String| BenchError::Users {
        file: file.to_owned(),
        reason,
    };
    let mut text = String::new();
    for user in users {
        let line = serde_json::to_string(user).map_err(|error| unwritable(error.to_string()))?;
        writeln!(text, "{line}").expect("a string takes any text");
    }
    std::fs::write(file, text).map_err(|error| unwritable(error.to_string()))
}

async fn sign_up_all(args: &BenchArgs) -> Result<Vec<User>, BenchError> {
    progress(&format!("signing up {} users", args.drivers + args.riders));
    let service = &ServiceClient::at(&args.url);
    let suffix = u32::from_ne_bytes(inputs::secret());
    let named = |role: WireRole, count: u32| {
        (0..count).map(move |turn| async move {
            let name = format!(
                "bench-{suffix:08x}-{}-{turn}",
                role.path().trim_matches('/')
            );
            sign_up(service, &name, role).await
        })
    };
    let users: Vec<User> = stream::iter(named(WireRole::Driver, args.drivers))
        .chain(stream::iter(named(WireRole::Rider, args.riders)))
        .buffer_unordered(SIGN_UPS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(users)
}

async fn sign_up(service: &ServiceClient, name: &str, role: WireRole) -> Result<User, ClientError> {
    service.sign_up(name, PASSWORD, role).await?;
    service.log_in(name, PASSWORD).await
}
