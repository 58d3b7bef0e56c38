//! Riders' orders and quotes: checks them against the town's rules and prices them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Dispatch, DispatchError};
use crate::domain::core::{Command, IdempotencyKey, Submission, TripOutcome};
use crate::domain::{
    Coordinates, Fare, Order, Party, Place, RideCode, RiderId, Terms, Trip, TripId, TripRequest,
    VehicleClass,
};
use crate::inputs;
use crate::store::quotes::{self, QuoteId};
use crate::town::{Rules, Town};

/// How long a quote holds.
const QUOTE_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// A rider's order of a trip, before the town's rules are applied.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRequest {
    /// Where the ride begins.
    pub pick_up: Place,
    /// Where the ride ends.
    pub drop_off: Place,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// The number of passengers.
    pub passengers: u8,
    /// The pick-up time, if it is not now.
    pub pick_up_at: Option<Timestamp>,
    /// The quote whose terms are to hold, if any.
    pub quote: Option<QuoteId>,
}

/// What a rider asks a quote for.
#[derive(Debug, Clone, PartialEq)]
pub struct QuoteRequest {
    /// Where the ride begins.
    pub pick_up: Coordinates,
    /// Where the ride ends.
    pub drop_off: Coordinates,
    /// The class of vehicle; every class if absent.
    pub class: Option<VehicleClass>,
    /// The pick-up time, if it is not now.
    pub pick_up_at: Option<Timestamp>,
}

/// A quote: what a ride is expected to cost, and on which terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pick_up: Coordinates,
    drop_off: Coordinates,
    /// The pick-up time, if it is not the time of the quote.
    #[serde(default)]
    pub pick_up_at: Option<Timestamp>,
    /// The class that was priced.
    pub class: VehicleClass,
    /// The estimated distance, in metres.
    pub metres: u64,
    /// The estimated duration, in seconds.
    pub seconds: u64,
    terms: Terms,
}

impl Quote {
    /// The expected fare.
    pub const fn fare(&self) -> Option<&Fare> {
        self.terms.quoted.as_ref()
    }
}

/// A quote that was saved, so that a request can name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// The id that a request names.
    pub id: QuoteId,
    /// When the quote expires.
    pub expires_at: Timestamp,
    /// The saved quote itself.
    pub quote: Quote,
}

impl Dispatch {
    /// Requests a trip for a rider.
    pub async fn request(
        &self,
        rider: Party<RiderId>,
        request: OrderRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, DispatchError> {
        let at = inputs::now();
        let order = self.order(rider.id, &request, at).await?;
        let trip = TripRequest {
            id: TripId::new(inputs::fresh_id()),
            rider,
            pick_up: request.pick_up,
            drop_off: request.drop_off,
            order,
        };
        let limits = self.settings.rider_limits;
        let command = Command::RequestTrip(trip, limits);
        let submission = Submission { command, key, at };
        Ok(self.store.writer.act(submission).await?)
    }

    async fn order(
        &self,
        rider: RiderId,
        request: &OrderRequest,
        at: Timestamp,
    ) -> Result<Order, DispatchError> {
        let rules = self.town.place(request.pick_up.location)?;
        self.check_class(&request.class)?;
        let opens_at = opens_at(request.pick_up_at, &rules, at)?;
        let terms = match request.quote {
            Some(quote) => Some(self.quoted_terms(rider, quote, request, at).await?),
            None => self.town.terms(&rules, &request.class, estimate(request)),
        };
        Ok(Order {
            class: request.class.clone(),
            passengers: request.passengers,
            pick_up_at: request.pick_up_at,
            opens_at,
            area: rules.area.map(ToOwned::to_owned),
            policy: rules.policy,
            search_s: rules.search_seconds.unwrap_or(self.settings.search_s),
            code: rules.ride_code.then(|| RideCode::of(inputs::secret())),
            terms: terms.map(Box::new),
            duties: rules.duties,
        })
    }

    /// Checks that a pick-up may move: the terms and the policy of a trip are those of its area, so it must stay there.
    pub(super) fn check_move(&self, trip: &Trip, to: &Place) -> Result<(), DispatchError> {
        if to.location == trip.pick_up.location {
            return Ok(());
        }
        let rules = self.town.place(to.location)?;
        let is_same = rules.area == trip.order.area.as_deref() && rules.policy == trip.order.policy;
        if is_same {
            Ok(())
        } else {
            Err(DispatchError::OtherArea)
        }
    }

    pub(super) fn check_class(&self, class: &VehicleClass) -> Result<(), DispatchError> {
        if self.town.has_class(class) {
            return Ok(());
        }
        let classes: Vec<&str> = self.town.classes().map(VehicleClass::as_str).collect();
        Err(DispatchError::UnknownClass(classes.join(", ")))
    }

    /// The terms of a quote, if it is the rider's, still holds, and is for the same ride.
    async fn quoted_terms(
        &self,
        rider: RiderId,
        id: QuoteId,
        request: &OrderRequest,
        at: Timestamp,
    ) -> Result<Terms, DispatchError> {
        let find = move |db: &mut _| quotes::find(db, id, rider, at);
        let payload = self.store.reader.read(find).await?;
        let quote = payload.and_then(|payload| serde_json::from_str::<Quote>(&payload).ok());
        let quote = quote.ok_or(DispatchError::UnknownQuote)?;
        let same_places = request.pick_up.location == Some(quote.pick_up)
            && request.drop_off.location == Some(quote.drop_off);
        // Times have microseconds on the wire, so no more is compared.
        let time = |at: Option<Timestamp>| at.map(Timestamp::as_microsecond);
        let same_time = time(request.pick_up_at) == time(quote.pick_up_at);
        if same_places && same_time && request.class == quote.class {
            Ok(quote.terms)
        } else {
            Err(DispatchError::OtherQuote)
        }
    }

    /// Quotes a ride in each class that has a price, or in the one that the request names, and saves the quotes.
    pub async fn quote(
        &self,
        rider: RiderId,
        request: QuoteRequest,
    ) -> Result<Vec<Quoted>, DispatchError> {
        let QuoteRequest {
            pick_up,
            drop_off,
            class,
            pick_up_at,
        } = request;
        let at = inputs::now();
        let rules = self.town.place(Some(pick_up))?;
        if let Some(class) = &class {
            self.check_class(class)?;
        }
        // A ride that cannot be ordered for that time is not quoted either.
        opens_at(pick_up_at, &rules, at)?;
        let (metres, seconds) = Town::estimate(pick_up, drop_off);
        let classes = self.town.classes();
        let wanted = classes.filter(|known| class.as_ref().is_none_or(|class| class == *known));
        let expires_at = at + QUOTE_LIFE;
        let quoted = wanted.filter_map(|class| {
            let terms = self.town.terms(&rules, class, Some((metres, seconds)))?;
            terms.quoted.as_ref()?;
            let quote = Quote {
                pick_up,
                drop_off,
                pick_up_at,
                class: class.clone(),
                metres,
                seconds,
                terms,
            };
            let id = QuoteId::new(inputs::fresh_id());
            Some(Quoted {
                id,
                expires_at,
                quote,
            })
        });
        let quoted: Vec<Quoted> = quoted.collect();
        let rows: Vec<(QuoteId, String)> = quoted
            .iter()
            .map(|quoted| (quoted.id, text(&quoted.quote)))
            .collect();
        let save = self
            .store
            .writer
            .change(move |tx| quotes::insert(tx.db, rider, &rows, expires_at));
        save.await?;
        Ok(quoted)
    }
}

fn text(quote: &Quote) -> String {
    serde_json::to_string(quote).expect("texts, finite numbers and whole ones are JSON")
}

fn estimate(request: &OrderRequest) -> Option<(u64, u64)> {
    let ends = request.pick_up.location.zip(request.drop_off.location);
    ends.map(|(from, to)| Town::estimate(from, to))
}

/// When the search for a driver begins, if not at once.
fn opens_at(
    pick_up_at: Option<Timestamp>,
    rules: &Rules<'_>,
    at: Timestamp,
) -> Result<Option<Timestamp>, DispatchError> {
    let Some(pick_up_at) = pick_up_at else {
        return Ok(None);
    };
    if pick_up_at <= at {
        return Err(DispatchError::NotInFuture);
    }
    let days = rules.scheduling.ahead_days_max;
    if pick_up_at > at + SignedDuration::from_hours(24 * i64::from(days)) {
        return Err(DispatchError::TooFarAhead(days));
    }
    let lead = SignedDuration::from_secs(i64::from(rules.scheduling.lead_seconds));
    Ok(Some(pick_up_at - lead))
}
