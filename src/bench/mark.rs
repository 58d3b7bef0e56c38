//! The mark in a request's pick-up address, which identifies its deliveries: `bench <run> <number>`.

/// The marks of one run. Requests of earlier runs do not match.
pub struct Marks {
    prefix: String,
}

impl Marks {
    /// The marks of the run with this number.
    pub fn new(run: u32) -> Self {
        Self {
            prefix: format!("bench {run:08x} "),
        }
    }

    /// The pick-up address of a request.
    pub fn address(&self, number: usize) -> String {
        format!("{}{number:06}", self.prefix)
    }

    /// The number of the request in a trip object. It scans the bytes from the end, where the addresses are: parsing
    /// JSON would cost more than everything else the bench does with a frame.
    pub fn number_in(&self, trip: &[u8]) -> Option<usize> {
        let prefix = self.prefix.as_bytes();
        let last_start = trip.len().checked_sub(prefix.len())?;
        let start = (0..=last_start)
            .rev()
            .find(|&at| trip[at] == b'b' && trip[at..].starts_with(prefix))?;
        let digits = &trip[start + prefix.len()..];
        let end = digits
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(digits.len());
        std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(address: &str) -> String {
        format!(
            r#"{{"id":1,"nk":"ab","pick_up_address":"{address}","drop_off_address":"there","status":"REQUESTED"}}"#
        )
    }

    #[test]
    fn a_number_comes_back_from_a_trip() {
        let marks = Marks::new(0xab);
        for number in [0, 7, 999_999, 1_000_000, 12_345_678] {
            assert_eq!(
                marks.number_in(trip(&marks.address(number)).as_bytes()),
                Some(number)
            );
        }
    }

    #[test]
    fn other_runs_and_other_texts_have_none() {
        let marks = Marks::new(1);
        let of_another_run = trip(&Marks::new(2).address(5));
        for text in [
            of_another_run.as_str(),
            "",
            "b",
            "bench 00000001 ",
            r#"{"detail":"no","code":"x","errors":{}}"#,
        ] {
            assert_eq!(marks.number_in(text.as_bytes()), None, "{text}");
        }
    }
}
