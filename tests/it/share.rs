//! QR codes and posters, read back by libraries that did not draw them.

use entrypass::domain::locale::Locale;
use reqwest::{Method, Response};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};
use serde_json::{Value, json};

use crate::api_support::{fields, problem};
use crate::harness::gateway::text;
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::Binary;
use crate::harness::{Context, Gateway, tests};

tests!(
    "share",
    [
        a_code_in_each_form_is_read_back_and_leads_to_a_session,
        each_bad_parameter_is_named_alone,
        unknown_and_deleted_links_have_no_codes,
        the_command_line_writes_what_the_api_answers,
    ],
    Sqlite: [
        a_logo_stands_above_the_headline_and_a_bad_one_is_refused,
        letters_that_no_font_has_are_refused_with_what_to_install,
        a_picture_has_exactly_the_size_asked_for,
        a_poster_in_each_script_is_read_back_from_paper_and_picture,
        every_language_has_its_poster,
        a_poster_is_one_page_of_the_paper_asked_for,
        two_hundred_characters_of_any_script_stay_on_the_page,
    ]
);

const FORMS: [(&str, &str); 4] = [
    ("qr.svg", "image/svg+xml"),
    ("qr.png", "image/png"),
    ("poster.pdf", "application/pdf"),
    ("poster.png", "image/png"),
];

/// A language and a long name in its script.
const NAMES: [(&str, &str); 10] = [
    (
        "en",
        "Berlin Trade Fair 2027 – visitors’ entrance, hall 4, verification desk",
    ),
    (
        "de",
        "Identitätsprüfung für Großkundinnen und Großkunden der Donaudampfschifffahrtsgesellschaft",
    ),
    (
        "ru",
        "Подтверждение личности для посетителей Международной выставки 2027 года",
    ),
    (
        "el",
        "Επαλήθευση ταυτότητας για τους επισκέπτες της Διεθνούς Έκθεσης Θεσσαλονίκης",
    ),
    ("zh", "二〇二七年柏林国际展览会参观者身份验证入口(第四展厅)"),
    (
        "zh_tw",
        "二〇二七年柏林國際展覽會參觀者身分驗證入口,第四展廳",
    ),
    (
        "ja",
        "ベルリン国際見本市2027 来場者の本人確認はこちらから(第4ホール)",
    ),
    (
        "ko",
        "베를린 국제 박람회 2027 방문객 본인 확인 창구 (제4전시장)",
    ),
    (
        "th",
        "การยืนยันตัวตนสำหรับผู้เข้าชมงานแสดงสินค้านานาชาติเบอร์ลิน ประจำปี ๒๕๗๐ ที่ฮอลล์ 4",
    ),
    (
        "hi",
        "बर्लिन अंतरराष्ट्रीय व्यापार मेला 2027 के आगंतुकों के लिए पहचान सत्यापन, हॉल 4",
    ),
];

async fn ask(gateway: &Gateway, link: &Value, rest: &str) -> Response {
    let path = format!("/api/v1/links/{}/{rest}", text(&link["id"]));
    let request = gateway.request(Method::GET, &path);
    request.bearer_auth(&gateway.key).send().await.unwrap()
}

async fn bytes(gateway: &Gateway, link: &Value, rest: &str) -> Vec<u8> {
    let answer = ask(gateway, link, rest).await;
    let is_done = answer.status() == 200;
    let bytes = answer.bytes().await.unwrap().to_vec();
    // It says what to install where fonts are missing.
    assert!(is_done, "{rest}: {}", String::from_utf8_lossy(&bytes));
    bytes
}

/// A picture in grey: width and pixels.
pub struct Picture(usize, Vec<u8>);

impl Picture {
    pub fn of_png(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let grey = pixels
            .chunks(info.color_type.samples())
            .map(|pixel| pixel[0]);
        Self(info.width as usize, grey.collect())
    }

    pub fn of_svg(file: &[u8]) -> Self {
        let tree = Tree::from_data(file, &Options::default()).unwrap();
        let mut pixels = Pixmap::new(400, 400).unwrap();
        pixels.fill(Color::WHITE);
        let scale = 400.0 / tree.size().width();
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
        Self::of_png(&pixels.encode_png().unwrap())
    }

    pub fn of_pdf(file: &[u8]) -> Self {
        let pdf = hayro::hayro_syntax::Pdf::new(file.to_vec()).unwrap();
        assert_eq!(pdf.pages().len(), 1);
        let settings = hayro::PixmapSettings {
            x_scale: 1.5,
            y_scale: 1.5,
            ..Default::default()
        };
        let page = hayro::render(
            &pdf.pages()[0],
            &hayro::RenderCache::new(),
            &hayro::hayro_interpret::InterpreterSettings::default(),
            &hayro::RenderSettings::default(),
            &settings,
        );
        let grey = page.data_as_u8_slice().chunks(4).map(|pixel| pixel[0]);
        Self(page.width().into(), grey.collect())
    }

    /// Whether nothing but the background is within 20 pixels of the edges.
    fn has_margins(&self) -> bool {
        let Self(width, pixels) = self;
        let height = pixels.len() / width;
        pixels.iter().enumerate().all(|(i, pixel)| {
            let (x, y) = (i % width, i / width);
            let is_inside = x >= 20 && x < width - 20 && y >= 20 && y < height - 20;
            is_inside || *pixel == 255
        })
    }

    pub fn code(&self) -> String {
        let Self(width, pixels) = self;
        let height = pixels.len() / width;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(*width, height, |x, y| {
            pixels[y * width + x]
        });
        let codes = image.detect_grids();
        assert_eq!(codes.len(), 1, "one code");
        let (about, text) = codes[0].decode().unwrap();
        assert_eq!(about.ecc_level, 0, "error correction M");
        text
    }
}

async fn a_code_in_each_form_is_read_back_and_leads_to_a_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"slug": "berlin-fair"})).await;
    let mut codes = Vec::new();
    for (form, kind) in FORMS {
        let answer = ask(&gateway, &link, form).await;
        assert_eq!(answer.status(), 200, "{form}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], kind);
        assert_eq!(headers["cache-control"], "private, max-age=300");
        assert_eq!(headers["vary"], "Authorization");
        let name = format!("inline; filename=\"berlin-fair-{form}\"");
        assert_eq!(headers["content-disposition"], name.as_str());
        let file = answer.bytes().await.unwrap().to_vec();
        assert_eq!(file, bytes(&gateway, &link, form).await, "{form} differs");
        let picture = match form.split_once('.').unwrap().1 {
            "png" => Picture::of_png(&file),
            "svg" => Picture::of_svg(&file),
            _ => Picture::of_pdf(&file),
        };
        codes.push(picture.code());
    }
    let address = format!("{}?via=qr", text(&link["url"]));
    for code in &codes {
        assert!(code.eq_ignore_ascii_case(&address), "{code} {address}");
        assert!(code.ends_with("?via=qr"), "the channel has a case: {code}");
    }
    let path = url::Url::parse(&codes[0]).unwrap();
    let path = &path[url::Position::BeforePath..].replace("berlin-fair", "BERLIN-FAIR");
    let click = gateway.request(Method::GET, path).send().await.unwrap();
    assert_eq!(click.status(), 302);
    let (_, sessions) = gateway
        .get(&format!("/links/{}/sessions", text(&link["id"])))
        .await;
    assert_eq!(sessions["items"][0]["via"], "qr");
}

async fn a_picture_has_exactly_the_size_asked_for(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for (query, size) in [
        ("", 512),
        ("?size=64", 64),
        ("?size=777", 777),
        ("?size=4096", 4096),
    ] {
        let file = bytes(&gateway, &link, &format!("qr.png{query}")).await;
        let picture = Picture::of_png(&file);
        assert_eq!((picture.0, picture.1.len()), (size, size * size), "{query}");
        if size < 1000 {
            assert!(picture.code().ends_with("?via=qr"), "{query}");
        }
    }
}

async fn each_bad_parameter_is_named_alone(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let long = format!("poster.pdf?headline={}", "a".repeat(201));
    for (rest, wrong) in [
        ("qr.png?size=63", "size"),
        ("qr.png?size=4097", "size"),
        ("qr.png?size=12.5", "size"),
        ("qr.png?size=-1", "size"),
        ("qr.png?dpi=300", "dpi"),
        ("qr.png?limit=1", "limit"),
        ("poster.pdf?paper=a3", "paper"),
        ("poster.png?language=xx", "language"),
        ("poster.pdf?color=red", "color"),
        ("poster.pdf?color=777777", "color"),
        ("poster.png?background=%23fffff", "background"),
        ("poster.png?background=111", "background"),
        ("poster.png?headline=%00", "headline"),
        ("poster.png?size=64", "size"),
        (&long, "headline"),
    ] {
        let told = problem(ask(&gateway, &link, rest).await, 422, "invalid").await;
        assert_eq!(fields(&told), [wrong], "{rest}");
    }
    let all = "poster.pdf?paper=b&language=b&color=b&background=b&zz=1";
    let told = problem(ask(&gateway, &link, all).await, 422, "invalid").await;
    assert_eq!(
        fields(&told),
        ["background", "color", "language", "paper", "zz"]
    );
}

async fn unknown_and_deleted_links_have_no_codes(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let (status, _) = gateway
        .api(
            Method::DELETE,
            &format!("/links/{}", text(&link["id"])),
            None,
        )
        .await;
    assert_eq!(status, 204);
    let unknown = json!({"id": "01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f"});
    for link in [link, unknown, json!({"id": "no-id"})] {
        for (form, _) in FORMS {
            problem(ask(&gateway, &link, form).await, 404, "not_found").await;
        }
    }
}

async fn a_poster_in_each_script_is_read_back_from_paper_and_picture(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (language, name) in NAMES {
        let link = gateway
            .link(json!({"name": name, "language": language}))
            .await;
        let address = format!("{}?via=qr", text(&link["url"]));
        let picture = Picture::of_png(&bytes(&gateway, &link, "poster.png").await);
        assert!(picture.has_margins(), "{language}");
        let paper = Picture::of_pdf(&bytes(&gateway, &link, "poster.pdf").await);
        for code in [picture.code(), paper.code()] {
            assert!(code.eq_ignore_ascii_case(&address), "{language}: {code}");
        }
    }
}

async fn every_language_has_its_poster(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let mut seen = std::collections::BTreeSet::new();
    for locale in Locale::ALL {
        let file = bytes(&gateway, &link, &format!("poster.pdf?language={locale}")).await;
        let code = Picture::of_pdf(&file).code();
        assert!(code.ends_with("?via=qr"), "{locale}: {code}");
        assert!(
            seen.insert(file),
            "{locale} has the poster of another language"
        );
    }
}

async fn a_poster_is_one_page_of_the_paper_asked_for(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for (query, width, height) in [
        ("", 595.28, 841.89),
        ("?paper=A4", 595.28, 841.89),
        ("?paper=a5", 419.53, 595.28),
        ("?paper=letter&color=fff&background=%23003366", 612.0, 792.0),
    ] {
        let file = bytes(&gateway, &link, &format!("poster.pdf{query}")).await;
        let pdf = hayro::hayro_syntax::Pdf::new(file.clone()).unwrap();
        let (told_width, told_height) = pdf.pages()[0].render_dimensions();
        assert!((told_width - width).abs() < 0.01, "{query} {told_width}");
        assert!((told_height - height).abs() < 0.01, "{query} {told_height}");
        assert!(Picture::of_pdf(&file).code().ends_with("?via=qr"));
        let picture = Picture::of_png(&bytes(&gateway, &link, &format!("poster.png{query}")).await);
        #[expect(clippy::cast_precision_loss, reason = "some thousand pixels")]
        let inches = picture.0 as f32 / 150.0;
        assert!((inches - width / 72.0).abs() < 0.01, "{query} {inches}");
    }
}

async fn two_hundred_characters_of_any_script_stay_on_the_page(context: Context) {
    let gateway = Gateway::start(&context).await;
    for letters in [
        "W",
        "i ",
        "Ж",
        "字",
        "한",
        "ที่",
        "क्षि",
        "שלום ",
        "مرحبا ",
        "ကြို",
        "🎉 ",
        "👨‍👩‍👧",
        "\u{300}",
        "ที",
        "\u{e49}",
        "\u{93f}\u{94d}",
        "a\u{300}\u{301}\u{302}",
        "\u{202e}abc ",
        "\u{e000}",
        "\u{10ffff}",
        "\u{200d}",
    ] {
        let name: String = letters.chars().cycle().take(200).collect();
        let link = gateway.link(json!({"name": name})).await;
        let picture = Picture::of_png(&bytes(&gateway, &link, "poster.png?paper=a5").await);
        assert!(picture.has_margins(), "{letters}");
        assert!(picture.code().ends_with("?via=qr"), "{letters}");
    }
}

async fn the_command_line_writes_what_the_api_answers(context: Context) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy);
    binary.done(&["migrate"]).await;
    let wanted = [
        "link",
        "create",
        "--name",
        "Fair",
        "--single",
        "--slug",
        "berlin-fair",
    ];
    let url = binary.done(&wanted).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let out = file.to_str().unwrap();
    for (format, more) in [
        ("svg", &[][..]),
        ("png", &["--size", "300"]),
        ("pdf", &[]),
        ("png", &["--poster", "--paper", "a5"]),
        (
            "pdf",
            &["--poster", "--language", "ja", "--color", "003366"],
        ),
    ] {
        let arguments = [&["qr", "berlin-fair", "--format", format, "-o", out], more].concat();
        assert_eq!(binary.done(&arguments).await, "");
        let bytes = std::fs::read(&file).unwrap();
        let picture = match format {
            "png" => Picture::of_png(&bytes),
            "svg" => Picture::of_svg(&bytes),
            _ => Picture::of_pdf(&bytes),
        };
        let address = format!("{}?via=qr", url.trim());
        assert!(
            picture.code().eq_ignore_ascii_case(&address),
            "{arguments:?}"
        );
    }
    for (more, code, word) in [
        (&["--format", "svg", "--poster"][..], 1, "--format"),
        (&["--format", "png", "--size", "1"], 1, "--size"),
        (
            &["--format", "pdf", "--poster", "--paper", "a0"],
            1,
            "paper",
        ),
        (&["--format", "gif"], 2, "gif"),
        (&["--format", "png", "--paper", "a4"], 2, "--poster"),
    ] {
        let ended = binary
            .run(&[&["qr", "berlin-fair", "-o", out], more].concat())
            .await;
        assert_eq!(ended.code, Some(code), "{more:?}");
        assert!(ended.err.contains(word), "{more:?} {}", ended.err);
    }
    let ended = binary
        .run(&["qr", "nobody", "--format", "svg", "-o", out])
        .await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
}

async fn a_logo_stands_above_the_headline_and_a_bad_one_is_refused(context: Context) {
    let database = context.engine.database().await;
    let idenfy = ScriptedIdenfy::start().await;
    let binary = Binary::new(&database, &idenfy);
    binary.done(&["migrate"]).await;
    let wanted = ["link", "create", "--name", "Fair", "--single", "--slug"];
    binary.done(&[&wanted[..], &["berlin-fair"]].concat()).await;
    let folder = tempfile::tempdir().unwrap();
    let [logo, out] = ["logo", "out"].map(|name| folder.path().join(name));
    let start = ["qr", "berlin-fair", "--poster", "-o", out.to_str().unwrap()];
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 30 20'><rect width='30' height='20'/></svg>";
    let mut picture = Pixmap::new(60, 40).unwrap();
    picture.fill(Color::BLACK);
    for file in [drawing.as_bytes().to_vec(), picture.encode_png().unwrap()] {
        std::fs::write(&logo, file).unwrap();
        for (format, read) in [
            ("png", Picture::of_png as fn(&[u8]) -> Picture),
            ("pdf", Picture::of_pdf),
        ] {
            let more = ["--format", format, "--logo", logo.to_str().unwrap()];
            binary.done(&[&start[..], &more].concat()).await;
            let picture = read(&std::fs::read(&out).unwrap());
            let Picture(width, pixels) = &picture;
            let height = pixels.len() / width;
            let at = |x: usize, y: usize| pixels[y * height / 1000 * width + x * width / 1000];
            // In permille of the sheet: the middle of the logo, and what is around it.
            let seen = [(500, 72), (540, 45), (500, 25), (400, 72)].map(|(x, y)| at(x, y));
            assert_eq!(seen, [0, 0, 255, 255], "{format}");
            assert!(picture.code().ends_with("?via=qr"), "{format}");
        }
    }
    std::fs::write(&logo, drawing.replace("rect", "script")).unwrap();
    let more = ["--format", "pdf", "--logo", logo.to_str().unwrap()];
    let ended = binary.run(&[&start[..], &more].concat()).await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("--logo: must be a plain SVG"),
        "{}",
        ended.err
    );
}

async fn letters_that_no_font_has_are_refused_with_what_to_install(context: Context) {
    context.expect_log("a poster was not drawn");
    let gateway = Gateway::start(&context).await;
    // Garay: in Unicode since 2024, in no font of Debian's.
    let link = gateway.link(json!({"name": "𐵑𐵒"})).await;
    let answer = ask(&gateway, &link, "poster.pdf").await;
    let told = problem(answer, 503, "not_drawn").await;
    assert!(text(&told["detail"]).contains("fonts-noto-core"), "{told}");
    bytes(&gateway, &link, "poster.pdf?headline=Fair").await;
}
