//! The sweeper: carries out the deadlines that are due. They are columns, so that a restart forgets none.

use std::collections::HashMap;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::policy::{Chosen, Decision, Plan, Searched, World};
use super::{Dispatch, policy};
use crate::domain::core::{Command, Stated, Submission};
use crate::domain::{Action, Actor, OfferId, Search, TripId, Unresponsive};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::writer::{CommandError, Tx};
use crate::store::{decisions, offers, searches, silences, trips};

/// The most deadlines of each kind that one sweep carries out.
pub(super) const SWEEP_MAX: i64 = 256;
/// The most searches that are decided on together. `batch` wants all that wait; memory sets the bound.
const POOL_MAX: i64 = 4_096;

impl Dispatch {
    /// Carries out every deadline that is due, and searches for drivers.
    pub async fn sweep(&self) -> Result<(), Unavailable> {
        self.expire_overdue().await?;
        self.open_due().await?;
        self.lapse_overdue().await?;
        self.send_home_idle().await?;
        self.hold_to_duties().await?;
        self.search().await
    }

    /// Waits until an event may have made a search for drivers necessary.
    pub async fn woken(&self) {
        self.projections.wake.notified().await;
    }

    /// Expires the trips whose search is over.
    async fn expire_overdue(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::overdue(db, at, SWEEP_MAX);
        let overdue = self.store.reader.read(find).await?;
        self.act_on(overdue, &Action::Expire).await
    }

    /// Begins the searches for scheduled trips.
    async fn open_due(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        self.act_on(due, &Action::Open).await
    }

    pub(super) async fn act_on(
        &self,
        trips: Vec<TripId>,
        action: &Action,
    ) -> Result<(), Unavailable> {
        let commands = trips.into_iter().map(|trip| act(trip, action.clone()));
        self.carry_out(commands).await
    }

    /// Lapses the offers that are overdue.
    async fn lapse_overdue(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| offers::overdue(db, at, SWEEP_MAX);
        let overdue = self.store.reader.read(find).await?;
        self.carry_out(overdue.into_iter().map(Command::LapseOffers))
            .await
    }

    /// Searches for drivers for all trips that are due. Decisions are saved before the offers are made.
    async fn search(&self) -> Result<(), Unavailable> {
        // Two plans made at the same time would want the same drivers.
        let _exclusive = self.planning.lock().await;
        let at = inputs::now();
        let shadowed = self.projections.shadow.undecided(at);
        let is_shadowed = !shadowed.is_empty();
        let find = move |db: &mut _| {
            let pool = searches::due(db, at, POOL_MAX)?;
            let unresponsive = if pool.is_empty() && !is_shadowed {
                Unresponsive::default()
            } else {
                silences::lately(db, at)?
            };
            Ok((pool, unresponsive))
        };
        let (pool, unresponsive) = self.store.reader.read(find).await?;
        if pool.is_empty() && shadowed.is_empty() {
            return Ok(());
        }
        let dispatch = self.clone();
        // A plan may take long, and may wait for the table service.
        let plan = move || dispatch.plan(&pool, &shadowed, &unresponsive, at);
        let planned = tokio::task::spawn_blocking(plan).await;
        let (Plan { proposals, .. }, records) =
            planned.map_err(|error| Unavailable::Lost(error.to_string()))?;
        if !records.is_empty() {
            let save = move |tx: &mut Tx<'_>| decisions::insert(tx.db, &records);
            self.store.writer.change(save).await?;
        }
        let mut proposals = proposals.into_iter().peekable();
        while proposals.peek().is_some() {
            let some = proposals.by_ref().take(SWEEP_MAX as usize);
            self.carry_out(some.map(Command::Propose)).await?;
        }
        Ok(())
    }

    /// The proposals, and the decisions to save. Shadowed requests get no proposals.
    fn plan(
        &self,
        pool: &[Search],
        shadowed: &[Search],
        unresponsive: &Unresponsive,
        at: Timestamp,
    ) -> (Plan, Vec<decisions::NewDecision>) {
        let world = World {
            supply: &self.projections.supply,
            town: &self.town,
            eta: &*self.eta,
            rides: &self.projections.rides,
            unresponsive,
            at,
        };
        let plan = policy::plan(pool, &world, || OfferId::new(inputs::fresh_id()));
        let mut shadows = policy::shadow(pool, &plan.decisions, &world);
        compare(&plan.decisions, &shadows);
        let others = policy::shadow_at_once(shadowed, &world);
        self.projections.shadow.decided(&others);
        shadows.extend(others);
        let records = plan.decisions.iter();
        let records = records.map(|decision| record(decision, false));
        let records = records.chain(shadows.iter().map(|shadow| record(shadow, true)));
        let records = records.collect();
        (plan, records)
    }

    /// Ends the shifts of drivers who have been silent for long, except those who have a trip.
    async fn send_home_idle(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let idle = self.projections.supply.idle(at).into_iter();
        let ends = idle.map(|driver| Command::EndShift(driver, Actor::Service));
        self.carry_out(ends).await
    }

    pub(super) async fn carry_out(
        &self,
        commands: impl Iterator<Item = Command>,
    ) -> Result<(), Unavailable> {
        let at = inputs::now();
        let writer = &self.store.writer;
        let results = commands.map(|command| writer.carry_out(Submission::new(command, at)));
        settled(join_all(results).await)
    }
}

/// A command by which the service acts on a trip.
pub(super) fn act(trip: TripId, action: Action) -> Command {
    Command::Act {
        trip: trip.into(),
        action,
        stated: Stated::default(),
    }
}

/// Ignores refusals: what was due has been settled by another command in the meantime.
fn settled<T>(results: Vec<Result<T, CommandError>>) -> Result<(), Unavailable> {
    for result in results {
        match result {
            Ok(_) | Err(CommandError::Refused(_)) => {}
            Err(CommandError::Unavailable(error)) => return Err(error),
        }
    }
    Ok(())
}

/// A decision as it is saved. Nothing follows from a shadow decision.
fn record(decision: &Decision, is_shadow: bool) -> decisions::NewDecision {
    let searches = decision.searches.iter();
    decisions::NewDecision {
        at: decision.at,
        is_shadow,
        payload: decision.text(),
        trips: searches.map(|searched| searched.number).collect(),
    }
}

/// Logs the decisions of the shadow policies beside those of the policies in force.
fn compare(decided: &[Decision], shadows: &[Decision]) {
    let decided = decided.iter().flat_map(|decision| &decision.searches);
    let decided: HashMap<TripId, &Searched> = decided.map(|own| (own.trip, own)).collect();
    for shadow in shadows {
        let pairs = shadow.searches.iter();
        let pairs = pairs.filter_map(|other| Some((*decided.get(&other.trip)?, other)));
        let pairs: Vec<(&Searched, &Searched)> = pairs.collect();
        let offered = |searched: &&Searched| matches!(searched.chosen, Chosen::Offered(_));
        let (own, others) = (pairs.iter().map(|it| it.0), pairs.iter().map(|it| it.1));
        tracing::info!(
            policy = shadow.policy.as_str(),
            searches = pairs.len(),
            same = pairs
                .iter()
                .filter(|(own, other)| own.chosen == other.chosen)
                .count(),
            offered = own.clone().filter(offered).count(),
            shadow_offered = others.clone().filter(offered).count(),
            pick_up_s = own.map(Searched::pick_up_s).sum::<u32>(),
            shadow_pick_up_s = others.map(Searched::pick_up_s).sum::<u32>(),
            "Compared what was decided with what another policy would have chosen"
        );
    }
}
