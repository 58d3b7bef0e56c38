//! Photos of people. What strangers send is made anew, small, before anything of it is kept: whatever else the file
//! carries, such as where the picture was taken, is gone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Cursor;
use std::net::IpAddr;
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest side of a photo that is kept, in pixels.
const SIDE_MAX: u32 = 512;
/// How much memory a picture may take while it is read, in bytes; one is read at a time.
const DECODED_MAX: u64 = 128 * 1024 * 1024;
/// How well a JPEG is kept, of 100.
const QUALITY: u8 = 85;
/// How many photos may be on their way at once.
const COMING_MAX: usize = 32;
/// How many of them from one address: whoever sends slowly holds a place for long.
const COMING_MAX_EACH: usize = 3;

/// Which rule a photo breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// No picture of a kind that is read.
    #[error(
        "Upload a valid image. The file you uploaded was either not an image or a corrupted image. JPEG, PNG, GIF and WebP are read."
    )]
    NoPicture,
    /// So many pixels that it would take too much memory.
    #[error("The picture has too many pixels.")]
    TooManyPixels,
}

/// Room for a photo that is on its way.
pub struct Coming {
    _place: OwnedSemaphorePermit,
    from: Option<IpAddr>,
    senders: Senders,
}

impl Drop for Coming {
    fn drop(&mut self) {
        let mut senders = self.senders.lock();
        if let Some(from) = self.from
            && let Entry::Occupied(mut sender) = senders.entry(from)
        {
            *sender.get_mut() -= 1;
            if *sender.get() == 0 {
                sender.remove();
            }
        }
    }
}

/// How many photos are on their way from each address.
type Senders = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Makes photos small; cheap to clone.
#[derive(Clone)]
pub struct Photos {
    coming: Arc<Semaphore>,
    senders: Senders,
    reading: Arc<Semaphore>,
}

impl Default for Photos {
    fn default() -> Self {
        Self {
            coming: Arc::new(Semaphore::new(COMING_MAX)),
            senders: Arc::default(),
            reading: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Photos {
    /// Room for one more from this address, or from wherever that is not counted, if there is any.
    pub fn expect(&self, from: Option<IpAddr>) -> Option<Coming> {
        let place = self.coming.clone().try_acquire_owned().ok()?;
        if let Some(from) = from {
            let mut senders = self.senders.lock();
            let count = senders.entry(from).or_default();
            if *count >= COMING_MAX_EACH {
                return None;
            }
            *count += 1;
        }
        Some(Coming {
            _place: place,
            from,
            senders: self.senders.clone(),
        })
    }

    /// The photo as it is kept, a JPEG.
    pub async fn shrink(&self, file: Vec<u8>) -> Result<Vec<u8>, PhotoError> {
        let turn = self.reading.clone().acquire_owned().await;
        let work = move || {
            let _turn = turn;
            shrunk(&file)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or(Err(PhotoError::NoPicture))
    }
}

fn shrunk(file: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|_| PhotoError::NoPicture)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODED_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| rule(&error))?;
    if decoder.total_bytes() > DECODED_MAX {
        return Err(PhotoError::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| rule(&error))?;
    let mut picture = if picture.width().max(picture.height()) > SIDE_MAX {
        picture.thumbnail(SIDE_MAX, SIDE_MAX)
    } else {
        picture
    };
    picture.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    let written = picture.to_rgb8().write_with_encoder(encoder);
    written.map_err(|error| rule(&error))?;
    Ok(jpeg)
}

/// Which rule a picture breaks that cannot be read.
fn rule(error: &ImageError) -> PhotoError {
    if matches!(error, ImageError::Limits(_)) {
        PhotoError::TooManyPixels
    } else {
        PhotoError::NoPicture
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, RgbImage, RgbaImage};

    use super::*;

    fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).expect("a picture");
        file.into_inner()
    }

    fn read(jpeg: &[u8]) -> RgbImage {
        let read = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg);
        read.expect("a JPEG").to_rgb8()
    }

    #[test]
    fn no_address_takes_the_room_of_the_others() {
        let photos = Photos::default();
        let address = |n: u8| Some(IpAddr::from([192, 0, 2, n]));
        let held: Vec<Coming> = (0..100).map_while(|_| photos.expect(address(1))).collect();
        assert_eq!(held.len(), COMING_MAX_EACH);
        assert!(photos.expect(address(2)).is_some());
        drop(held);
        let held: Vec<Coming> = (0..100)
            .filter_map(|n| photos.expect(address(n / 2)))
            .collect();
        assert_eq!(held.len(), COMING_MAX, "there is an end for all together");
        assert!(photos.expect(None).is_none());
        drop(held);
        let held: Vec<Coming> = (0..100).map_while(|_| photos.expect(None)).collect();
        assert_eq!(held.len(), COMING_MAX, "nobody counts what is not limited");
        drop(held);
        assert!(photos.senders.lock().is_empty());
    }

    #[test]
    fn every_kind_of_picture_becomes_a_small_jpeg() {
        let wide = RgbImage::from_pixel(1_200, 600, Rgb([200, 30, 30]));
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::Gif,
            ImageFormat::WebP,
        ] {
            let kept = shrunk(&written(&wide.clone().into(), format)).expect("a picture");
            let kept = read(&kept);
            assert_eq!(kept.dimensions(), (512, 256), "{format:?}");
            assert!(kept.get_pixel(100, 100).0[0] > 150, "{format:?}");
        }
        let small = RgbaImage::new(3, 2);
        let kept = shrunk(&written(&small.into(), ImageFormat::Png)).expect("a picture");
        assert_eq!(read(&kept).dimensions(), (3, 2));
    }

    /// A phone writes beside its picture which way it was held, and where.
    #[test]
    fn a_photo_stands_upright_and_says_nothing_of_where_it_was_taken() {
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let lying = RgbImage::from_pixel(40, 20, Rgb([9, 9, 9]));
        let plain = written(&lying.into(), ImageFormat::Jpeg);
        let mut file = plain[..2].to_vec();
        file.extend([0xff, 0xe1]);
        let length = u16::try_from(exif.len() + 2).expect("it is short");
        file.extend(length.to_be_bytes());
        file.extend(exif);
        file.extend(&plain[2..]);
        let kept = shrunk(&file).expect("a picture");
        assert_eq!(read(&kept).dimensions(), (20, 40));
        assert!(!kept.windows(4).any(|four| four == b"Exif"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let png = written(&RgbImage::new(9, 9).into(), ImageFormat::Png);
        for file in [
            &b""[..],
            b"GIF89a",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<script>alert(1)</script>",
            &png[..40],
        ] {
            assert_eq!(shrunk(file), Err(PhotoError::NoPicture), "{file:?}");
        }
    }

    /// 60,000 pixels a side are a few bytes of PNG and gigabytes of memory.
    #[test]
    fn a_picture_that_would_take_too_much_memory_is_not_read() {
        let mut png = written(&RgbImage::new(9, 9).into(), ImageFormat::Png);
        for at in [16, 20] {
            png[at..at + 4].copy_from_slice(&60_000_u32.to_be_bytes());
        }
        let sum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(shrunk(&png), Err(PhotoError::TooManyPixels));
    }

    /// The check sum of a piece of a PNG.
    fn crc(bytes: &[u8]) -> u32 {
        let step = |sum: u32, _| {
            if sum & 1 == 1 {
                0xedb8_8320 ^ (sum >> 1)
            } else {
                sum >> 1
            }
        };
        let all = bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), step)
        });
        !all
    }
}
