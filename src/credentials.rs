//! Finds out who a request comes from: by a bearer header, a token in the query, or the session cookie.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use ipnet::IpNet;
use url::Url;

use crate::accounts::{Accounts, Caller, LookUp};
use crate::problem::{Code, Problem};

/// The name of the session cookie, the same as in the older systems.
pub const COOKIE: &str = "sessionid";

/// How clients reach the service: its public origin, and the proxies in between.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The origin by which browsers know the service; by default the request's `Host`.
    pub public_url: Option<Url>,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Surroundings {
    /// The client's address. Behind trusted proxies it is the last address that is not a proxy's.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request
            .peer_addr()
            .map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
        let forwarded = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        // What stands left of an unreadable address did not come from a trusted proxy.
        let readable = hops.iter().rev().map_while(|hop| hop.trim().parse().ok());
        let mut forwarded: Vec<IpAddr> = readable.collect();
        forwarded.reverse();
        first_untrusted(peer, &forwarded, &self.trusted_proxies)
    }

    /// Whether browsers reach the service over TLS, so that the cookie can be `Secure`.
    pub fn is_secure(&self, request: &HttpRequest) -> bool {
        let through_proxy = request
            .peer_addr()
            .is_some_and(|peer| self.trusts(peer.ip()));
        let forwarded = request
            .headers()
            .get("x-forwarded-proto")
            .and_then(|value| value.to_str().ok());
        match &self.public_url {
            Some(url) => url.scheme() == "https",
            None => through_proxy && forwarded == Some("https"),
        }
    }

    /// Whether the request comes from a page of another site. Only browsers send an `Origin`.
    fn is_foreign(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(header::ORIGIN) else {
            return false;
        };
        let origin = origin.to_str().ok().and_then(|text| Url::parse(text).ok());
        let Some(origin) = origin else { return true };
        match &self.public_url {
            Some(url) => url.origin() != origin.origin(),
            None => {
                let host = request
                    .headers()
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok());
                host.map(str::to_ascii_lowercase) != authority(&origin)
            }
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|net| net.contains(&address))
    }
}

fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(
        url.port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    )
}

fn first_untrusted(peer: IpAddr, forwarded: &[IpAddr], trusted: &[IpNet]) -> IpAddr {
    let trusts = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let path = forwarded.iter().rev().copied();
    std::iter::once(peer)
        .chain(path)
        .find(|hop| !trusts(hop))
        .unwrap_or(peer)
}

/// What a request is for. It decides whether a cookie needs an origin check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPurpose {
    /// An HTTP request. Reading with a cookie is safe, whatever page it comes from.
    Http,
    /// A socket's handshake: a `GET`, but more than reading.
    Socket,
}

/// The caller of a request, or a problem if its credentials are missing or not valid.
pub async fn caller(
    request: &HttpRequest,
    accounts: &Accounts,
    surroundings: &Surroundings,
    purpose: RequestPurpose,
) -> Result<Caller, Problem> {
    let how = match purpose {
        RequestPurpose::Http => LookUp::Alone,
        RequestPurpose::Socket => LookUp::Together,
    };
    if let Some(token) = bearer(request).or_else(|| query_token(request)) {
        return Ok(accounts.by_access(&token, how).await?);
    }
    let Some(cookie) = request.cookie(COOKIE) else {
        return Err(Problem::not_authenticated());
    };
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) && purpose == RequestPurpose::Http;
    if !safe {
        refuse_foreign(request, surroundings)?;
    }
    Ok(accounts.by_cookie(cookie.value(), how).await?)
}

/// Refuses a request that comes from a page of another site.
pub fn refuse_foreign(request: &HttpRequest, surroundings: &Surroundings) -> Result<(), Problem> {
    if surroundings.is_foreign(request) {
        let detail =
            "Where the session cookie counts, a request must come from the service's own pages.";
        return Err(Problem::new(Code::ForeignOrigin, detail));
    }
    Ok(())
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_token = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    is_token.then(|| token.trim().to_owned())
}

fn query_token(request: &HttpRequest) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string()).ok()?;
    pairs
        .into_iter()
        .find(|(name, _)| name == "token")
        .map(|(_, token)| token)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().expect("a net")];
        assert_eq!(
            first_untrusted(ip("1.2.3.4"), &[ip("9.9.9.9")], &trusted),
            ip("1.2.3.4")
        );
        assert_eq!(
            first_untrusted(ip("10.0.0.1"), &[ip("9.9.9.9")], &trusted),
            ip("9.9.9.9")
        );
        assert_eq!(
            first_untrusted(
                ip("10.0.0.1"),
                &[ip("6.6.6.6"), ip("9.9.9.9"), ip("10.0.0.2")],
                &trusted
            ),
            ip("9.9.9.9")
        );
        assert_eq!(
            first_untrusted(ip("10.0.0.1"), &[], &trusted),
            ip("10.0.0.1")
        );
    }

    #[test]
    fn an_origin_is_foreign_unless_it_is_the_host_or_the_public_url() {
        let request = |origin: &str| {
            let request = TestRequest::get().insert_header((header::HOST, "taxi.example:8080"));
            request
                .insert_header((header::ORIGIN, origin.to_owned()))
                .to_http_request()
        };
        let plain = Surroundings::default();
        assert!(!plain.is_foreign(&request("http://taxi.example:8080")));
        assert!(plain.is_foreign(&request("http://taxi.example")));
        assert!(plain.is_foreign(&request("null")));
        assert!(!plain.is_foreign(&TestRequest::get().to_http_request()));
        let public = Surroundings {
            public_url: Url::parse("https://rides.example").ok(),
            ..plain
        };
        assert!(!public.is_foreign(&request("https://rides.example")));
        assert!(public.is_foreign(&request("http://taxi.example:8080")));
    }
}
