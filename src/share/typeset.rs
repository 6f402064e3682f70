//! Text in lines: wrapped where its language may be wrapped, made smaller until it fits, each letter in a font that has
//! it, in the order it is read.

use std::ops::Range;

use icu_segmenter::options::{LineBreakOptions, LineBreakWordOption};
use icu_segmenter::{GraphemeClusterSegmenter, LineSegmenter};
use tiny_skia::{Path, PathBuilder, Rect, Transform};

use super::fonts::Fonts;
use super::shape::{is_leftward, measure, runs, shape, split, write};

/// From one line to the next, in sizes of the text: room for the marks above and below of Thai and Hindi.
const LEADING: f32 = 1.36;

/// From the top of a line to its base, in sizes of the text.
const ASCENT: f32 = 1.06;

/// How far letters may stand out of the room of their lines, in sizes of the text.
const SLACK: f32 = 0.3;

/// Each try at fitting a text is so much smaller than the one before.
const SHRINK: f32 = 0.95;

/// Where text goes, in points: it is centred on `centre`, and never leaves `width` and `height`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    pub centre: f32,
    pub width: f32,
    pub height: f32,
}

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub bold: bool,
    /// Size in points where there is room.
    pub largest: f32,
    /// Below this size words are broken rather than made smaller still.
    pub smallest: f32,
}

/// A text that fits its space.
#[derive(Debug)]
pub(super) struct Block {
    lines: Vec<String>,
    size: f32,
    bold: bool,
    centre: f32,
    width: f32,
    /// Whether the text, and so each of its lines, is read from the right.
    is_leftward: bool,
}

/// What cannot be broken, with its width at size 1 and that of the spaces after it.
struct Piece<'a> {
    text: &'a str,
    width: f32,
    space: f32,
}

impl Block {
    /// Fits a text into a space.
    pub(super) fn fit(fonts: &Fonts, text: &str, space: Space, look: Look) -> Self {
        let text = drawable(fonts, text);
        let mut options = LineBreakOptions::default();
        // Korean is parted by spaces, although it could be wrapped after each syllable.
        if text.chars().any(|c| ('\u{ac00}'..='\u{d7a3}').contains(&c)) {
            options.word_option = Some(LineBreakWordOption::KeepAll);
        }
        let segmenter = LineSegmenter::new_lstm(options);
        let mut pieces = measured(fonts, look.bold, split(&text, segmenter.segment_str(&text)));
        let mut size = look.largest;
        let lines = loop {
            if size < look.smallest {
                pieces = with_long_ones_broken(fonts, look.bold, pieces, space.width / size);
            }
            let widest = pieces.iter().map(|p| p.width).fold(0.0, f32::max);
            let lines = wrap(&pieces, space.width / size);
            let height = count(lines.len()) * size * LEADING;
            if widest * size <= space.width && height <= space.height {
                break balanced(&pieces, lines, space.width / size);
            }
            size *= SHRINK;
        };
        let join = |line: Range<usize>| {
            let line: String = pieces[line].iter().map(|p| p.text).collect();
            line.trim_end().to_owned()
        };
        Self {
            lines: lines.into_iter().map(join).collect(),
            size,
            bold: look.bold,
            centre: space.centre,
            width: space.width,
            is_leftward: is_leftward(&text),
        }
    }

    /// How high it stands, in points.
    pub(super) fn height(&self) -> f32 {
        count(self.lines.len()) * self.size * LEADING
    }

    /// The size of its text, in points.
    pub(super) const fn size(&self) -> f32 {
        self.size
    }

    /// The outlines of its letters, from `top` down.
    pub(super) fn outlines(&self, fonts: &Fonts, top: f32) -> Option<Path> {
        let mut path = PathBuilder::new();
        for (i, line) in self.lines.iter().enumerate() {
            let base = top + (count(i) * LEADING + ASCENT) * self.size;
            let runs = runs(fonts, line, self.is_leftward);
            let widths = measure(fonts, self.bold, &runs);
            let left = self.centre - widths.iter().sum::<f32>() * self.size / 2.0;
            shape(fonts, self.bold, &runs, |number, face, shaped| {
                let before = widths[..number].iter().sum::<f32>() * self.size;
                write(self.size, &mut path, face, shaped, (left + before, base));
            });
        }
        self.kept_in(top, path.finish()?)
    }

    /// The same outlines, or smaller ones where they leave the room of their lines: marks may stand on marks without end.
    fn kept_in(&self, top: f32, path: Path) -> Option<Path> {
        let bounds = path.bounds();
        let (top, height) = (
            top - SLACK * self.size,
            self.height() + 2.0 * SLACK * self.size,
        );
        let left = self.centre - self.width / 2.0 - SLACK * self.size;
        let width = self.width + 2.0 * SLACK * self.size;
        let room = Rect::from_xywh(left, top, width, height)?;
        let is_across = room.left() <= bounds.left() && bounds.right() <= room.right();
        if is_across && room.top() <= bounds.top() && bounds.bottom() <= room.bottom() {
            return Some(path);
        }
        let scale = (width / bounds.width())
            .min(height / bounds.height())
            .min(1.0);
        let middle = |rect: &Rect| {
            (
                rect.left() + rect.width() / 2.0,
                rect.top() + rect.height() / 2.0,
            )
        };
        let ((x, y), (to_x, to_y)) = (middle(&bounds), middle(&room));
        let fitted = Transform::from_translate(-x, -y);
        path.transform(fitted.post_scale(scale, scale).post_translate(to_x, to_y))
    }
}

/// The text without what no font has.
fn drawable(fonts: &Fonts, text: &str) -> String {
    let clusters = split(text, GraphemeClusterSegmenter::new().segment_str(text));
    let text: String = clusters
        .filter(|cluster| fonts.of(cluster, None).is_some())
        .collect();
    // What is left out leaves no gap between two words.
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn measured<'a>(fonts: &Fonts, bold: bool, texts: impl Iterator<Item = &'a str>) -> Vec<Piece<'a>> {
    let texts: Vec<&str> = texts.collect();
    let mut all = Vec::new();
    let mut numbers = Vec::new();
    for text in &texts {
        let own = runs(fonts, text.trim_end(), is_leftward(text));
        numbers.push(own.len());
        all.extend(own);
    }
    let mut widths = measure(fonts, bold, &all).into_iter();
    let pieces = texts.iter().zip(numbers).map(|(text, number)| Piece {
        text,
        width: widths.by_ref().take(number).sum(),
        // Noto's space is 0.26 wide; a little more is harmless.
        space: 0.28 * count(text.chars().count() - text.trim_end().chars().count()),
    });
    pieces.collect()
}

/// Breaks pieces that are wider than a line between any two letters.
fn with_long_ones_broken<'a>(
    fonts: &Fonts,
    bold: bool,
    pieces: Vec<Piece<'a>>,
    width: f32,
) -> Vec<Piece<'a>> {
    let clusters = GraphemeClusterSegmenter::new();
    let broken = pieces.into_iter().flat_map(|piece| {
        if piece.width <= width {
            vec![piece]
        } else {
            measured(
                fonts,
                bold,
                split(piece.text, clusters.segment_str(piece.text)),
            )
        }
    });
    broken.collect()
}

/// The pieces of each line, as many on it as go.
fn wrap(pieces: &[Piece<'_>], width: f32) -> Vec<Range<usize>> {
    let (mut lines, mut from, mut used) = (Vec::new(), 0, 0.0);
    for (i, piece) in pieces.iter().enumerate() {
        if i > from && used + piece.width > width {
            lines.push(from..i);
            (from, used) = (i, 0.0);
        }
        used += piece.width + piece.space;
    }
    if from < pieces.len() {
        lines.push(from..pieces.len());
    }
    lines
}

/// As many lines, of about one width.
fn balanced(pieces: &[Piece<'_>], lines: Vec<Range<usize>>, width: f32) -> Vec<Range<usize>> {
    let (mut low, mut high, mut best) = (width / 2.0, width, lines);
    let widest = pieces.iter().map(|p| p.width).fold(0.0, f32::max);
    for _ in 0..8 {
        let middle = f32::midpoint(low, high);
        let lines = wrap(pieces, middle);
        if widest <= middle && lines.len() == best.len() {
            (high, best) = (middle, lines);
        } else {
            low = middle;
        }
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "texts are short")]
fn count(number: usize) -> f32 {
    number as f32
}
