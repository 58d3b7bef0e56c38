//! Photos of people. A photo that somebody uploads is encoded anew, small, before any of it is kept. So whatever else
//! the file carries, such as where the picture was taken, is gone.

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
/// How much memory a picture may take while it is decoded, in bytes. Only one is decoded at a time.
const DECODED_MAX: u64 = 128 * 1024 * 1024;
/// The quality of the JPEG that is kept, out of 100.
const QUALITY: u8 = 85;
/// The most photos that may be uploaded at the same time.
const UPLOADS_MAX: usize = 32;
/// The most uploads from one address: a slow sender holds a slot for long.
const UPLOADS_PER_ADDRESS_MAX: usize = 3;

/// Which rule a photo breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// The file is no picture of a supported format.
    #[error(
        "Upload a valid image. The file you uploaded was either not an image or a corrupted image. JPEG, PNG, GIF and WebP are read."
    )]
    NoPicture,
    /// Decoding the picture would take too much memory.
    #[error("The picture has too many pixels.")]
    TooManyPixels,
}

/// Permission to upload one photo. Dropping it makes room for another.
pub struct PhotoUpload {
    _permit: OwnedSemaphorePermit,
    from: Option<IpAddr>,
    senders: Senders,
}

impl Drop for PhotoUpload {
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

/// How many photos are being uploaded from each address.
type Senders = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Limits uploads, and shrinks photos; cheap to clone.
#[derive(Clone)]
pub struct Photos {
    uploads: Arc<Semaphore>,
    senders: Senders,
    reading: Arc<Semaphore>,
}

impl Default for Photos {
    fn default() -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            senders: Arc::default(),
            reading: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Photos {
    /// Makes room for one more upload, if there is any. Addresses are counted; without one only the total counts.
    pub fn expect(&self, from: Option<IpAddr>) -> Option<PhotoUpload> {
        let permit = self.uploads.clone().try_acquire_owned().ok()?;
        if let Some(from) = from {
            let mut senders = self.senders.lock();
            let count = senders.entry(from).or_default();
            if *count >= UPLOADS_PER_ADDRESS_MAX {
                return None;
            }
            *count += 1;
        }
        Some(PhotoUpload {
            _permit: permit,
            from,
            senders: self.senders.clone(),
        })
    }

    /// Shrinks a photo to the JPEG that is kept.
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

/// The rule that an unreadable picture breaks.
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
        let held: Vec<PhotoUpload> = (0..100).map_while(|_| photos.expect(address(1))).collect();
        assert_eq!(held.len(), UPLOADS_PER_ADDRESS_MAX);
        assert!(photos.expect(address(2)).is_some());
        drop(held);
        let held: Vec<PhotoUpload> = (0..100)
            .filter_map(|n| photos.expect(address(n / 2)))
            .collect();
        assert_eq!(
            held.len(),
            UPLOADS_MAX,
            "all addresses together have a limit"
        );
        assert!(photos.expect(None).is_none());
        drop(held);
        let held: Vec<PhotoUpload> = (0..100).map_while(|_| photos.expect(None)).collect();
        assert_eq!(
            held.len(),
            UPLOADS_MAX,
            "without an address only the total counts"
        );
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

    /// A phone writes into the file which way it was held, and where.
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

    /// 60,000 pixels a side take a few bytes of PNG and gigabytes of memory.
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

    /// The checksum of a PNG chunk.
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
