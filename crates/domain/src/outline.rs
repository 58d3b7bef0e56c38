//! What is shown of a way.

use super::place::Coordinates;

/// About how many places of a way are shown.
pub const OUTLINE_MAX: usize = 2_000;

/// The same segments with fewer places, for the eye alone: every so manieth, and both ends of each segment.
pub fn outline(segments: &[Vec<Coordinates>]) -> Vec<Vec<Coordinates>> {
    let places: usize = segments.iter().map(Vec::len).sum();
    let step = places.div_ceil(OUTLINE_MAX).max(1);
    let thinned = segments.iter().map(|segment| {
        let last = segment.len().saturating_sub(1);
        let kept = segment.iter().enumerate();
        let kept = kept.filter(|(at, _)| at % step == 0 || *at == last);
        kept.map(|(_, place)| *place).collect()
    });
    thinned.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(places: u32) -> Vec<Coordinates> {
        let place = |at: u32| Coordinates::new(f64::from(at) / 1_000.0, 0.0).expect("on earth");
        (0..places).map(place).collect()
    }

    #[test]
    fn a_short_way_is_shown_as_it_is() {
        let way = vec![segment(2_000 - 1), segment(1)];
        assert_eq!(outline(&way), way);
        assert!(outline(&[]).is_empty());
    }

    #[test]
    fn a_long_way_keeps_the_ends_of_its_segments() {
        let way = [segment(15_000), segment(2), segment(4_998)];
        let shown = outline(&way);
        assert_eq!(shown.len(), 3);
        for (shown, whole) in shown.iter().zip(&way) {
            assert_eq!((shown.first(), shown.last()), (whole.first(), whole.last()));
        }
        let places: usize = shown.iter().map(Vec::len).sum();
        assert!(
            (OUTLINE_MAX..=OUTLINE_MAX + 6).contains(&places),
            "{places}"
        );
    }
}
