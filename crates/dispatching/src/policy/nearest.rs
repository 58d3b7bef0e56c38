//! The policy `nearest`: each search on its own, the nearest by driving time first, with a reach that grows from round
//! to round.

use domain::Search;
use domain::{DriverId, Policy};
use town::Offering;

use super::World;
use super::candidates::{Reach, SearchRound, offering, rank};
use super::decision::{Chosen, Decision};

/// Decides on the searches in their order. No driver is the first choice of two.
pub(super) fn decide(pool: &[&Search], world: &World<'_>) -> Vec<Decision> {
    let mut proposed: Vec<DriverId> = Vec::new();
    let decide = |search: &&Search| {
        let offering = offering(search, world.town);
        let reach = Reach {
            k: usize::try_from(offering.candidates).unwrap_or(usize::MAX),
            eta_max_s: eta_max(&offering, search.round),
            proposed: &proposed,
        };
        let round = SearchRound::around(search, offering, &reach, world);
        let mut decision = Decision {
            at: world.at,
            policy: Policy::Nearest,
            window_ms: 0,
            visits_max: 0,
            solved: None,
            searches: rank(&[round], world),
        };
        decision.decide();
        for searched in &decision.searches {
            if let Chosen::Offered(drivers) = &searched.chosen {
                proposed.extend(drivers);
            }
        }
        decision
    };
    pool.iter().map(decide).collect()
}

/// The longest time to the pick-up in that round, in seconds. It grows up to the cap.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most the cap, and more than nothing"
)]
fn eta_max(offering: &Offering, round: i64) -> u32 {
    let cap = offering.eta_max_seconds;
    let rounds = i32::try_from(round).unwrap_or(i32::MAX);
    let grown = f64::from(offering.first_eta_seconds) * offering.growth.powi(rounds);
    grown.min(f64::from(cap)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_radius_grows_up_to_the_cap() {
        let offering = Offering::default();
        let rounds: Vec<u32> = (0..5).map(|round| eta_max(&offering, round)).collect();
        assert_eq!(rounds, [300, 450, 675, 900, 900]);
        assert_eq!(eta_max(&offering, i64::MAX), 900);
    }
}
