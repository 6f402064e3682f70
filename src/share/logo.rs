//! Logos: pictures of the operator's, checked before anything is drawn from them.

use super::drawing::length;
use resvg::usvg::{self, Group, Node, Tree, roxmltree};
use tiny_skia::{FilterQuality, Pixmap, PixmapPaint, Transform};

/// Most bytes of a file.
pub const FILE_MAX: usize = 1024 * 1024;

/// Most pixels a side of a PNG.
const SIDE_MAX: u32 = 4000;

/// A logo is kept with at most so many pixels a side: on a poster it is a few centimetres wide.
const SIDE_KEPT: u32 = 1200;

/// Most elements of an SVG, and most shapes that are drawn from them.
const ELEMENTS_MAX: u32 = 5_000;

/// Most places of an SVG that are cut by a path.
const CUTS_MAX: usize = 100;

/// Widest, or highest, in heights or widths.
const RATIO_MAX: f32 = 20.0;

/// The elements of SVG that a logo may have: shapes, and what they are filled and cut with. Not so what runs, what
/// refers to other files, text, which has no fonts here, and what repeats others: a few lines that refer to each other
/// can stand for more shapes than any memory holds.
const ELEMENTS: [&str; 18] = [
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "metadata",
    "style",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
];

/// Bytes of the stack that an SVG is read on; only what is used of it takes memory.
const STACK: usize = 256 * 1024 * 1024;

const SVG: &str = "http://www.w3.org/2000/svg";

/// A logo that may be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Logo {
    pub(super) pixels: Pixmap,
}

impl Logo {
    /// Reads a PNG or an SVG. Computes for up to some hundred milliseconds.
    ///
    /// # Errors
    /// A message for the one who sent it.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        if file.len() > FILE_MAX {
            return Err("must be at most 1 MiB".to_owned());
        }
        let pixels = if file.starts_with(b"\x89PNG") {
            of_png(file)?
        } else {
            let text = std::str::from_utf8(file).map_err(|_| "must be a PNG or an SVG")?;
            apart(|| of_svg(text))?
        };
        if pixels.pixels().iter().all(|pixel| pixel.alpha() == 0) {
            return Err("must show something: all of it is transparent".to_owned());
        }
        Ok(Self { pixels })
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> (f32, f32) {
        (length(self.pixels.width()), length(self.pixels.height()))
    }
}

fn of_png(file: &[u8]) -> Result<Pixmap, String> {
    const BROKEN: &str = "must be a PNG that can be read";
    let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info();
    let reader = reader.map_err(|_| BROKEN)?;
    let (width, height) = reader.info().size();
    if width > SIDE_MAX || height > SIDE_MAX {
        return Err(format!("must be at most {SIDE_MAX} pixels wide and high"));
    }
    check_ratio(length(width), length(height))?;
    let mut pixels = Pixmap::decode_png(file).map_err(|_| BROKEN)?;
    while pixels.width().max(pixels.height()) > SIDE_KEPT {
        pixels = halved(&pixels).ok_or(BROKEN)?;
    }
    Ok(pixels)
}

/// Half as wide and high, each pixel the mean of four.
fn halved(pixels: &Pixmap) -> Option<Pixmap> {
    let half = |side: u32| (side / 2).max(1);
    let mut smaller = Pixmap::new(half(pixels.width()), half(pixels.height()))?;
    let paint = PixmapPaint {
        quality: FilterQuality::Bilinear,
        ..PixmapPaint::default()
    };
    let scale = Transform::from_scale(
        length(smaller.width()) / length(pixels.width()),
        length(smaller.height()) / length(pixels.height()),
    );
    smaller.draw_pixmap(0, 0, pixels.as_ref(), &paint, scale, None);
    Some(smaller)
}

/// Calls `read` on a thread with room for elements in elements, some thousand deep.
fn apart(read: impl FnOnce() -> Result<Pixmap, String> + Send) -> Result<Pixmap, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, read);
        let read = thread.map(std::thread::ScopedJoinHandle::join);
        read.map_err(|_| "cannot be read now, for want of a thread")?
            .map_err(|_| "must be an SVG that can be read")?
    })
}

fn of_svg(text: &str) -> Result<Pixmap, String> {
    const BROKEN: &str = "must be an SVG that can be read";
    let limits = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: 10 * ELEMENTS_MAX,
        ..Default::default()
    };
    let document = roxmltree::Document::parse_with_options(text, limits);
    let document = document.map_err(|error| match error {
        roxmltree::Error::DtdDetected => "must be an SVG without a document type (<!DOCTYPE)",
        roxmltree::Error::NodesLimitReached => "must be an SVG of fewer elements",
        _ => "must be a PNG or an SVG",
    })?;
    if !document.root_element().has_tag_name((SVG, "svg")) {
        return Err("must be a PNG or an SVG".to_owned());
    }
    check_elements(&document)?;
    let options = usvg::Options {
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let tree = Tree::from_xmltree(&document, &options).map_err(|_| BROKEN)?;
    let mut left = ELEMENTS_MAX;
    spend(tree.root(), &mut left).ok_or("must be an SVG of fewer shapes")?;
    let (width, height) = (tree.size().width(), tree.size().height());
    check_ratio(width, height)?;
    let scale = length(SIDE_KEPT) / width.max(height);
    let side = |points: f32| whole(points * scale).clamp(1, SIDE_KEPT);
    let mut pixels = Pixmap::new(side(width), side(height)).ok_or(BROKEN)?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    Ok(pixels)
}

fn check_elements(document: &roxmltree::Document<'_>) -> Result<(), String> {
    let mut cuts = 0;
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        let name = element.tag_name();
        // What drawing programs note in namespaces of their own is not drawn.
        if name.namespace() == Some(SVG) && !ELEMENTS.contains(&name.name()) {
            let name: String = name.name().chars().take(40).collect();
            return Err(match &*name {
                "text" => "must be an SVG whose text is turned into paths".to_owned(),
                _ => format!("must be a plain SVG: <{name}> is not allowed"),
            });
        }
        let own = element.attributes().map(|a| (a.name(), a.value()));
        let style = element.text().filter(|_| name.name() == "style");
        for (name, value) in own.chain(style.map(|text| ("style", text))) {
            let is_link = name == "href" && !value.trim_start().starts_with('#');
            if is_link || refers_outside(value) {
                return Err("must be an SVG that refers to no other file".to_owned());
            }
            if name == "clip-path" || name == "style" && value.contains("clip-path") {
                cuts += 1;
                let inside = |node: &roxmltree::Node<'_, '_>| node.has_tag_name((SVG, "clipPath"));
                if element.has_tag_name((SVG, "style")) || element.ancestors().any(|n| inside(&n)) {
                    return Err("must be a plain SVG: clip-path is not allowed there".to_owned());
                }
            }
        }
    }
    if cuts > CUTS_MAX {
        return Err("must be an SVG of fewer elements with clip-path".to_owned());
    }
    Ok(())
}

/// Whether a value, or a style sheet, names another file.
fn refers_outside(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut addresses = value.split("url(").skip(1);
    value.contains("@import")
        || addresses.any(|rest| !rest.trim_start_matches([' ', '"', '\'']).starts_with('#'))
}

/// Takes what is drawn of a group off what is `left`; none: it is not enough.
fn spend(group: &Group, left: &mut u32) -> Option<()> {
    for node in group.children() {
        *left = left.checked_sub(1)?;
        if let Node::Group(inner) = node {
            spend(inner, left)?;
        }
    }
    if let Some(path) = group.clip_path() {
        spend(path.root(), left)?;
    }
    Some(())
}

fn check_ratio(width: f32, height: f32) -> Result<(), String> {
    if width.max(height) > RATIO_MAX * width.min(height) {
        return Err(format!(
            "must not be over {RATIO_MAX} times as wide as high, or as high as wide"
        ));
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of at most some thousand; a cast saturates"
)]
fn whole(length: f32) -> u32 {
    length.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> String {
        format!(
            "<svg xmlns=\"{SVG}\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 40 20\">{inside}</svg>"
        )
    }

    #[test]
    fn a_plain_picture_is_read_and_kept_in_a_fitting_size() {
        let drawn = svg(
            "<style>.a{fill:url(#g)}</style><defs><linearGradient id='g'><stop stop-color='red'/></linearGradient></defs>\
             <clipPath id='c'><rect width='9' height='9'/></clipPath><g clip-path='url(#c)'><path class='a' d='M0 0h20v20z'/></g>",
        );
        let logo = Logo::read(drawn.as_bytes()).unwrap();
        assert_eq!((logo.pixels.width(), logo.pixels.height()), (1200, 600));
        for (side, kept) in [(300, 300), (2500, 625)] {
            let mut picture = Pixmap::new(side, side).unwrap();
            picture.fill(tiny_skia::Color::from_rgba8(200, 0, 0, 255));
            let logo = Logo::read(&picture.encode_png().unwrap()).unwrap();
            assert_eq!(logo.pixels.width(), kept);
            assert_eq!(logo.pixels.pixel(kept / 2, kept / 2).unwrap().red(), 200);
        }
    }

    #[test]
    fn what_refers_outside_or_runs_is_refused() {
        for (inside, told) in [
            ("<script>alert(1)</script>", "<script>"),
            ("<image href='/etc/passwd'/>", "<image>"),
            ("<foreignObject/>", "<foreignObject>"),
            ("<filter id='f'/>", "<filter>"),
            ("<text>Acme</text>", "turned into paths"),
            (
                "<linearGradient href='http://example.com/a.svg#b'/>",
                "no other file",
            ),
            ("<linearGradient xlink:href='a.svg#b'/>", "no other file"),
            ("<use href='#a'/>", "<use>"),
            ("<g><mask id='m'/></g>", "<mask>"),
            (
                "<clipPath><rect style='clip-path:url(#a)'/></clipPath>",
                "clip-path",
            ),
            ("<clipPath clip-path='url(#a)'/>", "clip-path"),
            ("<style>rect{clip-path:url(#a)}</style>", "clip-path"),
            ("<style>@import 'a.css';</style>", "no other file"),
            (
                "<rect fill='url( \"http://example.com/a\")'/>",
                "no other file",
            ),
            ("<rect style='fill:URL(a.svg)'/>", "no other file"),
            ("<rect", "a PNG or an SVG"),
            ("", "show something"),
        ] {
            let error = Logo::read(svg(inside).as_bytes()).unwrap_err();
            assert!(error.contains(told), "{inside}: {error}");
        }
        let typed = format!("<!DOCTYPE svg [<!ENTITY a 'b'>]>{}", svg("&a;"));
        for (file, told) in [
            (typed.as_bytes(), "document type"),
            (b"\x89PNG\r\n\x1a\nrest", "a PNG that can be read"),
            (b"GIF89a\xff", "a PNG or an SVG"),
            (b"<html/>", "a PNG or an SVG"),
            (b"", "a PNG or an SVG"),
            (&vec![b' '; FILE_MAX + 1], "1 MiB"),
        ] {
            assert!(Logo::read(file).unwrap_err().contains(told), "{told}");
        }
        let wide = svg("<rect width='9' height='9'/>").replace("40 20", "400 2");
        assert!(Logo::read(wide.as_bytes()).unwrap_err().contains("wide"));
    }

    #[test]
    fn what_would_take_very_long_is_refused() {
        let shapes = "<rect width='9' height='9'/>".repeat(80);
        let cut = |places| {
            let cuts = "<g clip-path='url(#c)'><rect width='9' height='9'/></g>".repeat(places);
            svg(&format!("<clipPath id='c'>{shapes}</clipPath>{cuts}"))
        };
        assert!(Logo::read(cut(10).as_bytes()).is_ok());
        for (places, told) in [(100, "fewer shapes"), (101, "fewer elements")] {
            let error = Logo::read(cut(places).as_bytes()).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        let deep = format!("{}{shapes}{}", "<g>".repeat(20_000), "</g>".repeat(20_000));
        assert!(Logo::read(svg(&deep).as_bytes()).is_err());
        let deep = format!(
            "{}{shapes}{}",
            "<g opacity='0.9'>".repeat(900),
            "</g>".repeat(900)
        );
        let _either = Logo::read(svg(&deep).as_bytes());
    }
}
