//! What a link is handed out as: its QR code, and a poster to print. Pure but for the fonts of the machine: the same
//! input gives the same bytes.

pub mod colour;
mod drawing;
mod fonts;
pub mod paper;
pub mod poster;
pub mod qr;
mod shape;
mod typeset;
