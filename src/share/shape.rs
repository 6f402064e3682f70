//! Letters as glyphs: runs of one font and direction, shaped as their script wants it, and drawn.

use std::str::FromStr as _;

use icu_segmenter::GraphemeClusterSegmenter;
use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};
use rustybuzz::{Direction, Face, GlyphBuffer, Language, UnicodeBuffer};
use tiny_skia::PathBuilder;
use unicode_bidi::{BidiInfo, Level};

use super::fonts::Fonts;

/// A piece of a line in one font and direction.
pub(super) struct Run {
    text: String,
    font: usize,
    is_leftward: bool,
}

/// Whether a text is read from the right, by the first of its letters that has a direction.
pub(super) fn is_leftward(text: &str) -> bool {
    unicode_bidi::get_base_direction(text) == unicode_bidi::Direction::Rtl
}

/// A line in pieces of one font and direction, from left to right; `is_leftward` tells how the text it is of is read.
pub(super) fn runs(fonts: &Fonts, line: &str, is_leftward: bool) -> Vec<Run> {
    let level = if is_leftward {
        Level::rtl()
    } else {
        Level::ltr()
    };
    let info = BidiInfo::new(line, Some(level));
    let mut runs = Vec::new();
    for paragraph in &info.paragraphs {
        let (levels, spans) = info.visual_runs(paragraph, paragraph.range.clone());
        for span in spans {
            let is_leftward = levels[span.start].is_rtl();
            let mut own = in_fonts(fonts, &line[span], is_leftward);
            if is_leftward {
                own.reverse();
            }
            runs.append(&mut own);
        }
    }
    runs
}

fn in_fonts(fonts: &Fonts, text: &str, is_leftward: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for cluster in split(text, GraphemeClusterSegmenter::new().segment_str(text)) {
        let Some(font) = fonts.of(cluster, runs.last().map(|run| run.font)) else {
            continue;
        };
        match runs.last_mut().filter(|run| run.font == font) {
            Some(run) => run.text.push_str(cluster),
            None => runs.push(Run {
                text: cluster.to_owned(),
                font,
                is_leftward,
            }),
        }
    }
    runs
}

/// The parts of a text between `breaks`.
pub(super) fn split(text: &str, breaks: impl Iterator<Item = usize>) -> impl Iterator<Item = &str> {
    let mut from = 0;
    breaks.filter(|at| *at > 0).map(move |at| {
        let part = &text[from..at];
        from = at;
        part
    })
}

/// The width of each run at size 1.
pub(super) fn measure(fonts: &Fonts, bold: bool, runs: &[Run]) -> Vec<f32> {
    let mut widths = vec![0.0; runs.len()];
    shape(fonts, bold, runs, |number, face, shaped| {
        let advances = shaped.glyph_positions().iter().map(|place| place.x_advance);
        widths[number] = units(advances.sum(), face);
    });
    widths
}

/// Gives each run as the glyphs of its font, from left to right, with its number; runs of one font come together.
pub(super) fn shape(
    fonts: &Fonts,
    bold: bool,
    runs: &[Run],
    mut take: impl FnMut(usize, &Face<'_>, &GlyphBuffer),
) {
    let language = Language::from_str(fonts.language().html_lang()).ok();
    for font in 0..fonts.count() {
        if !runs.iter().any(|run| run.font == font) {
            continue;
        }
        fonts.with(font, bold, |face| {
            for (number, run) in runs.iter().enumerate().filter(|(_, run)| run.font == font) {
                let mut buffer = UnicodeBuffer::new();
                buffer.push_str(&run.text);
                buffer.set_direction(if run.is_leftward {
                    Direction::RightToLeft
                } else {
                    Direction::LeftToRight
                });
                if let Some(language) = language.clone() {
                    buffer.set_language(language);
                }
                buffer.guess_segment_properties();
                take(number, face, &rustybuzz::shape(face, &[], buffer));
            }
        });
    }
}

/// Units of a font as a length at size 1.
#[expect(clippy::cast_precision_loss, reason = "lines are short")]
fn units(length: i32, face: &Face<'_>) -> f32 {
    length as f32 / face.units_per_em() as f32
}

/// Draws shaped glyphs of a size, on a base line that begins at a point.
pub(super) fn write(
    size: f32,
    path: &mut PathBuilder,
    face: &Face<'_>,
    shaped: &GlyphBuffer,
    from: (f32, f32),
) {
    let (mut x, mut y) = from;
    for (glyph, place) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
        let mut pen = Pen {
            path,
            x: x + units(place.x_offset, face) * size,
            y: y - units(place.y_offset, face) * size,
            scale: units(1, face) * size,
        };
        if let Ok(id) = glyph.glyph_id.try_into() {
            face.outline_glyph(GlyphId(id), &mut pen);
        }
        x += units(place.x_advance, face) * size;
        y -= units(place.y_advance, face) * size;
    }
}

/// Draws a glyph: the units of its font, upwards, become points, downwards.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2)) = (self.at(x1, y1), self.at(x2, y2));
        let (x, y) = self.at(x, y);
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::locale::Locale;

    /// Needs the fonts of Debian's `fonts-noto-core` and `fonts-noto-cjk`.
    #[test]
    fn no_letter_of_any_script_becomes_an_empty_box() {
        for text in [
            "Įgaliotinių žvėrynas, Zażółć gęślą jaźń, Tiếng Việt",
            "Επαλήθευση ταυτότητας",
            "Подтверждение личности, Потврдите свој идентитет",
            "二〇二七年柏林国际展览会 身分驗證入口",
            "ベルリン国際見本市 こちらから",
            "베를린 국제 박람회 방문객",
            "การยืนยันตัวตนสำหรับผู้เข้าชม ที่นี่",
            "अंतरराष्ट्रीय व्यापार मेला के लिए पहचान सत्यापन",
            "التحقق من الهوية אימות זהות",
        ] {
            let fonts = Fonts::for_text(text, Locale::EN).expect("Noto's fonts are installed");
            for bold in [false, true] {
                let runs = runs(&fonts, text, is_leftward(text));
                let letters: usize = runs.iter().map(|run| run.text.len()).sum();
                assert_eq!(letters, text.len(), "{text}");
                shape(&fonts, bold, &runs, |number, _, shaped| {
                    let boxes = shaped.glyph_infos().iter().any(|glyph| glyph.glyph_id == 0);
                    assert!(!boxes, "{} of {text}", runs[number].text);
                });
            }
        }
    }
}
