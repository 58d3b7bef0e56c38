//! Slows down guessing: how often one address, and one name, may try.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; the next one is possible in {} s", .retry_after.as_secs())]
pub struct TooMany {
    /// After how long.
    pub retry_after: Duration,
}

/// 20 tries at once from one address, then one every 3 seconds.
const ADDRESS: (u32, Duration) = (20, Duration::from_secs(3));
/// 10 tries at once for one name, then one every 10 seconds.
const NAME: (u32, Duration) = (10, Duration::from_secs(10));

/// Counts tries, or nothing where limits are off.
pub struct Throttle(Option<Limiters>);

struct Limiters {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    names: DefaultKeyedRateLimiter<String>,
}

impl Throttle {
    /// A throttle that works, or one that lets all through.
    pub fn new(on: bool) -> Self {
        let limiters = || Limiters {
            addresses: RateLimiter::keyed(quota(ADDRESS)),
            names: RateLimiter::keyed(quota(NAME)),
        };
        Self(on.then(limiters))
    }

    /// Counts a try from this address.
    pub fn address(&self, address: IpAddr) -> Result<(), TooMany> {
        self.0
            .as_ref()
            .map_or(Ok(()), |limiters| check(&limiters.addresses, &address))
    }

    /// Counts a try for this name, whether anybody has it or not.
    pub fn name(&self, name: &str) -> Result<(), TooMany> {
        self.0
            .as_ref()
            .map_or(Ok(()), |limiters| check(&limiters.names, &name.to_owned()))
    }

    /// Forgets who has not tried for long enough, so that the tables stay small.
    pub fn forget_idle(&self) {
        if let Some(limiters) = &self.0 {
            limiters.addresses.retain_recent();
            limiters.names.retain_recent();
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
    use super::*;

    #[test]
    fn the_burst_passes_and_the_next_try_does_not() {
        let throttle = Throttle::new(true);
        for _ in 0..NAME.0 {
            assert_eq!(throttle.name("ann"), Ok(()));
        }
        assert!(throttle.name("ann").is_err());
        assert_eq!(throttle.name("ben"), Ok(()));
    }

    #[test]
    fn limits_can_be_off() {
        let throttle = Throttle::new(false);
        assert!((0..1000).all(|_| throttle.name("ann").is_ok()));
    }
}
