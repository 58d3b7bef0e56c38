//! HTTP calls, with the credentials of an account or without.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;
use ureq::http::request::Builder;

use super::{Answer, DEADLINE, Lines};

/// The credentials of a call.
#[derive(Debug, Clone)]
pub enum Auth {
    Nobody,
    Bearer(String),
    /// The header scheme of the course's first edition.
    Token(String),
    Query(String),
    Cookie(String),
}

impl Auth {
    /// The header that carries the credentials, if a header does.
    pub fn header(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Nobody | Self::Query(_) => None,
            Self::Bearer(token) => Some(("Authorization", format!("Bearer {token}"))),
            Self::Token(token) => Some(("Authorization", format!("Token {token}"))),
            Self::Cookie(cookie) => Some(("Cookie", format!("sessionid={cookie}"))),
        }
    }

    /// The path, with the token in its query if it is sent there.
    pub fn path(&self, path: &str) -> String {
        match self {
            Self::Query(token) => format!("{path}?token={token}"),
            Self::Nobody | Self::Bearer(_) | Self::Token(_) | Self::Cookie(_) => path.to_owned(),
        }
    }
}

/// A keep-alive client of one service.
#[derive(Debug)]
pub struct Http {
    agent: Agent,
    pub address: SocketAddr,
    pub auth: Auth,
}

impl Http {
    pub fn new(address: SocketAddr, auth: Auth) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .max_idle_age(Duration::from_secs(3)) // less than the service's keep-alive
            .timeout_global(Some(2 * DEADLINE))
            .build();
        Self {
            agent: Agent::new_with_config(config),
            address,
            auth,
        }
    }

    /// The same service, called with other credentials.
    pub fn with(&self, auth: Auth) -> Self {
        Self::new(self.address, auth)
    }

    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let uri = format!("http://{}{}", self.address, self.auth.path(path));
        let mut request = Request::builder().method(method).uri(uri);
        if let Some((name, value)) = self.auth.header() {
            request = request.header(name, value);
        }
        Call {
            http: self,
            request,
            body: None,
        }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    /// Sends a JSON body.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send()
    }

    /// Sends no body.
    #[track_caller]
    pub fn post_nothing(&self, path: &str) -> Answer {
        self.call("POST", path).send()
    }
}

/// A call that is being built.
pub struct Call<'a> {
    http: &'a Http,
    request: Builder,
    body: Option<Vec<u8>>,
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn body(self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", kind).bytes(body)
    }

    /// A body whose content type is among the headers already.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends the call and gives the answer; without one the test fails.
    #[track_caller]
    pub fn send(self) -> Answer {
        match self.try_send() {
            Ok(answer) => answer,
            Err(error) => panic!("the service did not answer: {error}"),
        }
    }

    /// Sends the call and gives the event stream of a 200; any other answer is given whole.
    pub fn follow(self) -> Result<Lines, Box<Answer>> {
        let agent = &self.http.agent;
        let request = self.request.body(()).expect("a call without a body");
        let mut response = agent.run(request).expect("the service answers");
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(Lines::of(response.into_body()));
        }
        let body = response.body_mut().read_to_vec().expect("it has a body");
        Err(Box::new(Answer {
            status,
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&body).into_owned(),
            bytes: body,
        }))
    }

    /// Sends the call to a service that may have gone.
    pub fn try_send(self) -> Result<Answer, ureq::Error> {
        let agent = &self.http.agent;
        let mut response = match self.body {
            Some(body) => agent.run(self.request.body(body)?)?,
            None => agent.run(self.request.body(())?)?,
        };
        let body = response.body_mut().read_to_vec()?;
        agent.cookie_jar_lock().clear(); // the credentials come from `Auth` alone
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&body).into_owned(),
            bytes: body,
        })
    }
}
