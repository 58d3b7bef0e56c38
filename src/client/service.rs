//! The service over HTTP: accounts, and what sockets do not offer.

use awc::error::{SendRequestError, WsClientError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{ANSWER_WITHIN, ClientError, ClientSocket, User, WireRefusal, WireRole, WireTrack};

/// A client of the service at one address. Clones share its connections.
#[derive(Clone)]
pub struct ServiceClient {
    base: String,
    http: awc::Client,
}

impl ServiceClient {
    /// The service at `base_url`, such as `http://127.0.0.1:8080`.
    pub fn at(base_url: &str) -> Self {
        let http = awc::Client::builder().timeout(ANSWER_WITHIN).finish();
        Self {
            base: base_url.trim_end_matches('/').to_owned(),
            http,
        }
    }

    /// Checks the service's health.
    pub async fn health(&self) -> Result<(), ClientError> {
        let operation = "the health check";
        let asked = self.http.get(format!("{}/healthz", self.base)).send();
        let mut response = asked
            .await
            .map_err(|error| self.unreachable(operation, &error))?;
        let body = response
            .body()
            .await
            .map_err(|error| self.unreachable(operation, &error))?;
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(refused(operation, status.as_u16(), &body))
        }
    }

    /// Creates an account.
    pub async fn sign_up(
        &self,
        username: &str,
        password: &str,
        role: WireRole,
    ) -> Result<(), ClientError> {
        let fields = json!({"username": username, "password1": password, "password2": password, "group": role});
        let _: Value = self.post("signing up", "/api/sign_up/", &fields).await?;
        Ok(())
    }

    /// Logs in with a name and a password.
    pub async fn log_in(&self, username: &str, password: &str) -> Result<User, ClientError> {
        let fields = json!({"username": username, "password": password});
        let answer: Value = self.post("logging in", "/api/log_in/", &fields).await?;
        user_in(&answer)
    }

    /// The track of a ride; `None` if there is none.
    pub async fn track(&self, user: &User, nk: &str) -> Result<Option<WireTrack>, ClientError> {
        let operation = "the way of a ride";
        let url = format!("{}/api/trip/{nk}/track/", self.base);
        let asked = self.http.get(url).bearer_auth(&user.access).send();
        let mut response = asked
            .await
            .map_err(|error| self.unreachable(operation, &error))?;
        let body = response.body().await;
        let body = body.map_err(|error| self.unreachable(operation, &error))?;
        match response.status().as_u16() {
            200 => read(operation, &body).map(Some),
            404 => Ok(None),
            status => Err(refused(operation, status, &body)),
        }
    }

    /// Opens a native socket.
    pub async fn open(&self, user: &User) -> Result<ClientSocket, ClientError> {
        let operation = "opening a socket";
        let url = format!("{}/ws/", self.base);
        let handshake = self.http.ws(url).bearer_auth(&user.access);
        let (_, stream) = timeout(ANSWER_WITHIN, handshake.connect())
            .await
            .map_err(|_| ClientError::TimedOut { operation })?
            .map_err(|error| self.not_opened(operation, &error))?;
        Ok(ClientSocket::new(stream))
    }

    async fn post<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &str,
        fields: &impl Serialize,
    ) -> Result<T, ClientError> {
        timeout(ANSWER_WITHIN, self.post_unbounded(operation, path, fields))
            .await
            .map_err(|_| ClientError::TimedOut { operation })?
    }

    async fn post_unbounded<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &str,
        fields: &impl Serialize,
    ) -> Result<T, ClientError> {
        let mut response = self
            .http
            .post(format!("{}{path}", self.base))
            .send_json(fields)
            .await
            .map_err(|error| self.unreachable(operation, &error))?;
        let body = response
            .body()
            .await
            .map_err(|error| self.unreachable(operation, &error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(operation, status.as_u16(), &body));
        }
        read(operation, &body)
    }

    fn not_opened(&self, operation: &'static str, error: &WsClientError) -> ClientError {
        if let WsClientError::InvalidResponseStatus(status) = error {
            return refused(operation, status.as_u16(), status.to_string().as_bytes());
        }
        if let WsClientError::SendRequest(error) = error {
            return self.unreachable(operation, error);
        }
        ClientError::Unintelligible {
            operation,
            reason: error.to_string(),
        }
    }

    fn unreachable(
        &self,
        operation: &'static str,
        error: &(dyn std::error::Error + 'static),
    ) -> ClientError {
        match error.downcast_ref() {
            Some(SendRequestError::Timeout) => ClientError::TimedOut { operation },
            _ => ClientError::Unreachable {
                url: self.base.clone(),
                reason: error.to_string(),
            },
        }
    }
}

fn read<T: DeserializeOwned>(operation: &'static str, body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|error| ClientError::Unintelligible {
        operation,
        reason: error.to_string(),
    })
}

/// Log-in answers have several names for the token, some of them at once, which serde's aliases refuse.
fn user_in(answer: &Value) -> Result<User, ClientError> {
    let operation = "logging in";
    let token = ["access", "auth_token", "token"]
        .iter()
        .find_map(|name| answer[*name].as_str());
    let user = json!({"id": answer["id"], "username": answer["username"], "group": answer["group"], "access": token});
    serde_json::from_value(user).map_err(|error| ClientError::Unintelligible {
        operation,
        reason: error.to_string(),
    })
}

/// The error of an answer, from its problem document or else from its status.
fn refused(operation: &'static str, status: u16, body: &[u8]) -> ClientError {
    let WireRefusal { detail, code } =
        serde_json::from_slice(body).unwrap_or_else(|_| WireRefusal {
            detail: String::from_utf8_lossy(body).chars().take(200).collect(),
            code: String::new(),
        });
    ClientError::Refused {
        operation,
        status,
        code,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_under_each_of_its_names() {
        for names in [&["access", "auth_token"][..], &["auth_token"], &["token"]] {
            let mut answer =
                json!({"id": 1, "username": "ann", "group": "rider", "groups": ["rider"]});
            for name in names {
                answer[*name] = json!(format!("the {name}"));
            }
            assert_eq!(
                user_in(&answer).expect("it has all fields").access,
                format!("the {}", names[0])
            );
        }
    }

    #[test]
    fn a_refusal_without_a_problem_document_still_says_what_came() {
        let ClientError::Refused { status, detail, .. } = refused("a call", 502, b"bad gateway")
        else {
            panic!("not a refusal")
        };
        assert_eq!((status, detail.as_str()), (502, "bad gateway"));
    }
}
