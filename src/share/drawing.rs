//! Filled shapes on a sheet, as PNG or PDF. Letters are shapes, too, so that both look alike in every viewer.

use krilla::color::rgb;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::{Document, geom};
use tiny_skia::{Paint, Path, PathBuilder, PathSegment, Pixmap, Rect, Transform};

use super::colour::Colour;

/// Points an inch.
const POINTS: f32 = 72.0;

/// A sheet.
pub(super) struct Drawing {
    /// Width and height in points.
    size: (f32, f32),
    shapes: Vec<Shape>,
}

struct Shape {
    outline: Path,
    colour: Colour,
    /// Whether its pixels are all or nothing.
    is_sharp: bool,
}

impl Drawing {
    /// An empty sheet of `size` in points.
    pub(super) const fn new(size: (f32, f32)) -> Self {
        Self {
            size,
            shapes: Vec::new(),
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
        let mut picture = Pixmap::new(pixels(width * scale), pixels(height * scale))?;
        for shape in &self.shapes {
            let mut paint = Paint::default();
            let [red, green, blue] = shape.colour.bytes();
            paint.set_color_rgba8(red, green, blue, 255);
            paint.anti_alias = !shape.is_sharp;
            picture.fill_path(
                &shape.outline,
                &paint,
                tiny_skia::FillRule::Winding,
                Transform::from_scale(scale, scale),
                None,
            );
        }
        picture.encode_png().ok()
    }

    /// The sheet as a PDF of one page. It tells no time, so that the same drawing gives the same file.
    pub(super) fn pdf(&self, title: &str, lang: &str) -> Option<Vec<u8>> {
        let (width, height) = self.size;
        let mut document = Document::new();
        let mut page = document.start_page_with(PageSettings::from_wh(width, height)?);
        let mut surface = page.surface();
        for shape in &self.shapes {
            let [red, green, blue] = shape.colour.bytes();
            surface.set_fill(Some(Fill {
                paint: rgb::Color::new(red, green, blue).into(),
                rule: FillRule::NonZero,
                ..Fill::default()
            }));
            surface.draw_path(&in_pdf(&shape.outline)?);
        }
        surface.finish();
        page.finish();
        document.set_metadata(
            Metadata::new()
                .title(title.to_owned())
                .language(lang.to_owned())
                .creator("Entrypass".to_owned()),
        );
        document.finish().ok()
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

fn in_pdf(path: &Path) -> Option<geom::Path> {
    let mut copy = geom::PathBuilder::new();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(to) => copy.move_to(to.x, to.y),
            PathSegment::LineTo(to) => copy.line_to(to.x, to.y),
            PathSegment::QuadTo(by, to) => copy.quad_to(by.x, by.y, to.x, to.y),
            PathSegment::CubicTo(a, b, to) => copy.cubic_to(a.x, a.y, b.x, b.y, to.x, to.y),
            PathSegment::Close => copy.close(),
        }
    }
    copy.finish()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "paper is some hundred points wide"
)]
fn pixels(length: f32) -> u32 {
    length.round() as u32
}
