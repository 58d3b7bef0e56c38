//! The report as a picture: how long riders waited, and what the drivers did over the day.

use plotters::coord::Shift;
use plotters::prelude::{
    AreaSeries, ChartBuilder, Color, DrawingArea, IntoDrawingArea, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};

use super::report::{DayReport, Moment, PolicyResult, STEP_MS};

/// The width of the picture and the height of each of its parts, in pixels.
const WIDTH: u32 = 960;
const PART: u32 = 320;
/// One colour for each policy, repeated where they do not suffice. Readers with red-green colour blindness can tell
/// them apart.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// A layer of the drivers' chart: its name, and the count of drivers in it and all layers below.
type Layer = (&'static str, fn(&Moment) -> u64);
/// The layers of the drivers' chart, topmost first. Each is painted over by the next.
const LAYERS: [(RGBColor, Layer); 3] = [
    (
        COLOURS[4],
        ("waiting for a trip", |at| at.idle + at.coming + at.riding),
    ),
    (
        COLOURS[5],
        ("coming to a rider", |at| at.coming + at.riding),
    ),
    (COLOURS[2], ("with a rider", |at| at.riding)),
];

type ChartArea<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawResult = Result<(), Box<dyn std::error::Error>>;

impl DayReport {
    /// Draws the picture as SVG: a chart of the waits, then one of each policy's drivers.
    pub fn picture(&self) -> Result<String, Box<dyn std::error::Error>> {
        let mut text = String::new();
        let parts = self.policies.len() as u32 + 1;
        {
            let area = SVGBackend::with_string(&mut text, (WIDTH, PART * parts));
            let area = area.into_drawing_area();
            area.fill(&WHITE)?;
            let areas = area.split_evenly((parts as usize, 1));
            self.draw_waits(&areas[0])?;
            for (of, area) in self.policies.iter().zip(&areas[1..]) {
                self.draw_supply(of, area)?;
            }
            area.present()?;
        }
        Ok(text)
    }

    /// The share of requests that waited no longer than a given time, in percent. Higher is better.
    fn draw_waits(&self, area: &ChartArea<'_>) -> DrawResult {
        let steps = self.policies.iter().map(|of| of.waits.len()).max();
        let minutes = steps.unwrap_or(1) as f64 * STEP_MS as f64 / 60_000.0;
        let caption = format!("{}: picked up within so many minutes", self.scenario);
        let mut chart = frame(area, caption).build_cartesian_2d(0.0..minutes, 0.0..100.0)?;
        chart.configure_mesh().y_desc("% of the requests").draw()?;
        for (of, colour) in self.policies.iter().zip(COLOURS.iter().cycle()) {
            let all = self.requests.max(1) as f64;
            let mut waited = 0;
            // The last step has no upper end.
            let ends = of.waits.iter().take(of.waits.len() - 1).enumerate();
            let points = ends.map(|(step, count)| {
                waited += count;
                let minute = (step + 1) as f64 * STEP_MS as f64 / 60_000.0;
                (minute, waited as f64 * 100.0 / all)
            });
            let points = std::iter::once((0.0, 0.0)).chain(points);
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(of.policy.clone())
                .legend(key(*colour));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE)
            .draw()?;
        Ok(())
    }

    /// What the drivers did: with a rider at the bottom, coming to a rider above that, waiting on top.
    fn draw_supply(&self, of: &PolicyResult, area: &ChartArea<'_>) -> DrawResult {
        let (begin, end) = self.span_ms;
        let hours = hour(begin)..hour(end);
        let mut chart = frame(area, format!("{}: drivers over the day", of.policy))
            .build_cartesian_2d(hours, 0.0..self.drivers as f64 * 1.02)?;
        chart.configure_mesh().x_desc("hour").draw()?;
        for (colour, (name, count)) in LAYERS {
            let points = of
                .supply
                .iter()
                .map(|at| (hour(at.at_ms), count(at) as f64));
            chart
                .draw_series(AreaSeries::new(points, 0.0, colour.mix(0.7)))?
                .label(name)
                .legend(key(colour));
        }
        let looked_for = of.supply.iter();
        let looked_for = looked_for.map(|at| (hour(at.at_ms), at.looked_for as f64));
        let black = RGBColor(0, 0, 0);
        chart
            .draw_series(LineSeries::new(looked_for, black.stroke_width(1)))?
            .label("riders who look for a driver")
            .legend(key(black));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .draw()?;
        Ok(())
    }
}

/// A chart with a caption and room for the labels of its axes.
fn frame<'a, 'b>(area: &'a ChartArea<'b>, caption: String) -> ChartBuilder<'a, 'a, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart
        .caption(caption, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(44);
    chart
}

fn hour(ms: i64) -> f64 {
    ms as f64 / 3_600_000.0
}

/// A short line of that colour, for the legend.
fn key(colour: RGBColor) -> impl Fn((i32, i32)) -> PathElement<(i32, i32)> {
    move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
}
