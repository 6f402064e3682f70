//! The fonts of a text: Noto Sans for Latin, Greek and Cyrillic out of the binary, for all other scripts from Debian's
//! packages `fonts-noto-core` and `fonts-noto-cjk`, or wherever else Noto's files are.
//!
//! Fonts are looked for when a poster is drawn and are given back with it: only what is read of a file is in memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fontdb::{Database, ID, Source};
use rustybuzz::Face;
use rustybuzz::ttf_parser;

use crate::domain::locale::Locale;

const REGULAR: &[u8] = include_bytes!("fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/NotoSans-Bold.ttf");

/// Where systems keep fonts.
const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// How deep below them files are looked for.
const DEPTH: usize = 4;

/// No font here has these letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing(pub Vec<char>);

/// One design in its two weights.
#[derive(Debug)]
struct Family {
    regular: ID,
    bold: ID,
    /// What it has of the text.
    letters: BTreeSet<char>,
}

/// The fonts that one text needs.
#[derive(Debug)]
pub(super) struct Fonts {
    files: Database,
    language: Locale,
    /// In the order they are preferred.
    families: Vec<Family>,
}

impl Fonts {
    /// The fonts for `text`. Signs and pictures that no font has are left out of it; letters are not.
    pub(super) fn for_text(text: &str, language: Locale) -> Result<Self, Missing> {
        Self::among(&folders(), text, language)
    }

    fn among(folders: &[PathBuf], text: &str, language: Locale) -> Result<Self, Missing> {
        let mut files = Database::new();
        let [regular, bold] =
            [REGULAR, BOLD].map(|font| files.load_font_source(Source::Binary(Arc::new(font)))[0]);
        let wanted: BTreeSet<char> = text.chars().filter(|c| is_drawn(*c)).collect();
        let own = Family {
            letters: letters(&files, regular, &wanted),
            regular,
            bold,
        };
        let mut missing: BTreeSet<char> = wanted.difference(&own.letters).copied().collect();
        let mut families = vec![own];
        if !missing.is_empty() {
            let mut found = candidates(folders, &missing);
            while let Some(best) = best(&found, &missing) {
                let (file, has) = found.swap_remove(best);
                missing.retain(|letter| !has.contains(letter));
                let Some((regular, bold)) = load(&mut files, &file, region(text, language)) else {
                    continue;
                };
                // Both weights must have what is drawn with either.
                let mut letters = letters(&files, regular, &wanted);
                letters = self::letters(&files, bold, &letters);
                // The typographers of Chinese, Japanese and Korean drew Latin letters and signs to go with theirs.
                let first =
                    is_cjk(&file) && matches!(language.as_str(), "ja" | "ko" | "zh" | "zh_tw");
                let family = Family {
                    regular,
                    bold,
                    letters,
                };
                families.insert(if first { 0 } else { families.len() }, family);
            }
        }
        let missing: Vec<char> = missing
            .into_iter()
            .filter(|c| c.is_alphanumeric())
            .collect();
        if missing.is_empty() {
            Ok(Self {
                files,
                language,
                families,
            })
        } else {
            Err(Missing(missing))
        }
    }

    /// The number of the font to draw `cluster` with, one letter as readers see it: the one before it goes on as long
    /// as it can where `before` has no preference of its own. None: no font has it.
    pub(super) fn of(&self, cluster: &str, before: Option<usize>) -> Option<usize> {
        let has = |family: usize| {
            let letters = &self.families[family].letters;
            cluster
                .chars()
                .all(|c| !is_drawn(c) || letters.contains(&c))
        };
        let neutral = !cluster.chars().any(char::is_alphanumeric);
        let before = before.filter(|family| neutral && has(*family));
        before.or_else(|| (0..self.families.len()).find(|family| has(*family)))
    }

    /// Opens a font.
    pub(super) fn with<T>(
        &self,
        family: usize,
        bold: bool,
        use_it: impl FnOnce(&Face<'_>) -> T,
    ) -> Option<T> {
        let family = self.families.get(family)?;
        let id = if bold { family.bold } else { family.regular };
        let used = self.files.with_face_data(id, |data, index| {
            Face::from_slice(data, index).map(|face| use_it(&face))
        });
        used.flatten()
    }

    /// How many fonts there are; they are numbered from 0.
    pub(super) const fn count(&self) -> usize {
        self.families.len()
    }

    /// The language of the text: some letters have other forms in some languages.
    pub(super) const fn language(&self) -> Locale {
        self.language
    }
}

/// Whether a character leaves ink: not so spaces, joiners, marks of direction and selectors of variants.
fn is_drawn(c: char) -> bool {
    !(c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}'))
}

fn folders() -> Vec<PathBuf> {
    FOLDERS.map(PathBuf::from).to_vec()
}

/// The files of Noto's upright designs that have some of `missing`, and what they have of it; the plain designs first,
/// else by name.
fn candidates(folders: &[PathBuf], missing: &BTreeSet<char>) -> Vec<(PathBuf, BTreeSet<char>)> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, DEPTH, &mut files);
    }
    files.sort_by_key(|file| (!name(file).starts_with("NotoSans"), file.clone()));
    let has = files.into_iter().filter_map(|file| {
        let mut scratch = Database::new();
        scratch.load_font_file(&file).ok()?;
        let id = scratch.faces().next()?.id;
        let has = letters(&scratch, id, missing);
        Some((file, has)).filter(|(_, has)| !has.is_empty())
    });
    has.collect()
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = name(&path);
        let is_plain = name.starts_with("NotoSans") || name.starts_with("NotoSerif");
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, files);
        } else if is_plain && name.contains("-Regular.") {
            files.push(path);
        }
    }
}

/// The place of the file that has most of `missing`, the first of equals.
fn best(found: &[(PathBuf, BTreeSet<char>)], missing: &BTreeSet<char>) -> Option<usize> {
    let counts = found
        .iter()
        .map(|(_, has)| has.intersection(missing).count());
    let most = counts.clone().max().filter(|most| *most > 0)?;
    counts.into_iter().position(|count| count == most)
}

/// Loads a design, of a collection the one for `region`, and its bold weight where there is one.
fn load(files: &mut Database, regular: &Path, region: &str) -> Option<(ID, ID)> {
    let bold = regular.with_file_name(name(regular).replace("-Regular.", "-Bold."));
    let mut one = |file: &Path| {
        let ids = files.load_font_source(Source::File(file.to_owned()));
        let names = |id: &ID| {
            let face = files.face(*id);
            face.is_some_and(|face| face.families.iter().any(|(name, _)| name.ends_with(region)))
        };
        let of_region = ids.iter().copied().find(names);
        of_region.or(ids.first().copied())
    };
    let regular = one(regular)?;
    Some((regular, one(&bold).unwrap_or(regular)))
}

/// Whose forms of the Han characters suit the text: Noto's names for them.
fn region(text: &str, language: Locale) -> &'static str {
    let any = |from: char, to: char| text.chars().any(|c| (from..=to).contains(&c));
    match language.as_str() {
        "ja" => "CJK JP",
        "ko" => "CJK KR",
        "zh" => "CJK SC",
        "zh_tw" => "CJK TC",
        _ if any('\u{3041}', '\u{30ff}') => "CJK JP",
        _ if any('\u{ac00}', '\u{d7a3}') => "CJK KR",
        _ => "CJK SC",
    }
}

fn is_cjk(file: &Path) -> bool {
    name(file).contains("CJK")
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// What of `wanted` a font has.
fn letters(files: &Database, font: ID, wanted: &BTreeSet<char>) -> BTreeSet<char> {
    let letters = files.with_face_data(font, |data, index| {
        let face = ttf_parser::Face::parse(data, index).ok()?;
        Some(
            wanted
                .iter()
                .copied()
                .filter(|c| face.glyph_index(*c).is_some())
                .collect(),
        )
    });
    letters.flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_greek_and_cyrillic_need_no_font_of_the_machine() {
        let texts = "Zażółć gęślą jaźń – Ελληνικά – Съешь ещё – Tiếng Việt – €, №, «…»";
        assert!(Fonts::among(&[], texts, Locale::EN).is_ok());
    }

    #[test]
    fn letters_that_no_font_has_are_named_and_signs_are_left_out() {
        let missing = Fonts::among(&[], "Fair 日本 🎉", Locale::EN).unwrap_err();
        assert_eq!(missing, Missing(vec!['日', '本']));
        let fonts = Fonts::among(&[], "Fair 🎉", Locale::EN).unwrap();
        assert_eq!(fonts.of("🎉", Some(0)), None);
        assert_eq!(fonts.of("F", None), Some(0));
    }
}
