//! A text as a QR code: one SVG path, dark on light in every theme, since
//! cameras expect it so.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// What the standard wants free around a code, in modules.
const MARGIN: i32 = 4;

/// A picture of modules, each a square of the path.
pub struct Picture {
    /// Its side, in modules.
    pub side: i32,
    /// The dark ones.
    pub path: String,
}

/// The picture of a text; `None` if it is too long for one.
pub fn picture(text: &str) -> Option<Picture> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    Some(Picture { side: code.size() + 2 * MARGIN, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_corners_of_a_qr_code() {
        let picture = picture("otpauth://totp/Keyward:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Keyward").unwrap();
        let is_dark = |x: i32, y: i32| picture.path.contains(&format!("M{x} {y}h1v1h-1z"));
        // Seven dark modules in a row, and a light ring within.
        let is_finder =
            |x: i32, y: i32| (x..x + 7).all(|x| is_dark(x, y)) && (x + 1..x + 6).all(|x| !is_dark(x, y + 1));
        let far = picture.side - MARGIN - 7;
        let corners = [(MARGIN, MARGIN), (far, MARGIN), (MARGIN, far), (far, far)];
        assert_eq!(corners.map(|(x, y)| is_finder(x, y)), [true, true, true, false]);
        assert!(super::picture(&"x".repeat(5000)).is_none());
    }
}
