//! The actions around a ride: quotes, codes, shifts, positions, offers.

use super::call::{Call, OneAnswerCall, ShiftCall, SubscriptionCall};
use super::reader::CallReader;
use crate::domain::Role;
use crate::domain::core::Reply;
use crate::fields::Fields;
use crate::inputs;
use crate::problem::Problem;

impl CallReader<'_> {
    pub(super) fn ride(&self, action: &str) -> Result<Call, Problem> {
        match action {
            "quote" | "ride_code" => {
                self.only(&[Role::Rider])?;
                self.rider(action)
            }
            "receive" | "decline" | "shift" | "begin_shift" | "end_shift" | "position" | "hint" => {
                self.only(&[Role::Driver])?;
                Ok(Call::Ask(OneAnswerCall::Shift(self.shift(action)?)))
            }
            "subscribe_position" => {
                self.only(&[Role::Rider, Role::Operator])?;
                let pk = self.pk()?;
                self.needs_request_id()?;
                Ok(Call::Hear(SubscriptionCall::DriverPosition(pk)))
            }
            "unsubscribe_position" => Ok(Call::Ask(OneAnswerCall::UnsubscribeDriverPosition(
                self.pk()?,
            ))),
            other => Err(Problem::unknown_action(other)),
        }
    }

    fn rider(&self, action: &str) -> Result<Call, Problem> {
        if action == "ride_code" {
            return Ok(Call::Ask(OneAnswerCall::RideCode(self.pk()?)));
        }
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let way = fields.quote_request();
        Ok(Call::Ask(OneAnswerCall::Quote(fields.finish(way)?)))
    }

    fn shift(&self, action: &str) -> Result<ShiftCall, Problem> {
        Ok(match action {
            "receive" => ShiftCall::Reply(self.pk()?, Reply::Receive),
            "decline" => ShiftCall::Reply(self.pk()?, Reply::Decline),
            "begin_shift" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let vehicle = fields.vehicle();
                ShiftCall::Begin(fields.finish(vehicle)?)
            }
            "end_shift" => ShiftCall::End,
            "hint" => ShiftCall::Hint,
            "position" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let report = fields.report(inputs::now());
                ShiftCall::Report(fields.finish(report)?)
            }
            _ => ShiftCall::Show,
        })
    }
}
