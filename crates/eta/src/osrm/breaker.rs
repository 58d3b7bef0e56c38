//! A circuit breaker: a service that does not answer is not asked for a while.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// This many failures in a row open the breaker.
const FAILURES: u32 = 3;
/// How long the breaker stays open.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Counts failures. After [`FAILURES`] in a row no request passes for [`PAUSE`]; then one passes as a test.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<BreakerState>);

#[derive(Debug, Default)]
struct BreakerState {
    failures: u32,
    since: Option<Timestamp>,
}

impl Breaker {
    pub(super) fn lets_pass(&self, at: Timestamp) -> bool {
        let mut state = self.0.lock();
        let Some(since) = state.since else {
            return true;
        };
        let paused = at.duration_since(since);
        // A clock that was set back must not keep requests out.
        if (SignedDuration::ZERO..PAUSE).contains(&paused) {
            return false;
        }
        state.since = Some(at);
        true
    }

    pub(super) fn succeeded(&self) {
        *self.0.lock() = BreakerState::default();
    }

    pub(super) fn failed(&self, at: Timestamp) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.since = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    #[test]
    fn after_three_failures_one_in_five_seconds_tries() {
        let breaker = Breaker::default();
        for _ in 0..3 {
            assert!(breaker.lets_pass(at(0)));
            breaker.failed(at(0));
        }
        assert!(!breaker.lets_pass(at(0)));
        assert!(!breaker.lets_pass(at(4)));
        assert!(breaker.lets_pass(at(5)));
        assert!(!breaker.lets_pass(at(5)));
        breaker.failed(at(6));
        assert!(!breaker.lets_pass(at(10)));
        assert!(breaker.lets_pass(at(11)));
        breaker.succeeded();
        assert!(breaker.lets_pass(at(11)));
        assert!(breaker.lets_pass(at(11)));
    }

    #[test]
    fn failures_between_successes_are_no_outage() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            breaker.failed(at(0));
            breaker.failed(at(0));
            breaker.succeeded();
        }
        assert!(breaker.lets_pass(at(0)));
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_keep_it_shut() {
        let breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(at(1_000));
        }
        assert!(breaker.lets_pass(at(10)));
    }
}
