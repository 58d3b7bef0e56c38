//! Real trips, read from a file.

/// Degrees of latitude and longitude.
pub type Place = (f64, f64);

/// Both ends of the trips in a CSV file whose first columns are `id,lat,lon,lat,lon`, under a header line.
pub fn read(file: &str) -> Vec<(Place, Place)> {
    let reader = csv::Reader::from_path(file);
    let records = reader.expect("the file of trips is there").into_records();
    let trips = records.map(|record| {
        let record = record.expect("a line of a CSV file");
        let degrees = |column| -> f64 {
            let number: Option<f64> = record.get(column).and_then(|it| it.parse().ok());
            number.unwrap_or_else(|| panic!("a trip has two places: {record:?}"))
        };
        ((degrees(1), degrees(2)), (degrees(3), degrees(4)))
    });
    trips.collect()
}
