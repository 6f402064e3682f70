//! QR codes.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use tiny_skia::Path;

use super::colour::Colour;
use super::drawing::{Drawing, rectangle, rectangles};
use super::escaped;

/// Light modules around a code, as ISO/IEC 18004 wants them.
const QUIET: usize = 4;

/// Side of the square page of a code's PDF, in points: 8 cm.
const PAGE: f32 = 226.77;

/// Why there is no code, or no picture of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The address does not fit into the largest code.
    #[error("the address is too long for a QR code")]
    TooLong,
    /// A picture of that size would have modules of no pixel; says how many pixels there must be at least.
    #[error("must be at least {0} for this address")]
    TooSmall(u32),
    /// The picture could not be written.
    #[error("the picture could not be written")]
    Broken,
}

/// The QR code of an address, with error correction M.
#[derive(Debug, Clone)]
pub struct Code {
    address: String,
    /// Modules a side, the quiet zone left out.
    modules: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The code of a link's `url` as it is scanned: with `?via=qr`.
    ///
    /// # Errors
    /// [`QrError::TooLong`].
    pub fn of_link(url: &str) -> Result<Self, QrError> {
        let address = format!("{url}?via=qr");
        let plain = encode(&address)?;
        let upper = encode(&in_upper_case(&address))?;
        // Readers show what is in the code: capitals only where they make it smaller.
        let code = if upper.width() < plain.width() {
            upper
        } else {
            plain
        };
        Ok(Self::new(address, code))
    }

    /// The code of a text as it is.
    ///
    /// # Errors
    /// [`QrError::TooLong`].
    pub fn of_text(text: &str) -> Result<Self, QrError> {
        Ok(Self::new(text.to_owned(), encode(text)?))
    }

    fn new(address: String, code: QrCode) -> Self {
        Self {
            address,
            modules: code.width(),
            dark: code
                .into_colors()
                .into_iter()
                .map(|c| c == Color::Dark)
                .collect(),
        }
    }

    /// Modules a side, with the quiet zone.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.modules + 2 * QUIET
    }

    /// The dark modules as the data of one SVG path, in modules from the corner of the quiet zone: a rectangle for each
    /// run of a row.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (x, y, length) in self.runs() {
            let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
        }
        path
    }

    /// The code as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let (side, title, path) = (self.side(), escaped(&self.address), self.path());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
             aria-labelledby=\"title\" shape-rendering=\"crispEdges\">\n\
             <title id=\"title\">QR code: {title}</title>\n\
             <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\n\
             <path fill=\"#000\" d=\"{path}\"/>\n</svg>\n"
        )
    }

    /// The code as a PNG of `size` pixels a side. Modules have a whole number of pixels; what is left over widens the
    /// quiet zone.
    ///
    /// # Errors
    /// [`QrError::TooSmall`].
    pub fn png(&self, size: u32) -> Result<Vec<u8>, QrError> {
        let least = u32::try_from(self.side()).unwrap_or(u32::MAX);
        let scale = size / least;
        if scale == 0 {
            return Err(QrError::TooSmall(least));
        }
        let pixels = size as usize;
        let (scale, modules) = (scale as usize, self.modules);
        let margin = (pixels - modules * scale) / 2;
        let row_bytes = pixels.div_ceil(8);
        let mut image = vec![0xff; row_bytes * pixels];
        for y in margin..margin + modules * scale {
            let row = &self.dark[(y - margin) / scale * modules..][..modules];
            for x in (margin..margin + modules * scale).filter(|x| row[(x - margin) / scale]) {
                image[y * row_bytes + x / 8] &= !(0x80 >> (x % 8));
            }
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, size, size);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&image));
        written.map(|()| file).map_err(|_| QrError::Broken)
    }

    /// The code alone as a PDF of one page, 8 cm a side.
    ///
    /// # Errors
    /// [`QrError::Broken`].
    pub fn pdf(&self) -> Result<Vec<u8>, QrError> {
        let mut drawing = Drawing::new((PAGE, PAGE));
        drawing.fill(rectangle(0.0, 0.0, PAGE, PAGE), Colour::WHITE);
        drawing.fill_sharp(self.outline(0.0, 0.0, PAGE), Colour::BLACK);
        drawing.pdf(&self.address, "en").ok_or(QrError::Broken)
    }

    /// The dark modules in a square of that `side`.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a code has at most 185 modules a side"
    )]
    pub(super) fn outline(&self, left: f32, top: f32, side: f32) -> Option<Path> {
        let scale = side / self.side() as f32;
        let at = |module: usize| module as f32 * scale;
        rectangles(
            self.runs()
                .into_iter()
                .map(|(x, y, length)| (left + at(x), top + at(y), at(length), scale)),
        )
    }

    /// The runs of dark modules in each row: from where, counted from the corner of the quiet zone, and how long.
    fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs = Vec::new();
        for (y, row) in self.dark.chunks(self.modules).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run[0] {
                    runs.push((x + QUIET, y + QUIET, run.len()));
                }
                x += run.len();
            }
        }
        runs
    }
}

fn encode(text: &str) -> Result<QrCode, QrError> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError::TooLong)
}

/// The same address in the letters of the dense alphanumeric mode: scheme and host have no case, and slugs match without
/// regard to it. The query stays as it is, in a segment of bytes: `via` has a case.
fn in_upper_case(address: &str) -> String {
    let (path, query) = address.split_at(address.find('?').unwrap_or(address.len()));
    path.to_ascii_uppercase() + query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_taken_only_where_they_make_the_code_smaller() {
        let smaller = Code::of_link("https://verify.example.com/berlin-fair").unwrap();
        let plain = encode("https://verify.example.com/berlin-fair?via=qr").unwrap();
        assert!(smaller.modules < plain.width());
        let same = Code::of_link("https://a.io/abc").unwrap();
        let plain = encode("https://a.io/abc?via=qr").unwrap();
        assert_eq!(same.modules, plain.width());
        let dark: Vec<bool> = plain
            .into_colors()
            .iter()
            .map(|c| *c == Color::Dark)
            .collect();
        assert_eq!(same.dark, dark);
    }

    #[test]
    fn the_path_draws_each_dark_module_once() {
        let code = Code::of_link("https://a.io/abc").unwrap();
        let lengths = code.path();
        let drawn: usize = lengths
            .split('M')
            .skip(1)
            .map(|run| {
                let run = run.split_once('h').unwrap().1;
                run.split_once('v').unwrap().0.parse::<usize>().unwrap()
            })
            .sum();
        assert_eq!(drawn, code.dark.iter().filter(|dark| **dark).count());
    }

    #[test]
    fn a_picture_that_would_swallow_modules_is_refused_with_the_least_size() {
        let code = Code::of_link(&format!("https://{}.example/x", "a".repeat(600))).unwrap();
        let Err(QrError::TooSmall(least)) = code.png(64) else {
            panic!("modules of no pixel");
        };
        assert!(code.png(least - 1).is_err());
        assert!(code.png(least).is_ok());
        assert_eq!(
            Code::of_link(&format!("https://{}/x", "a".repeat(4000))).err(),
            Some(QrError::TooLong)
        );
    }
}
