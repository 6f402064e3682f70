//! Every mail and text message in every language, for eyes to judge: `tests/mails.sh`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use entrypass::domain::flow::Flow;
use entrypass::domain::locale::Locale;
use entrypass::domain::message::{Channel, MessageKind};
use entrypass::domain::segments::Segments;
use entrypass::domain::timestamp::Timestamp;
use entrypass::messages::letter::Subject;
use entrypass::messages::words::Words;
use libtest_mimic::Trial;

/// Names the folder that they are put into.
const FOLDER: &str = "ENTRYPASS_MAILS";

/// Languages on one sheet.
const ON_A_SHEET: usize = 7;

/// The widths of a mail on a sheet, in CSS pixels: a phone's, and a window's.
const WIDTHS: [u32; 2] = [390, 600];

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let folder = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty());
    let is_left_out = folder.is_none();
    let write = move || {
        write_all(&PathBuf::from(folder.expect("ignored without it")));
        Ok(())
    };
    let trial = Trial::test("mails::are_written_in_every_language", write);
    vec![trial.with_ignored_flag(is_left_out)]
}

fn write_all(folder: &Path) {
    let keep = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    std::fs::create_dir_all(folder).expect("a folder");
    let (mut texts, mut sheets) = (String::new(), vec![String::new(); WIDTHS.len()]);
    let mut numbers = vec![0; WIDTHS.len()];
    for (n, language) in Locale::ALL.into_iter().enumerate() {
        for (name, subject) in subjects(language) {
            let mut words = Words::default_of(Channel::Email, language);
            if name == "own" {
                let own = [
                    (
                        "text_invitation",
                        "First {organisation}.\n\nSecond paragraph,\nin two lines.",
                    ),
                    ("footer", "Example Ltd\nMain Street 1"),
                ];
                let own = own.map(|(field, text)| (field.to_owned(), text.to_owned()));
                words = words.changed(&own.into());
            }
            let letter = subject.letter(&words);
            keep(&format!("{language}-{name}.html"), &letter.html);
            let _ = write!(
                texts,
                "=== {language} {name}\nSubject: {}\n\n{}\n",
                letter.subject, letter.text
            );
        }
        let sms = Words::default_of(Channel::Sms, language);
        for kind in [MessageKind::Link, MessageKind::Reminder] {
            let text = subject(kind, language).text_message(&sms);
            let segments = Segments::of(&text);
            let told = (segments.encoding.as_str(), segments.count);
            let _ = writeln!(texts, "=== {language} sms {told:?}\n{text}\n");
        }
        for ((width, sheet), number) in WIDTHS.iter().zip(&mut sheets).zip(&mut numbers) {
            for name in ["invitation", "reminder"] {
                let _ = write!(
                    sheet,
                    "<iframe width={width} height=660 src=\"{language}-{name}.html\"></iframe>"
                );
            }
            if (n + 1) % ON_A_SHEET == 0 {
                let page = format!(
                    "<!DOCTYPE html><meta name=color-scheme content=\"light dark\"><style>body{{margin:0}}iframe{{border:0}}</style>{sheet}"
                );
                keep(&format!("sheet-{width}-{number}.html"), &page);
                sheet.clear();
                *number += 1;
            }
        }
    }
    keep("texts.txt", &texts);
}

/// Each mail with a name for it.
fn subjects(language: Locale) -> [(&'static str, Subject<'static>); 4] {
    let nameless = Subject {
        name: None,
        flow: Flow::Selfie,
        is_single: false,
        expires_at: None,
        unsubscribe: None,
        ..subject(MessageKind::Link, language)
    };
    [
        ("invitation", subject(MessageKind::Invitation, language)),
        (
            "reminder",
            Subject {
                name: None,
                ..subject(MessageKind::Reminder, language)
            },
        ),
        ("link", nameless),
        ("own", subject(MessageKind::Invitation, language)),
    ]
}

fn subject(kind: MessageKind, language: Locale) -> Subject<'static> {
    let token = "x".repeat(86);
    Subject {
        kind,
        language,
        name: Some("Ana Žukauskaitė"),
        organisation: "Example & Söhne",
        url: "https://go.example.com/k7qd2mxw?via=email".to_owned(),
        flow: Flow::DocumentAndSelfie,
        is_single: true,
        expires_at: Some(Timestamp::from_millis(1_800_000_000_000)),
        unsubscribe: Some(format!("https://go.example.com/unsubscribe/{token}")),
    }
}
