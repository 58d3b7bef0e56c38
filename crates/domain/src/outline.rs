//! Thins out a path so that it can be shown.

use super::place::Coordinates;

/// About how many points of a path are shown.
pub const OUTLINE_MAX: usize = 2_000;

/// The same segments with fewer points, for display only: every n-th point, and both ends of each segment.
pub fn outline(segments: &[Vec<Coordinates>]) -> Vec<Vec<Coordinates>> {
    let count: usize = segments.iter().map(Vec::len).sum();
    let step = count.div_ceil(OUTLINE_MAX).max(1);
    let thinned = segments.iter().map(|segment| {
        let last = segment.len().saturating_sub(1);
        let points = segment.iter().enumerate();
        let shown = points.filter(|(index, _)| index % step == 0 || *index == last);
        shown.map(|(_, point)| *point).collect()
    });
    thinned.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(count: u32) -> Vec<Coordinates> {
        let point = |at: u32| Coordinates::new(f64::from(at) / 1_000.0, 0.0).expect("on earth");
        (0..count).map(point).collect()
    }

    #[test]
    fn a_short_way_is_shown_as_it_is() {
        let path = vec![segment(2_000 - 1), segment(1)];
        assert_eq!(outline(&path), path);
        assert!(outline(&[]).is_empty());
    }

    #[test]
    fn a_long_way_keeps_the_ends_of_its_segments() {
        let path = [segment(15_000), segment(2), segment(4_998)];
        let shown = outline(&path);
        assert_eq!(shown.len(), 3);
        for (shown, whole) in shown.iter().zip(&path) {
            assert_eq!((shown.first(), shown.last()), (whole.first(), whole.last()));
        }
        let count: usize = shown.iter().map(Vec::len).sum();
        assert!((OUTLINE_MAX..=OUTLINE_MAX + 6).contains(&count), "{count}");
    }
}
