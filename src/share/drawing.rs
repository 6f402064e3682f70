//! Filled shapes and a picture on a sheet, as PNG or PDF. Letters are shapes, too, so that both look alike in every viewer.

use tiny_skia::{FilterQuality, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, Transform};

use super::colour::Colour;
use super::pdf;

/// Points an inch.
const POINTS: f32 = 72.0;

/// A sheet.
pub(super) struct Drawing {
    /// Width and height in points.
    pub(super) size: (f32, f32),
    pub(super) shapes: Vec<Shape>,
    /// Lies above the shapes.
    pub(super) picture: Option<Picture>,
}

pub(super) struct Shape {
    pub(super) outline: Path,
    pub(super) colour: Colour,
    /// Whether its pixels are all or nothing.
    is_sharp: bool,
}

/// Pixels and where they lie, in points.
pub(super) struct Picture {
    pub(super) pixels: Pixmap,
    pub(super) left: f32,
    pub(super) top: f32,
    /// Width and height in points.
    pub(super) size: (f32, f32),
}

impl Drawing {
    /// An empty sheet of `size` in points.
    pub(super) const fn new(size: (f32, f32)) -> Self {
        Self {
            size,
            shapes: Vec::new(),
            picture: None,
        }
    }

    /// Fills a shape; none: an empty one.
    pub(super) fn fill(&mut self, outline: Option<Path>, colour: Colour) {
        self.add(outline, colour, false);
    }

    /// Fills a shape whose edges are upright or level, with no half-tones at them.
    pub(super) fn fill_sharp(&mut self, outline: Option<Path>, colour: Colour) {
        self.add(outline, colour, true);
    }

    fn add(&mut self, outline: Option<Path>, colour: Colour, is_sharp: bool) {
        self.shapes.extend(outline.map(|outline| Shape {
            outline,
            colour,
            is_sharp,
        }));
    }

    /// The sheet as PNG of so many dots an inch.
    pub(super) fn png(&self, dpi: f32) -> Option<Vec<u8>> {
        let scale = dpi / POINTS;
        let (width, height) = self.size;
        let mut sheet = Pixmap::new(pixels(width * scale), pixels(height * scale))?;
        for shape in &self.shapes {
            let mut paint = Paint::default();
            let [red, green, blue] = shape.colour.bytes();
            paint.set_color_rgba8(red, green, blue, 255);
            paint.anti_alias = !shape.is_sharp;
            sheet.fill_path(
                &shape.outline,
                &paint,
                tiny_skia::FillRule::Winding,
                Transform::from_scale(scale, scale),
                None,
            );
        }
        if let Some(picture) = &self.picture {
            let paint = PixmapPaint {
                quality: FilterQuality::Bicubic,
                ..PixmapPaint::default()
            };
            let (wide, high) = picture.size;
            let (columns, rows) = (picture.pixels.width(), picture.pixels.height());
            let place = Transform::from_scale(wide / length(columns), high / length(rows))
                .post_translate(picture.left, picture.top)
                .post_scale(scale, scale);
            sheet.draw_pixmap(0, 0, picture.pixels.as_ref(), &paint, place, None);
        }
        sheet.encode_png().ok()
    }

    /// The sheet as a PDF of one page. It tells no time, so that the same drawing gives the same file.
    pub(super) fn pdf(&self, title: &str, lang: &str) -> Option<Vec<u8>> {
        pdf::write(self, title, lang)
    }
}

/// A rectangle.
pub(super) fn rectangle(left: f32, top: f32, width: f32, height: f32) -> Option<Path> {
    rectangles(std::iter::once((left, top, width, height)))
}

/// Rectangles of left, top, width and height.
pub(super) fn rectangles(all: impl Iterator<Item = (f32, f32, f32, f32)>) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (left, top, width, height) in all {
        path.push_rect(Rect::from_xywh(left, top, width, height)?);
    }
    path.finish()
}

/// A circle.
pub(super) fn circle(x: f32, y: f32, radius: f32) -> Option<Path> {
    PathBuilder::from_circle(x, y, radius)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "paper is some hundred points wide"
)]
fn pixels(length: f32) -> u32 {
    length.round() as u32
}

/// So many pixels as a length.
#[expect(clippy::cast_precision_loss, reason = "some thousand pixels")]
pub(super) const fn length(pixels: u32) -> f32 {
    pixels as f32
}
