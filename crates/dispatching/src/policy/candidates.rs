//! The candidates for a search: the nearest drivers by straight line, ranked by driving time.

use domain::Search;
use domain::{Coordinates, DriverId};
use eta::{EtaAnswer, EtaQuery, Via};
use supply::{PassedOver, Seen, Unfit, Wanted};
use town::{Offering, Town};

use super::World;
use super::cost::{Circumstances, Cost};
use super::decision::{Chosen, Considered, ExcludedCandidate, Searched, Why};

/// How many of the excluded candidates are recorded.
const EXCLUDED_MAX: usize = 10;

/// A driver whose ride will soon be over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndingRide {
    pub driver: DriverId,
    pub drop_off: Coordinates,
    /// Time until the ride is over, in seconds.
    pub free_in_s: u32,
}

/// A search round before driving times are known: the search, its rules, and the drivers found near the pick-up.
pub(super) struct SearchRound<'a> {
    pub(super) search: &'a Search,
    pub(super) offering: Offering,
    eta_max_s: u32,
    /// Drivers who are already proposed for another trip.
    proposed: &'a [DriverId],
    near: Vec<Near>,
    places: Vec<Coordinates>,
    /// Whether there may be more free drivers than were looked for.
    pub(super) is_cut: bool,
}

/// A group of drivers near a pick-up, by how their devices answered.
#[derive(Clone, Copy)]
enum DriverGroup {
    /// Drivers who were not asked yet and whose devices acknowledge offers.
    Heard,
    /// Drivers who were not asked yet and whose devices did not acknowledge their last offers.
    Silent,
    /// Drivers who were asked and whose devices did not acknowledge it.
    Unreached,
}

/// A driver found near a pick-up.
#[derive(Clone, Copy)]
struct Near {
    driver: DriverId,
    metres: f64,
    free_in_s: u32,
    is_again: bool,
    circumstances: Circumstances,
}

/// The limits within which a search round looks for drivers.
pub(super) struct Reach<'a> {
    pub(super) k: usize,
    pub(super) eta_max_s: u32,
    /// Drivers who are already proposed for another trip.
    pub(super) proposed: &'a [DriverId],
}

impl<'a> SearchRound<'a> {
    /// Looks for drivers around the pick-up. A trip without a pick-up location finds none.
    pub(super) fn around(
        search: &'a Search,
        offering: Offering,
        reach: &Reach<'a>,
        world: &World<'_>,
    ) -> Self {
        let mut round = Self {
            search,
            offering,
            eta_max_s: reach.eta_max_s,
            proposed: reach.proposed,
            near: Vec::new(),
            places: Vec::new(),
            is_cut: false,
        };
        let heard = round.find(DriverGroup::Heard, reach.k, world);
        round.is_cut = heard == reach.k;
        if !round.is_cut && !world.unresponsive.is_empty() {
            round.find(DriverGroup::Silent, reach.k - heard, world);
        }
        if !search.asked.unreached.is_empty() {
            round.find(DriverGroup::Unreached, reach.k, world);
        }
        round
    }

    /// Adds the nearest `k` drivers of a group; returns how many were found.
    fn find(&mut self, group: DriverGroup, k: usize, world: &World<'_>) -> usize {
        let except = |driver| !self.is_wanted(group, driver, world);
        let wanted = self.wanted(k, &except, world);
        let found = wanted.map_or_else(Vec::new, |wanted| world.supply.nearest(&wanted));
        let count = found.len();
        for found in found {
            // A driver who went off shift a moment ago is not asked.
            let Some(seen) = world.supply.seen(found.driver) else {
                continue;
            };
            let idle_s = world.at.duration_since(seen.since).as_secs();
            let near = Near {
                driver: found.driver,
                metres: found.metres,
                free_in_s: 0,
                is_again: matches!(group, DriverGroup::Unreached),
                circumstances: self.circumstances(found.driver, &seen, idle_s, world),
            };
            self.add(near, seen.place);
        }
        count
    }

    fn is_wanted(&self, group: DriverGroup, driver: DriverId, world: &World<'_>) -> bool {
        let asked = &self.search.asked;
        let is_unreached = || asked.unreached.contains(&driver);
        let is_among = match group {
            DriverGroup::Heard => !is_silent(driver, world) && !is_unreached(),
            DriverGroup::Silent => {
                is_silent(driver, world) && !is_resting(driver, world) && !is_unreached()
            }
            DriverGroup::Unreached => is_unreached() && !is_resting(driver, world),
        };
        is_among && !asked.not_now.contains(&driver) && !self.proposed.contains(&driver)
    }

    fn wanted<'w>(
        &'w self,
        k: usize,
        except: &'w dyn Fn(DriverId) -> bool,
        world: &World<'_>,
    ) -> Option<Wanted<'w>> {
        let order = &self.search.trip.order;
        Some(Wanted {
            from: self.search.trip.pick_up.location?,
            k,
            eta_max_s: self.eta_max_s,
            class: &order.class,
            passengers: order.passengers,
            at: world.at,
            except,
        })
    }

    /// Adds the drivers who will soon be free.
    pub(super) fn add_ending(&mut self, all: &[EndingRide], world: &World<'_>) {
        let Some(from) = self.search.trip.pick_up.location else {
            return;
        };
        let order = &self.search.trip.order;
        for ending in all {
            let is_fit = world
                .supply
                .serves(ending.driver, &order.class, order.passengers)
                && !self.search.asked.not_now.contains(&ending.driver)
                && !self.search.asked.unreached.contains(&ending.driver);
            let metres = ending.drop_off.metres_to(from);
            let seen = world.supply.seen(ending.driver);
            let Some(seen) =
                seen.filter(|_| is_fit && world.supply.reaches(metres, self.eta_max_s))
            else {
                continue;
            };
            let near = Near {
                driver: ending.driver,
                metres,
                free_in_s: ending.free_in_s,
                is_again: false,
                circumstances: self.circumstances(ending.driver, &seen, 0, world),
            };
            self.add(near, ending.drop_off);
        }
    }

    /// The drivers near the pick-up who may not get the trip, and why.
    fn excluded(&self, world: &World<'_>) -> Vec<ExcludedCandidate> {
        let except = |driver| !self.is_wanted(DriverGroup::Heard, driver, world);
        let near = self.wanted(EXCLUDED_MAX, &except, world);
        let passed_over = near.map_or_else(Vec::new, |near| world.supply.passed_over(&near));
        let others = passed_over
            .into_iter()
            .filter(|passed| self.drivers().all(|driver| driver != passed.driver));
        let excluded = others.map(|passed| ExcludedCandidate {
            driver: passed.driver,
            metres: whole(passed.metres),
            why: self.reason(&passed),
        });
        excluded.collect()
    }

    fn reason(&self, passed: &PassedOver) -> Why {
        let (driver, asked) = (&passed.driver, &self.search.asked);
        if passed.why != Unfit::Excepted {
            passed.why.into()
        } else if self.proposed.contains(driver) {
            Why::Proposed
        } else if asked.not_now.contains(driver) || asked.unreached.contains(driver) {
            Why::AskedBefore
        } else {
            Why::Silent
        }
    }

    fn circumstances(
        &self,
        driver: DriverId,
        seen: &Seen,
        idle_s: i64,
        world: &World<'_>,
    ) -> Circumstances {
        Circumstances {
            pick_up_s: 0,
            decide_s: i64::from(self.offering.decide_seconds),
            accepted: i64::from(seen.accepted),
            refused: i64::from(seen.refused),
            idle_s,
            waited_s: self.search.waited_s(world.at),
            missed_offers: missed_offers(driver, world),
        }
    }

    fn add(&mut self, near: Near, place: Coordinates) {
        self.near.push(near);
        self.places.push(place);
    }

    /// The drivers found so far, before driving times are asked for.
    fn drivers(&self) -> impl Iterator<Item = DriverId> {
        self.near.iter().map(|near| near.driver)
    }

    /// Those of them who can be expected to answer.
    pub(super) fn answering(&self) -> impl Iterator<Item = DriverId> {
        let answering = |near: &&Near| !near.is_again && near.circumstances.missed_offers == 0;
        self.near.iter().filter(answering).map(|near| near.driver)
    }

    /// Whether the search continues after a wave that reached no driver. Then it has gathered before.
    pub(super) fn has_gathered(&self) -> bool {
        let asked = &self.search.asked;
        asked.unheard_at.is_some_and(|at| self.search.due_at <= at)
    }

    fn eta_query(&self) -> Option<EtaQuery<'_>> {
        Some(EtaQuery {
            pick_up: self.search.trip.pick_up.location?,
            drivers: &self.places,
            within_s: self.eta_max_s,
        })
    }

    fn searched(&self, answer: Option<EtaAnswer>, world: &World<'_>) -> Searched {
        let (seconds, via) = match answer {
            Some(EtaAnswer { seconds, via }) => (seconds, via),
            None => (Vec::new(), Via::Straight),
        };
        let mut candidates = Vec::with_capacity(self.near.len());
        let mut excluded = self.excluded(world);
        for (near, seconds) in self.near.iter().zip(seconds) {
            let pick_up_s = seconds.map(|seconds| seconds + near.free_in_s);
            match pick_up_s.filter(|seconds| *seconds <= self.eta_max_s) {
                Some(pick_up_s) => candidates.push(near.considered(pick_up_s)),
                None => excluded.push(ExcludedCandidate {
                    driver: near.driver,
                    metres: whole(near.metres),
                    why: Why::TooFar,
                }),
            }
        }
        if candidates.iter().any(|one| !one.is_again) {
            // A driver is asked again only when no other driver is within reach.
            candidates.retain(|one| {
                !one.is_again || {
                    excluded.push(ExcludedCandidate {
                        driver: one.driver,
                        metres: one.metres,
                        why: Why::AskedBefore,
                    });
                    false
                }
            });
        }
        candidates.sort_unstable_by_key(|one| {
            let pick_up_s = one.eta_s + one.free_in_s;
            (one.cost.silence_ms, pick_up_s, one.metres, one.driver)
        });
        Searched {
            trip: self.search.trip.id,
            number: self.search.trip.number,
            attempt: self.search.trip.attempt,
            round: self.search.round,
            waited_s: self.search.waited_s(world.at),
            eta_max_s: self.eta_max_s,
            offering: self.offering,
            unheard: self.search.asked.unheard,
            via,
            candidates,
            excluded,
            chosen: Chosen::Nobody,
        }
    }
}

impl Near {
    fn considered(&self, pick_up_s: u32) -> Considered {
        Considered {
            driver: self.driver,
            metres: whole(self.metres),
            eta_s: pick_up_s - self.free_in_s,
            free_in_s: self.free_in_s,
            is_again: self.is_again,
            cost: Cost::of(&Circumstances {
                pick_up_s: i64::from(pick_up_s),
                ..self.circumstances
            }),
        }
    }
}

/// Asks for the driving times of all rounds at once, and makes the record of each.
pub(super) fn rank(round: &[SearchRound<'_>], world: &World<'_>) -> Vec<Searched> {
    let queries: Vec<EtaQuery<'_>> = round.iter().filter_map(SearchRound::eta_query).collect();
    let mut answers = world.eta.to_pick_up(&queries, world.at).into_iter();
    let searched = round.iter().map(|round| {
        let answer = round.eta_query().and_then(|_| answers.next());
        round.searched(answer, world)
    });
    searched.collect()
}

/// The rules of the area where the trip begins, or the default ones if no area contains it any more.
pub(super) fn offering(search: &Search, town: &Town) -> Offering {
    let rules = town.place(search.trip.pick_up.location);
    rules.map_or_else(|_| Offering::default(), |rules| rules.offering)
}

/// How far a driver ranks behind the others for unacknowledged offers.
fn missed_offers(driver: DriverId, world: &World<'_>) -> i64 {
    let missed = world.unresponsive.get(&driver);
    missed.map_or(0, |missed| missed.rank(world.at))
}

fn is_resting(driver: DriverId, world: &World<'_>) -> bool {
    let missed = world.unresponsive.get(&driver);
    missed.is_some_and(|missed| missed.is_resting(world.at))
}

fn is_silent(driver: DriverId, world: &World<'_>) -> bool {
    missed_offers(driver, world) > 0
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "no two points on earth are 2^53 m apart"
)]
fn whole(metres: f64) -> i64 {
    metres.round() as i64
}
