//! The colours of the console can be told apart, in the light and in the dark; and a browser has the style of the page that it shows.

use std::collections::BTreeMap;

use sandbox::TestEnv;

use crate::support::console::{Visitor, with_console};

/// The colours that the style sheet names, in the light and in the dark.
fn themes() -> [BTreeMap<String, [u8; 3]>; 2] {
    let style = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/console/assets/console.css"));
    let mut blocks = style.split(":root {").skip(1).map(|block| block.split('}').next().unwrap());
    [(); 2].map(|()| {
        let named = blocks
            .next()
            .unwrap()
            .split(';')
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
        named.map(|(name, hex)| (name.to_owned(), colour(hex.trim()))).collect()
    })
}

fn colour(hex: &str) -> [u8; 3] {
    let full = if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
    [0, 2, 4].map(|at| u8::from_str_radix(&full[at..at + 2], 16).unwrap())
}

/// As WCAG 2 measures it.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let luminance = |rgb: [u8; 3]| {
        let [red, green, blue] = rgb.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn words_stand_out_from_what_is_behind_them_and_charts_from_the_paper() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    for theme in themes() {
        assert!(theme.len() > 14, "{theme:?}");
        for words in ["ink", "faint", "link", "good", "bad", "warn"] {
            for paper in ["paper", "shade"] {
                let ratio = contrast(theme[words], theme[paper]);
                assert!(ratio >= 4.5, "{words} on {paper}: {ratio:.2}");
            }
        }
        for bar in ["s1", "s2", "s3", "s4", "s5", "s6", "focus"] {
            let ratio = contrast(theme[bar], theme["paper"]);
            assert!(ratio >= 3.0, "{bar}: {ratio:.2}");
        }
    }
}

#[test]
fn what_pages_load_is_kept_for_as_long_as_it_stays_what_it_is() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut stranger = Visitor::stranger(&bot);
    let page = stranger.get("/").body;
    let addresses: Vec<_> =
        page.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(addresses.len(), 3, "{page}");
    for address in addresses {
        let (path, key) = address.split_once('?').expect("a key");
        // The version of the program stays as it is while the files change.
        assert!(key.len() == 16 && !key.contains(env!("CARGO_PKG_VERSION")), "{address}");
        let kept = |stranger: &mut Visitor, address: &str| {
            let answer = stranger.get(&format!("/assets/{address}"));
            let kept = answer.header("cache-control").unwrap_or_default().contains("immutable");
            (kept, answer.ok())
        };
        let (is_kept, text) = kept(&mut stranger, address);
        assert!(is_kept, "{address}");
        // A page from before an update leads to the new files, and is not to keep them as the old ones.
        for other in [path.to_owned(), format!("{path}?0123456789abcdef")] {
            assert_eq!(kept(&mut stranger, &other), (false, text.clone()), "{other}");
        }
    }
}
