//! Posters: a headline, the link's code, its address and what to do, on one sheet of paper.

use super::colour::Colour;
use super::drawing::{Drawing, Picture, circle, rectangle};
use super::fonts::{Fonts, Missing};
use super::logo::Logo;
use super::paper::Paper;
use super::qr::{Code, QrError};
use super::typeset::{Block, Look, Space};
use crate::domain::locale::Locale;

/// Dots an inch of a poster's picture.
const DPI: f32 = 150.0;

/// Why there is no poster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PosterError {
    /// The address has no code.
    #[error(transparent)]
    Code(#[from] QrError),
    /// Letters of the text are in no font of this machine; names the scripts' packages.
    #[error(
        "no font of this machine has the letters of the text: install Noto's fonts (on Debian fonts-noto-core and fonts-noto-cjk)"
    )]
    Fonts,
    /// The drawing could not be written.
    #[error("the poster could not be written")]
    Broken,
}

impl From<Missing> for PosterError {
    fn from(_: Missing) -> Self {
        Self::Fonts
    }
}

/// What is on a poster.
#[derive(Debug, Clone, PartialEq)]
pub struct Poster {
    /// The link's URL.
    pub url: String,
    /// The line above the code, at most 200 characters.
    pub headline: String,
    /// What stands above the address.
    pub address_hint: String,
    /// What to do, in three steps.
    pub steps: [String; 3],
    /// The language of all of these.
    pub language: Locale,
    /// What it is printed on.
    pub paper: Paper,
    /// What stands at the top, if anything.
    pub logo: Option<Logo>,
    /// The colour of the text.
    pub colour: Colour,
    /// The colour of the sheet. The code itself is always black on white: many readers know no other.
    pub background: Colour,
}

impl Poster {
    /// The poster as a PDF of one page. Reads fonts from disk and computes for some hundred milliseconds.
    ///
    /// # Errors
    /// Every [`PosterError`].
    pub fn pdf(&self) -> Result<Vec<u8>, PosterError> {
        let lang = self.language.html_lang();
        let pdf = self.draw()?.pdf(&self.headline, lang);
        pdf.ok_or(PosterError::Broken)
    }

    /// The poster as a PNG of 150 dots an inch. Reads fonts from disk and computes for some hundred milliseconds.
    ///
    /// # Errors
    /// Every [`PosterError`].
    pub fn png(&self) -> Result<Vec<u8>, PosterError> {
        self.draw()?.png(DPI).ok_or(PosterError::Broken)
    }

    fn draw(&self) -> Result<Drawing, PosterError> {
        let code = Code::of_link(&self.url)?;
        let address = short(&self.url);
        let [scan, open, verify] = &self.steps;
        let all = [&self.headline, &self.address_hint, scan, open, verify];
        let all: String = all.into_iter().map(String::as_str).collect();
        let fonts = Fonts::for_text(&format!("{all}{address}123"), self.language)?;

        let (width, height) = self.paper.points();
        let unit = (width / 595.28).min(height / 841.89);
        let centre = width / 2.0;
        let line = Space {
            centre,
            width: width - 96.0 * unit,
            height: 0.0,
        };
        let mut drawing = Drawing::new((width, height));
        drawing.fill(rectangle(0.0, 0.0, width, height), self.background);
        let mut text = |text: &str, from: f32, to: f32, bold: bool, sizes: (f32, f32)| {
            let space = Space {
                height: (to - from) * height,
                ..line
            };
            let look = Look {
                bold,
                largest: sizes.0 * unit,
                smallest: sizes.1 * unit,
            };
            let block = Block::fit(&fonts, text, space, look);
            let top = from * height + (space.height - block.height()) / 2.0;
            drawing.fill(block.outlines(&fonts, top), self.colour);
        };
        let headline_from = if self.logo.is_some() { 0.118 } else { 0.05 };
        text(&self.headline, headline_from, 0.225, true, (46.0, 18.0));
        text(&self.address_hint, 0.668, 0.696, false, (14.0, 10.0));
        text(address, 0.696, 0.752, true, (24.0, 13.0));
        let (top, side) = (0.232 * height, 0.43 * height);
        let left = centre - side / 2.0;
        drawing.fill(rectangle(left, top, side, side), Colour::WHITE);
        drawing.fill_sharp(code.outline(left, top, side), Colour::BLACK);
        drawing.picture = self
            .logo
            .as_ref()
            .map(|logo| fitted(logo, (0.035 * height, 0.075 * height), line));
        self.steps(
            &mut drawing,
            &fonts,
            line,
            (0.778 * height, 0.955 * height),
            unit,
        );
        Ok(drawing)
    }

    /// The three steps side by side, all in one size.
    fn steps(
        &self,
        drawing: &mut Drawing,
        fonts: &Fonts,
        line: Space,
        (top, bottom): (f32, f32),
        unit: f32,
    ) {
        let (gap, radius) = (18.0 * unit, 15.0 * unit);
        let column = (line.width - 2.0 * gap) / 3.0;
        let words_top = top + 2.0 * radius + 6.0 * unit;
        let spaces = [-1.0, 0.0, 1.0].map(|place| Space {
            centre: line.centre + place * (column + gap),
            width: column,
            height: bottom - words_top,
        });
        let look = Look {
            bold: false,
            largest: 17.0 * unit,
            smallest: 10.0 * unit,
        };
        let fit = |look: Look| {
            let words = self.steps.iter().zip(spaces);
            words.map(move |(words, space)| Block::fit(fonts, words, space, look))
        };
        let largest = fit(look).map(|b| b.size()).fold(look.largest, f32::min);
        for (i, (block, space)) in fit(Look { largest, ..look }).zip(spaces).enumerate() {
            drawing.fill(circle(space.centre, top + radius, radius), self.colour);
            let inside = Space {
                height: 2.0 * radius,
                ..space
            };
            let number = Look {
                bold: true,
                largest: 17.0 * unit,
                ..look
            };
            let number = Block::fit(fonts, &(i + 1).to_string(), inside, number);
            let number_top = top + (inside.height - number.height()) / 2.0;
            drawing.fill(number.outlines(fonts, number_top), self.background);
            drawing.fill(block.outlines(fonts, words_top), self.colour);
        }
    }
}

/// A logo as large as goes from `top` on in a height, at most half as wide as a line.
fn fitted(logo: &Logo, (top, height): (f32, f32), line: Space) -> Picture {
    let (wide, high) = logo.size();
    let scale = (height / high).min(0.5 * line.width / wide);
    Picture {
        pixels: logo.pixels.clone(),
        left: line.centre - wide * scale / 2.0,
        top: top + (height - high * scale) / 2.0,
        size: (wide * scale, high * scale),
    }
}

/// An address as people write it.
fn short(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}
