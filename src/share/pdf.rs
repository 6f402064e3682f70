//! Drawings as PDF.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Ref, TextStr};
use tiny_skia::{ColorU8, Path, PathSegment, Point, PremultipliedColorU8};

use super::drawing::{Drawing, Picture};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
const PICTURE: Ref = Ref::new(6);
const OPACITY: Ref = Ref::new(7);
const PICTURE_NAME: Name<'_> = Name(b"P");

/// A drawing as a PDF of one page; none: it could not be written.
pub(super) fn write(drawing: &Drawing, title: &str, lang: &str) -> Option<Vec<u8>> {
    let (width, height) = drawing.size;
    let mut pdf = Pdf::new();
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES).lang(TextStr(lang));
    catalog.viewer_preferences().display_doc_title(true);
    catalog.finish();
    let mut info = pdf.document_info(INFO);
    info.title(TextStr(title)).creator(TextStr("Entrypass"));
    info.finish();
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut page = pdf.page(PAGE);
    page.parent(PAGES).contents(CONTENT);
    page.media_box(pdf_writer::Rect::new(0.0, 0.0, width, height));
    let mut resources = page.resources();
    if drawing.picture.is_some() {
        resources.x_objects().pair(PICTURE_NAME, PICTURE);
    }
    resources.finish();
    page.finish();
    let content = packed(&content(drawing))?;
    pdf.stream(CONTENT, &content).filter(Filter::FlateDecode);
    if let Some(picture) = &drawing.picture {
        embed(&mut pdf, picture)?;
    }
    Some(pdf.finish())
}

fn content(drawing: &Drawing) -> Vec<u8> {
    let mut content = Content::new();
    // From the upper left corner down, as everything else here counts.
    content.transform([1.0, 0.0, 0.0, -1.0, 0.0, drawing.size.1]);
    for shape in &drawing.shapes {
        let [red, green, blue] = shape.colour.bytes().map(|part| f32::from(part) / 255.0);
        content.set_fill_rgb(red, green, blue);
        outline(&mut content, &shape.outline);
        content.fill_nonzero();
    }
    if let Some(picture) = &drawing.picture {
        let (width, height) = picture.size;
        // Pictures are one unit wide and high, and stand upright from their lower edge.
        let place = [width, 0.0, 0.0, -height, picture.left, picture.top + height];
        content.transform(place).x_object(PICTURE_NAME);
    }
    content.finish().to_vec()
}

fn outline(content: &mut Content, path: &Path) {
    let mut from = Point::zero();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(to) => {
                content.move_to(short(to.x), short(to.y));
                from = to;
            }
            PathSegment::LineTo(to) => {
                content.line_to(short(to.x), short(to.y));
                from = to;
            }
            PathSegment::QuadTo(by, to) => {
                // PDF has cubic curves alone: this one is the same.
                let towards = |end: f32, by: f32| end + (by - end) * 2.0 / 3.0;
                let a = Point::from_xy(towards(from.x, by.x), towards(from.y, by.y));
                let b = Point::from_xy(towards(to.x, by.x), towards(to.y, by.y));
                curve(content, a, b, to);
                from = to;
            }
            PathSegment::CubicTo(a, b, to) => {
                curve(content, a, b, to);
                from = to;
            }
            PathSegment::Close => {
                content.close_path();
            }
        }
    }
}

fn curve(content: &mut Content, a: Point, b: Point, to: Point) {
    let [ax, ay, bx, by, x, y] = [a.x, a.y, b.x, b.y, to.x, to.y].map(short);
    content.cubic_to(ax, ay, bx, by, x, y);
}

/// To the thousandth of a point: finer than any printer, and half the file.
fn short(length: f32) -> f32 {
    (length * 1000.0).round() / 1000.0
}

/// Writes the pixels of a picture, colours and opacity apart.
fn embed(pdf: &mut Pdf, picture: &Picture) -> Option<()> {
    let pixels = picture.pixels.pixels().iter();
    let pixels = pixels.map(PremultipliedColorU8::demultiply);
    let colours: Vec<u8> = pixels
        .clone()
        .flat_map(|p: ColorU8| [p.red(), p.green(), p.blue()])
        .collect();
    let opacity: Vec<u8> = pixels.map(ColorU8::alpha).collect();
    let width = i32::try_from(picture.pixels.width()).ok()?;
    let height = i32::try_from(picture.pixels.height()).ok()?;
    let (colours, opacity) = (packed(&colours)?, packed(&opacity)?);
    let mut image = pdf.image_xobject(PICTURE, &colours);
    image.filter(Filter::FlateDecode);
    image.width(width).height(height).bits_per_component(8);
    image.color_space().device_rgb();
    image.s_mask(OPACITY);
    image.finish();
    let mut mask = pdf.image_xobject(OPACITY, &opacity);
    mask.filter(Filter::FlateDecode);
    mask.width(width).height(height).bits_per_component(8);
    mask.color_space().device_gray();
    Some(())
}

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).ok()?;
    packer.finish().ok()
}
