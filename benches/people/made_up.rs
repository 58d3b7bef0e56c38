//! The people of an invented town. The same seed makes the same town.
//!
//! The town is 40 by 40 km: three in ten people are in the middle, half of them in sixty quarters that are denser
//! towards the middle, and the others anywhere.

use std::f64::consts::TAU;

use fastrand::Rng;

const HALF_WIDTH_M: f64 = 20_000.0;
const QUARTERS: usize = 60;
/// Metres north and east of the middle.
pub type Place = (f64, f64);

/// A town that yields as many people as are asked for.
pub struct Town {
    random: Rng,
    /// The quarters' middles, and how wide they are in metres.
    quarters: Vec<(Place, f64)>,
}

impl Town {
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let quarters = (0..QUARTERS).map(|_| {
            let middle = around((0.0, 0.0), 8_000.0, &mut random);
            (middle, 200.0 + 1_300.0 * random.f64())
        });
        let quarters = quarters.collect();
        Self { random, quarters }
    }

    /// Where the next person is.
    pub fn place(&mut self) -> Place {
        let random = &mut self.random;
        let (middle, spread) = match random.u32(0..10) {
            0..3 => ((0.0, 0.0), 2_000.0),
            3..8 => self.quarters[random.usize(0..QUARTERS)],
            8.. => {
                let mut anywhere = || (random.f64() * 2.0 - 1.0) * HALF_WIDTH_M;
                ((anywhere(), anywhere()), 0.0)
            }
        };
        around(middle, spread, random)
    }
}

/// A random place around another one, within the town.
fn around((north, east): Place, spread: f64, random: &mut Rng) -> Place {
    let mut within =
        |middle: f64| (middle + spread * normal(random)).clamp(-HALF_WIDTH_M, HALF_WIDTH_M);
    (within(north), within(east))
}

/// A normally distributed number, by the Box-Muller transform.
pub fn normal(random: &mut Rng) -> f64 {
    let (a, b) = (1.0 - random.f64(), random.f64());
    (-2.0 * a.ln()).sqrt() * (b * TAU).cos()
}
