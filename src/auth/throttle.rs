//! Rate limits against guessing and flooding: how often an address or a name may try, and how much an account may
//! write.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::{UserId, Username};

/// The limit is reached; try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; the next one is possible in {} s", .retry_after.as_secs())]
pub struct TooMany {
    pub retry_after: Duration,
}

/// 20 tries at once from one address, then one every 3 seconds.
const ADDRESS: (u32, Duration) = (20, Duration::from_secs(3));
/// 10 tries at once for one name from one address, then one every 10 seconds.
const NAME: (u32, Duration) = (10, Duration::from_secs(10));
/// 100 tries at once for one name from anywhere, then one a second. A high limit, so that strangers cannot easily lock
/// an account's owner out.
const NAME_ANYWHERE: (u32, Duration) = (100, Duration::from_secs(1));

/// 20 messages at once from one account, then one a second.
const MESSAGES: (u32, Duration) = (20, Duration::from_secs(1));

/// 5 codes at once from one driver, then one every 30 seconds. Trying all 10,000 would take days.
const RIDE_CODES: (u32, Duration) = (5, Duration::from_secs(30));

/// Counts tries. Counts nothing if limits are off.
pub struct Throttle(Option<Limiters>);

struct Limiters {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    names: DefaultKeyedRateLimiter<(String, IpAddr)>,
    names_anywhere: DefaultKeyedRateLimiter<String>,
    messages: DefaultKeyedRateLimiter<UserId>,
    ride_codes: DefaultKeyedRateLimiter<UserId>,
}

impl Throttle {
    /// A throttle that limits, or one that lets everything pass.
    pub fn new(on: bool) -> Self {
        let limiters = || Limiters {
            addresses: RateLimiter::keyed(quota(ADDRESS)),
            names: RateLimiter::keyed(quota(NAME)),
            names_anywhere: RateLimiter::keyed(quota(NAME_ANYWHERE)),
            messages: RateLimiter::keyed(quota(MESSAGES)),
            ride_codes: RateLimiter::keyed(quota(RIDE_CODES)),
        };
        Self(on.then(limiters))
    }

    /// Counts a try from this address.
    pub fn address(&self, from: IpAddr) -> Result<(), TooMany> {
        let Some(limiters) = &self.0 else {
            return Ok(());
        };
        check(&limiters.addresses, &household(from))
    }

    /// The address under which tries from this one are counted; none if limits are off.
    pub fn counted(&self, from: IpAddr) -> Option<IpAddr> {
        self.0.as_ref().map(|_| household(from))
    }

    /// Counts a try for this name, whether an account has it or not.
    pub fn name(&self, name: &Username, from: IpAddr) -> Result<(), TooMany> {
        let Some(limiters) = &self.0 else {
            return Ok(());
        };
        let name = name.as_str().to_owned();
        check(&limiters.names, &(name.clone(), household(from)))?;
        check(&limiters.names_anywhere, &name)
    }

    /// Counts a chat message of this account.
    pub fn message(&self, by: UserId) -> Result<(), TooMany> {
        let Some(limiters) = &self.0 else {
            return Ok(());
        };
        check(&limiters.messages, &by)
    }

    /// Counts a driver's try at a ride code.
    pub fn ride_code(&self, by: UserId) -> Result<(), TooMany> {
        let Some(limiters) = &self.0 else {
            return Ok(());
        };
        check(&limiters.ride_codes, &by)
    }

    /// Forgets those who have not tried for long enough, so that the tables stay small.
    pub fn forget_idle(&self) {
        if let Some(limiters) = &self.0 {
            limiters.addresses.retain_recent();
            limiters.names.retain_recent();
            limiters.names_anywhere.retain_recent();
            limiters.messages.retain_recent();
            limiters.ride_codes.retain_recent();
        }
    }
}

/// The address that tries are counted under: a host may use all addresses of a 64-bit IPv6 network.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

fn quota((burst, every): (u32, Duration)) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(every)
        .expect("a period is longer than nothing")
        .allow_burst(burst)
}

fn check<K: Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), TooMany> {
    limiter.check_key(key).map_err(|until| TooMany {
        retry_after: until.wait_time_from(DefaultClock::default().now()),
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn named(name: &str) -> Username {
        Username::parse(name).expect("a name")
    }

    #[test]
    fn the_burst_passes_and_the_next_try_does_not() {
        let throttle = Throttle::new(true);
        for _ in 0..NAME.0 {
            assert_eq!(throttle.name(&named("ann"), HERE), Ok(()));
        }
        assert!(throttle.name(&named("ann"), HERE).is_err());
        assert_eq!(throttle.name(&named("ben"), HERE), Ok(()));
        assert_eq!(
            throttle.name(&named("ann"), Ipv4Addr::BROADCAST.into()),
            Ok(())
        );
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let throttle = Throttle::new(true);
        let host = |n: u128| IpAddr::from(Ipv6Addr::from_bits(0x2001_0db8 << 96 | n));
        assert!((0..u128::from(ADDRESS.0)).all(|n| throttle.address(host(n)).is_ok()));
        assert!(throttle.address(host(99)).is_err());
        assert!(throttle.address(host(1 << 64)).is_ok());
    }

    #[test]
    fn limits_can_be_off() {
        let throttle = Throttle::new(false);
        assert!((0..1000).all(|_| throttle.name(&named("ann"), HERE).is_ok()));
    }
}
