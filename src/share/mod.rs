//! What a link is handed out as: its QR code, a poster to print, a button for a page. Pure but for the fonts of the
//! machine: the same input gives the same bytes.

pub mod button;
pub mod colour;
mod drawing;
mod fonts;
pub mod logo;
pub mod paper;
mod pdf;
pub mod poster;
pub mod qr;
mod shape;
mod typeset;

/// Text for SVG and HTML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
