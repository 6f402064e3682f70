//! What a link is handed out as, from the dashboard: read back by libraries that did not draw it.

use entrypass::domain::person::Role;
use reqwest::{Method, Response};
use serde_json::json;

use crate::dashboard_kit::{Browser, signed_in};
use crate::harness::gateway::text;
use crate::harness::{Context, Gateway, tests};
use crate::share::Picture;

tests!(
    "dashboard_share",
    [
        codes_and_posters_are_handed_out_and_lead_to_the_link,
        a_poster_is_drawn_as_wished_and_mistakes_are_shown_at_their_fields,
    ]
);

/// What parts the fields of a form with a file.
const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

const LOGO: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><rect width="4" height="4" fill="#0a0"/></svg>"##;

/// Sends a form with a file, as browsers do.
async fn send(browser: &Browser<'_>, path: &str, typed: &[(&str, &str)], logo: &[u8]) -> Response {
    let mut body = Vec::new();
    let own = browser.fields.iter();
    let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in own.chain(typed.iter().copied()) {
        body.extend(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .bytes(),
        );
    }
    body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"logo.svg\"\r\nContent-Type: image/svg+xml\r\n\r\n").bytes());
    body.extend(logo);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    let request = ask(browser, Method::POST, path);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = request.header("Content-Type", kind).body(body);
    request.send().await.unwrap()
}

fn ask(browser: &Browser<'_>, method: Method, path: &str) -> reqwest::RequestBuilder {
    let cookies = browser.cookies.iter();
    let cookies: Vec<_> = cookies
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = browser.gateway.request(method, path);
    request.header("Cookie", cookies.join("; "))
}

async fn codes_and_posters_are_handed_out_and_lead_to_the_link(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"slug": "berlin-fair", "language": "lt", "name": "<b>Fair"}))
        .await;
    let vi = &mut signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let own = format!("/admin/links/{}", text(&link["id"]));
    let page = vi.open(&format!("{own}/share")).await;
    for told in ["Patvirtinti", "via=button", "&#60;b&#62;Fair"] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("<b>Fair"));
    let address = format!("{}?via=qr", text(&link["url"])).to_lowercase();
    for (rest, kind, how) in [
        ("qr.svg", "image/svg+xml", "inline"),
        ("qr.png?size=1024&download=1", "image/png", "attachment"),
        ("poster.pdf?download=1", "application/pdf", "attachment"),
        ("poster.png", "image/png", "inline"),
    ] {
        let answer = ask(vi, Method::GET, &format!("{own}/{rest}")).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200, "{rest}");
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["cache-control"], "no-store", "{rest}");
        let told = answer.headers()["content-disposition"].to_str().unwrap();
        assert!(
            told.starts_with(how) && told.contains("berlin-fair-"),
            "{told}"
        );
        let file = answer.bytes().await.unwrap();
        let picture = match kind {
            "image/svg+xml" => Picture::of_svg(&file),
            "application/pdf" => Picture::of_pdf(&file),
            _ => Picture::of_png(&file),
        };
        assert_eq!(picture.code().to_lowercase(), address, "{rest}");
    }
    for wrong in ["qr.png?size=9", "qr.png?size=99999"] {
        assert_eq!(vi.get(&format!("{own}/{wrong}")).await.status, 404);
    }
}

async fn a_poster_is_drawn_as_wished_and_mistakes_are_shown_at_their_fields(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"name": "Fair"})).await;
    let vi = &mut signed_in(&gateway, "vi@example.com", Role::Viewer).await;
    let share = format!("/admin/links/{}/share", text(&link["id"]));
    vi.open(&share).await;
    let wishes = |headline, color, shape| {
        [
            ("headline", headline),
            ("paper", "letter"),
            ("language", "ja"),
            ("color", color),
            ("background", "#ffffff"),
            ("as", shape),
        ]
    };
    for (shape, kind, how) in [
        ("pdf", "application/pdf", "attachment"),
        ("png", "image/png", "attachment"),
        ("preview", "image/png", "inline"),
    ] {
        let answer = send(vi, &share, &wishes("Messe", "#102030", shape), LOGO).await;
        assert_eq!(answer.status(), 200, "{shape}");
        assert_eq!(answer.headers()["content-type"], kind);
        let told = answer.headers()["content-disposition"].to_str().unwrap();
        assert!(told.starts_with(how), "{told}");
        let file = answer.bytes().await.unwrap();
        let picture = if shape == "pdf" {
            Picture::of_pdf(&file)
        } else {
            Picture::of_png(&file)
        };
        let address = format!("{}?via=qr", text(&link["url"]));
        assert_eq!(picture.code().to_lowercase(), address.to_lowercase());
    }
    let answer = send(vi, &share, &wishes("<b>Messe", "#dddddd", "pdf"), b"").await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("id=\"color-wrong\">Colour of the text cannot be read on the background")
    );
    assert!(page.contains("value=\"&#60;b&#62;Messe\"") && page.contains("value=\"#dddddd\""));
    assert!(page.contains("<option value=\"letter\" selected>"));
    let answer = send(
        vi,
        &share,
        &wishes("Messe", "#000000", "pdf"),
        b"no picture",
    )
    .await;
    assert_eq!(answer.status(), 422);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("id=\"logo-wrong\">Logo must")
    );
    let huge = vec![b'x'; 1200 * 1024];
    let answer = send(vi, &share, &wishes("Messe", "#000000", "pdf"), &huge).await;
    assert_eq!(answer.status(), 413);
}
