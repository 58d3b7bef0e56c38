//! Who is to be offered which trip: the seam where a policy plugs in.
//!
//! A policy is given the whole pool of searches that are due, and who is free; it proposes, and the database decides.
//! `broadcast` needs none: every driver hears of the request.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{DriverId, OfferId, Policy};
use crate::store::searches::Search;
use crate::store::writer::command::{Candidate, Proposal};
use crate::supply::{Supply, Wanted};
use crate::town::{Offering, Town};

/// Proposes drivers for all of these searches; `ids` makes the keys of the offers.
pub(super) fn plan(
    pool: &[Search],
    supply: &Supply,
    town: &Town,
    at: Timestamp,
    mut ids: impl FnMut() -> OfferId,
) -> Vec<Proposal> {
    let mut proposed = HashSet::new();
    let mut plan = Vec::with_capacity(pool.len());
    for search in pool {
        match search.trip.order.policy {
            // It has become one by an older configuration; nobody is asked, and everybody may take it.
            Policy::Broadcast => {}
            Policy::Nearest => {
                let offering = offering(search, town);
                let found = nearest(search, &offering, supply, at, &mut proposed);
                plan.push(proposal(search, &offering, found, at, &mut ids));
            }
        }
    }
    plan
}

/// By the rules of where the trip begins; by the usual ones where nobody rules any more.
fn offering(search: &Search, town: &Town) -> Offering {
    let rules = town.place(search.trip.pick_up.location);
    rules.map_or_else(|_| Offering::default(), |rules| rules.offering)
}

/// The nearest by time, within what the round allows, whom nobody else of this plan is to be asked before.
fn nearest(
    search: &Search,
    offering: &Offering,
    supply: &Supply,
    at: Timestamp,
    proposed: &mut HashSet<DriverId>,
) -> Vec<crate::supply::Candidate> {
    let Some(from) = search.trip.pick_up.location else {
        return Vec::new();
    };
    let mut except: Vec<DriverId> = search.asked.clone();
    except.extend(proposed.iter());
    let found = supply.nearest(&Wanted {
        from,
        k: usize::try_from(offering.candidates).unwrap_or(usize::MAX),
        eta_max_s: eta_max(offering, search.round),
        class: &search.trip.order.class,
        passengers: search.trip.order.passengers,
        at,
        except: &except,
    });
    let wave = found.iter().take(usize::from(offering.wave));
    proposed.extend(wave.map(|candidate| candidate.driver));
    found
}

/// How far drivers may be in that round, in seconds: it grows, up to the cap.
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

fn proposal(
    search: &Search,
    offering: &Offering,
    found: Vec<crate::supply::Candidate>,
    at: Timestamp,
    ids: &mut impl FnMut() -> OfferId,
) -> Proposal {
    let candidates = found.into_iter().map(|found| Candidate {
        offer: ids(),
        driver: found.driver,
        metres: whole(found.metres),
        eta_s: i64::from(found.eta_s),
    });
    Proposal {
        trip: search.trip.id,
        attempt: search.trip.attempt,
        round: search.round,
        candidates: candidates.collect(),
        wave: usize::from(offering.wave),
        deliver_s: i64::from(offering.deliver_seconds),
        decide_s: i64::from(offering.decide_seconds),
        again_at: at + SignedDuration::from_secs(i64::from(offering.look_again_seconds)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "no two points on earth are 2^53 m apart"
)]
fn whole(metres: f64) -> i64 {
    metres.round() as i64
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        Address, Coordinates, Fix, Order, Party, Place, Request, RiderId, Trip, TripId, UserId,
        Vehicle, VehicleClass,
    };

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn driver(number: i64) -> DriverId {
        DriverId::of(UserId::new(number))
    }

    /// So many thousandths of a degree north of the pick-up: 111 m each.
    fn north(thousandths: f64) -> Coordinates {
        Coordinates::new(48.0 + thousandths / 1_000.0, 11.0).expect("on earth")
    }

    /// Drivers 1, 2, 3 and so on, on shift at these places.
    fn supply(places: &[f64]) -> Supply {
        let supply = Supply::default();
        for (number, place) in (1..).zip(places) {
            let (class, seats) = (VehicleClass::default(), 4);
            supply.begin(driver(number), Vehicle { class, seats }, AT);
            let fix = Fix {
                location: north(*place),
                at: AT,
                accuracy_m: None,
                heading_deg: None,
                speed_mps: None,
            };
            supply.report(driver(number), &[fix], AT).expect("on shift");
        }
        supply
    }

    fn search(policy: Policy, asked: &[i64]) -> Search {
        let place = |location| Place {
            address: Address::parse("A").expect("an address"),
            location,
        };
        let request = Request {
            id: TripId::new(Uuid::nil()),
            rider: Party {
                id: RiderId::of(UserId::new(100)),
                username: String::new(),
                first_name: String::new(),
                last_name: String::new(),
            },
            pick_up: place(Some(north(0.0))),
            drop_off: place(None),
            order: Order {
                policy,
                ..Order::default()
            },
        };
        Search {
            trip: Trip::request(request, AT),
            round: 0,
            asked: asked.iter().copied().map(driver).collect(),
        }
    }

    /// Who is proposed for each of the searches that have a proposal.
    fn proposed(pool: &[Search], supply: &Supply) -> Vec<Vec<DriverId>> {
        let id = || OfferId::new(Uuid::nil());
        let plan = plan(pool, supply, &Town::default(), AT, id);
        let drivers = |proposal: Proposal| {
            let candidates = proposal.candidates.iter();
            candidates.map(|candidate| candidate.driver).collect()
        };
        plan.into_iter().map(drivers).collect()
    }

    #[test]
    fn the_radius_grows_up_to_the_cap() {
        let offering = Offering::default();
        let rounds: Vec<u32> = (0..5).map(|round| eta_max(&offering, round)).collect();
        assert_eq!(rounds, [300, 450, 675, 900, 900]);
        assert_eq!(eta_max(&offering, i64::MAX), 900);
    }

    #[test]
    fn the_nearest_come_first_and_those_who_were_asked_not_at_all() {
        let supply = supply(&[3.0, 1.0, 2.0, 50.0]);
        let pool = [search(Policy::Nearest, &[])];
        assert_eq!(proposed(&pool, &supply), [[2, 3, 1].map(driver)]);
        let pool = [search(Policy::Nearest, &[2])];
        assert_eq!(proposed(&pool, &supply), [[3, 1].map(driver)]);
    }

    #[test]
    fn one_driver_is_not_the_first_choice_of_two_trips() {
        let supply = supply(&[1.0, 2.0]);
        let pool = [search(Policy::Nearest, &[]), search(Policy::Nearest, &[])];
        let expected = [vec![driver(1), driver(2)], vec![driver(2)]];
        assert_eq!(proposed(&pool, &supply), expected);
    }

    #[test]
    fn where_nobody_is_found_drivers_are_looked_for_again() {
        let pool = [search(Policy::Nearest, &[]), search(Policy::Broadcast, &[])];
        let none = Vec::<DriverId>::new();
        assert_eq!(proposed(&pool, &Supply::default()), [none]);
    }
}
