//! Calls of a native socket around a ride: quotes, codes, shifts, positions, replies to offers.

use serde_json::json;

use super::dcrf::{Answered, Dcrf, Success, json_of};
use crate::dispatch::QuoteRequest;
use crate::dispatch::objects::{HintObject, QuotesObject, ReportedObject, ShiftStatusObject};
use crate::domain::OfferChange;
use crate::domain::event_object::{OfferObject, ShiftObject};
use crate::problem::Problem;
use crate::ws::dialect::dcrf::{Done, Pk, ShiftCall};

impl Dcrf {
    pub(super) async fn quote(&self, request: QuoteRequest) -> Answered {
        let rider = self.caller.person.rider();
        let rider = rider.ok_or_else(Problem::not_allowed)?.id;
        let quoted = self.app.dispatch.quote(rider, request).await?;
        let quotes = QuotesObject::from(&quoted[..]);
        Ok(Success(Done::Ok, json_of(&quotes)))
    }

    pub(super) async fn ride_code(&self, pk: &Pk) -> Answered {
        let trip = self.visible(pk).await?;
        let code = json!({"code": trip.order.code.as_ref().map(|code| code.as_str())});
        Ok(Success(Done::Ok, code.to_string()))
    }

    pub(super) async fn shift(&self, call: ShiftCall) -> Answered {
        let driver = self.caller.person.driver();
        let driver = driver.ok_or_else(Problem::not_allowed)?.id;
        let dispatch = &self.app.dispatch;
        let data = match call {
            ShiftCall::Show => json_of(&ShiftStatusObject::from(
                &dispatch.shift_status(driver).await?,
            )),
            ShiftCall::Begin(vehicle) => {
                let shift = dispatch.begin_shift(driver, vehicle).await?;
                json_of(&ShiftObject::from(&shift))
            }
            ShiftCall::End => json_of(&ShiftObject::from(&dispatch.end_shift(driver).await?)),
            ShiftCall::Report(report) => {
                json_of(&ReportedObject::from(&self.app.report(driver, &report)?))
            }
            ShiftCall::Hint => json_of(&HintObject::from(dispatch.hint(driver).await?)),
            ShiftCall::Reply(pk, reply) => {
                let (trip, offer) = dispatch.reply(driver, pk.trip(), reply).await?;
                json_of(&OfferObject::from(&OfferChange { offer, trip }))
            }
        };
        Ok(Success(Done::Ok, data))
    }
}
