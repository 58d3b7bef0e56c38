//! The actions around a ride: quotes, codes, shifts, positions, offers.

use super::call::{Ask, Call, Duty, Hear, Verb};
use super::reader::Reader;
use crate::dispatch::DriverVerb;
use crate::domain::core::Reply;
use crate::domain::{Reason, RideCode, Role};
use crate::fields::{Fields, Presence};
use crate::inputs;
use crate::problem::Problem;

impl Reader<'_> {
    pub(super) fn ride(&self, action: &str) -> Result<Call, Problem> {
        match action {
            "quote" | "ride_code" => {
                self.only(&[Role::Rider])?;
                self.rider(action)
            }
            "no_show" => {
                self.only(&[Role::Driver])?;
                self.drive(DriverVerb::NoShow)
            }
            "start" | "give_back" => {
                self.only(&[Role::Driver])?;
                self.drive(self.verb(action)?)
            }
            "receive" | "decline" | "shift" | "begin_shift" | "end_shift" | "position" | "hint" => {
                self.only(&[Role::Driver])?;
                Ok(Call::Ask(Ask::Duty(self.duty(action)?)))
            }
            "set_fare" => {
                self.only(&[Role::Operator])?;
                let (pk, data) = (self.pk()?, self.data()?);
                let mut fields = Fields::of(&data);
                let other = fields.other_fare();
                let (amount, reason) = fields.finish(other)?;
                self.command(Verb::SetFare(pk, amount, reason))
            }
            "subscribe_position" => {
                self.only(&[Role::Rider, Role::Operator])?;
                let pk = self.pk()?;
                self.needs_request_id()?;
                Ok(Call::Hear(Hear::Position(pk)))
            }
            "unsubscribe_position" => Ok(Call::Ask(Ask::UnsubscribePosition(self.pk()?))),
            other => Err(Problem::unknown_action(other)),
        }
    }

    fn rider(&self, action: &str) -> Result<Call, Problem> {
        if action == "ride_code" {
            return Ok(Call::Ask(Ask::RideCode(self.pk()?)));
        }
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let way = fields.way();
        Ok(Call::Ask(Ask::Quote(fields.finish(way)?)))
    }

    fn verb(&self, action: &str) -> Result<DriverVerb, Problem> {
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let verb = match action {
            "start" => {
                let code = fields.parsed("code", Presence::Optional, RideCode::parse);
                DriverVerb::Start(code)
            }
            _ => {
                let reason = fields.parsed("reason", Presence::Optional, Reason::parse);
                DriverVerb::GiveBack(reason)
            }
        };
        Ok(fields.finish(Some(verb))?)
    }

    fn duty(&self, action: &str) -> Result<Duty, Problem> {
        Ok(match action {
            "receive" => Duty::Reply(self.pk()?, Reply::Receive),
            "decline" => Duty::Reply(self.pk()?, Reply::Decline),
            "begin_shift" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let vehicle = fields.vehicle();
                Duty::Begin(fields.finish(vehicle)?)
            }
            "end_shift" => Duty::End,
            "hint" => Duty::Hint,
            "position" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let report = fields.report(inputs::now());
                Duty::Report(fields.finish(report)?)
            }
            _ => Duty::Show,
        })
    }
}
