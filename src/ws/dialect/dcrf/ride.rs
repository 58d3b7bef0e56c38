//! Reads the calls around a ride: quotes, codes, shifts, positions, offers.

use super::call::{Call, ShiftCall, SubscriptionCall, UnaryCall};
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
                Ok(Call::Unary(UnaryCall::Shift(self.shift(action)?)))
            }
            "subscribe_position" => {
                self.only(&[Role::Rider, Role::Operator])?;
                let pk = self.pk()?;
                self.needs_request_id()?;
                Ok(Call::Subscribe(SubscriptionCall::DriverPosition(pk)))
            }
            "unsubscribe_position" => Ok(Call::Unary(UnaryCall::UnsubscribeDriverPosition(
                self.pk()?,
            ))),
            other => Err(Problem::unknown_action(other)),
        }
    }

    fn rider(&self, action: &str) -> Result<Call, Problem> {
        if action == "ride_code" {
            return Ok(Call::Unary(UnaryCall::RideCode(self.pk()?)));
        }
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let request = fields.quote_request();
        Ok(Call::Unary(UnaryCall::Quote(fields.finish(request)?)))
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
