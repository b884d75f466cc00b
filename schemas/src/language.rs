//! Languages by their tags: BCP 47 (RFC 5646) over the codes of ISO 639.
//!
//! A tag begins with the code of the language, `pl`, and may go on with script, region and more: `en-GB`. Where clips
//! are grouped by language, the code alone counts: the English of two countries is one language.

/// The languages that have a code of two letters (ISO 639-1): the code, their codes of three letters by their own name
/// and by their English one (ISO 639-2/T and /B), English name. Generated from Debian's iso-codes 4.15.
const LANGUAGES: [(&str, [&str; 2], &str); 183] = [
    ("aa", ["aar", "aar"], "Afar"),
    ("ab", ["abk", "abk"], "Abkhazian"),
    ("ae", ["ave", "ave"], "Avestan"),
    ("af", ["afr", "afr"], "Afrikaans"),
    ("ak", ["aka", "aka"], "Akan"),
    ("am", ["amh", "amh"], "Amharic"),
    ("an", ["arg", "arg"], "Aragonese"),
    ("ar", ["ara", "ara"], "Arabic"),
    ("as", ["asm", "asm"], "Assamese"),
    ("av", ["ava", "ava"], "Avaric"),
    ("ay", ["aym", "aym"], "Aymara"),
    ("az", ["aze", "aze"], "Azerbaijani"),
    ("ba", ["bak", "bak"], "Bashkir"),
    ("be", ["bel", "bel"], "Belarusian"),
    ("bg", ["bul", "bul"], "Bulgarian"),
    ("bi", ["bis", "bis"], "Bislama"),
    ("bm", ["bam", "bam"], "Bambara"),
    ("bn", ["ben", "ben"], "Bengali"),
    ("bo", ["bod", "tib"], "Tibetan"),
    ("br", ["bre", "bre"], "Breton"),
    ("bs", ["bos", "bos"], "Bosnian"),
    ("ca", ["cat", "cat"], "Catalan"),
    ("ce", ["che", "che"], "Chechen"),
    ("ch", ["cha", "cha"], "Chamorro"),
    ("co", ["cos", "cos"], "Corsican"),
    ("cr", ["cre", "cre"], "Cree"),
    ("cs", ["ces", "cze"], "Czech"),
    ("cu", ["chu", "chu"], "Church Slavic"),
    ("cv", ["chv", "chv"], "Chuvash"),
    ("cy", ["cym", "wel"], "Welsh"),
    ("da", ["dan", "dan"], "Danish"),
    ("de", ["deu", "ger"], "German"),
    ("dv", ["div", "div"], "Dhivehi"),
    ("dz", ["dzo", "dzo"], "Dzongkha"),
    ("ee", ["ewe", "ewe"], "Ewe"),
    ("el", ["ell", "gre"], "Greek"),
    ("en", ["eng", "eng"], "English"),
    ("eo", ["epo", "epo"], "Esperanto"),
    ("es", ["spa", "spa"], "Spanish"),
    ("et", ["est", "est"], "Estonian"),
    ("eu", ["eus", "baq"], "Basque"),
    ("fa", ["fas", "per"], "Persian"),
    ("ff", ["ful", "ful"], "Fulah"),
    ("fi", ["fin", "fin"], "Finnish"),
    ("fj", ["fij", "fij"], "Fijian"),
    ("fo", ["fao", "fao"], "Faroese"),
    ("fr", ["fra", "fre"], "French"),
    ("fy", ["fry", "fry"], "Western Frisian"),
    ("ga", ["gle", "gle"], "Irish"),
    ("gd", ["gla", "gla"], "Scottish Gaelic"),
    ("gl", ["glg", "glg"], "Galician"),
    ("gn", ["grn", "grn"], "Guarani"),
    ("gu", ["guj", "guj"], "Gujarati"),
    ("gv", ["glv", "glv"], "Manx"),
    ("ha", ["hau", "hau"], "Hausa"),
    ("he", ["heb", "heb"], "Hebrew"),
    ("hi", ["hin", "hin"], "Hindi"),
    ("ho", ["hmo", "hmo"], "Hiri Motu"),
    ("hr", ["hrv", "hrv"], "Croatian"),
    ("ht", ["hat", "hat"], "Haitian Creole"),
    ("hu", ["hun", "hun"], "Hungarian"),
    ("hy", ["hye", "arm"], "Armenian"),
    ("hz", ["her", "her"], "Herero"),
    ("ia", ["ina", "ina"], "Interlingua"),
    ("id", ["ind", "ind"], "Indonesian"),
    ("ie", ["ile", "ile"], "Interlingue"),
    ("ig", ["ibo", "ibo"], "Igbo"),
    ("ii", ["iii", "iii"], "Sichuan Yi"),
    ("ik", ["ipk", "ipk"], "Inupiaq"),
    ("io", ["ido", "ido"], "Ido"),
    ("is", ["isl", "ice"], "Icelandic"),
    ("it", ["ita", "ita"], "Italian"),
    ("iu", ["iku", "iku"], "Inuktitut"),
    ("ja", ["jpn", "jpn"], "Japanese"),
    ("jv", ["jav", "jav"], "Javanese"),
    ("ka", ["kat", "geo"], "Georgian"),
    ("kg", ["kon", "kon"], "Kongo"),
    ("ki", ["kik", "kik"], "Kikuyu"),
    ("kj", ["kua", "kua"], "Kwanyama"),
    ("kk", ["kaz", "kaz"], "Kazakh"),
    ("kl", ["kal", "kal"], "Greenlandic"),
    ("km", ["khm", "khm"], "Khmer"),
    ("kn", ["kan", "kan"], "Kannada"),
    ("ko", ["kor", "kor"], "Korean"),
    ("kr", ["kau", "kau"], "Kanuri"),
    ("ks", ["kas", "kas"], "Kashmiri"),
    ("ku", ["kur", "kur"], "Kurdish"),
    ("kv", ["kom", "kom"], "Komi"),
    ("kw", ["cor", "cor"], "Cornish"),
    ("ky", ["kir", "kir"], "Kyrgyz"),
    ("la", ["lat", "lat"], "Latin"),
    ("lb", ["ltz", "ltz"], "Luxembourgish"),
    ("lg", ["lug", "lug"], "Ganda"),
    ("li", ["lim", "lim"], "Limburgish"),
    ("ln", ["lin", "lin"], "Lingala"),
    ("lo", ["lao", "lao"], "Lao"),
    ("lt", ["lit", "lit"], "Lithuanian"),
    ("lu", ["lub", "lub"], "Luba-Katanga"),
    ("lv", ["lav", "lav"], "Latvian"),
    ("mg", ["mlg", "mlg"], "Malagasy"),
    ("mh", ["mah", "mah"], "Marshallese"),
    ("mi", ["mri", "mao"], "Māori"),
    ("mk", ["mkd", "mac"], "Macedonian"),
    ("ml", ["mal", "mal"], "Malayalam"),
    ("mn", ["mon", "mon"], "Mongolian"),
    ("mr", ["mar", "mar"], "Marathi"),
    ("ms", ["msa", "may"], "Malay"),
    ("mt", ["mlt", "mlt"], "Maltese"),
    ("my", ["mya", "bur"], "Burmese"),
    ("na", ["nau", "nau"], "Nauru"),
    ("nb", ["nob", "nob"], "Norwegian Bokmål"),
    ("nd", ["nde", "nde"], "North Ndebele"),
    ("ne", ["nep", "nep"], "Nepali"),
    ("ng", ["ndo", "ndo"], "Ndonga"),
    ("nl", ["nld", "dut"], "Dutch"),
    ("nn", ["nno", "nno"], "Norwegian Nynorsk"),
    ("no", ["nor", "nor"], "Norwegian"),
    ("nr", ["nbl", "nbl"], "South Ndebele"),
    ("nv", ["nav", "nav"], "Navajo"),
    ("ny", ["nya", "nya"], "Chichewa"),
    ("oc", ["oci", "oci"], "Occitan"),
    ("oj", ["oji", "oji"], "Ojibwa"),
    ("om", ["orm", "orm"], "Oromo"),
    ("or", ["ori", "ori"], "Oriya"),
    ("os", ["oss", "oss"], "Ossetian"),
    ("pa", ["pan", "pan"], "Punjabi"),
    ("pi", ["pli", "pli"], "Pali"),
    ("pl", ["pol", "pol"], "Polish"),
    ("ps", ["pus", "pus"], "Pashto"),
    ("pt", ["por", "por"], "Portuguese"),
    ("qu", ["que", "que"], "Quechua"),
    ("rm", ["roh", "roh"], "Romansh"),
    ("rn", ["run", "run"], "Kirundi"),
    ("ro", ["ron", "rum"], "Romanian"),
    ("ru", ["rus", "rus"], "Russian"),
    ("rw", ["kin", "kin"], "Kinyarwanda"),
    ("sa", ["san", "san"], "Sanskrit"),
    ("sc", ["srd", "srd"], "Sardinian"),
    ("sd", ["snd", "snd"], "Sindhi"),
    ("se", ["sme", "sme"], "Northern Sami"),
    ("sg", ["sag", "sag"], "Sango"),
    ("si", ["sin", "sin"], "Sinhala"),
    ("sk", ["slk", "slo"], "Slovak"),
    ("sl", ["slv", "slv"], "Slovenian"),
    ("sm", ["smo", "smo"], "Samoan"),
    ("sn", ["sna", "sna"], "Shona"),
    ("so", ["som", "som"], "Somali"),
    ("sq", ["sqi", "alb"], "Albanian"),
    ("sr", ["srp", "srp"], "Serbian"),
    ("ss", ["ssw", "ssw"], "Swati"),
    ("st", ["sot", "sot"], "Southern Sotho"),
    ("su", ["sun", "sun"], "Sundanese"),
    ("sv", ["swe", "swe"], "Swedish"),
    ("sw", ["swa", "swa"], "Swahili"),
    ("ta", ["tam", "tam"], "Tamil"),
    ("te", ["tel", "tel"], "Telugu"),
    ("tg", ["tgk", "tgk"], "Tajik"),
    ("th", ["tha", "tha"], "Thai"),
    ("ti", ["tir", "tir"], "Tigrinya"),
    ("tk", ["tuk", "tuk"], "Turkmen"),
    ("tl", ["tgl", "tgl"], "Tagalog"),
    ("tn", ["tsn", "tsn"], "Tswana"),
    ("to", ["ton", "ton"], "Tonga"),
    ("tr", ["tur", "tur"], "Turkish"),
    ("ts", ["tso", "tso"], "Tsonga"),
    ("tt", ["tat", "tat"], "Tatar"),
    ("tw", ["twi", "twi"], "Twi"),
    ("ty", ["tah", "tah"], "Tahitian"),
    ("ug", ["uig", "uig"], "Uyghur"),
    ("uk", ["ukr", "ukr"], "Ukrainian"),
    ("ur", ["urd", "urd"], "Urdu"),
    ("uz", ["uzb", "uzb"], "Uzbek"),
    ("ve", ["ven", "ven"], "Venda"),
    ("vi", ["vie", "vie"], "Vietnamese"),
    ("vo", ["vol", "vol"], "Volapük"),
    ("wa", ["wln", "wln"], "Walloon"),
    ("wo", ["wol", "wol"], "Wolof"),
    ("xh", ["xho", "xho"], "Xhosa"),
    ("yi", ["yid", "yid"], "Yiddish"),
    ("yo", ["yor", "yor"], "Yoruba"),
    ("za", ["zha", "zha"], "Zhuang"),
    ("zh", ["zho", "chi"], "Chinese"),
    ("zu", ["zul", "zul"], "Zulu"),
];

/// The code of the language of a `tag`, in small letters: `en` of `en-GB`.
pub fn language_code(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_ascii_lowercase()
}

/// English name of the language that has the code of a `tag`; `None` where only its three letters are known.
pub fn language_name(tag: &str) -> Option<&'static str> {
    let code = language_code(tag);
    LANGUAGES.iter().find(|(two, ..)| *two == code).map(|(.., name)| *name)
}

/// A `tag` with its letters as BCP 47 writes them: `pl`, `en-GB`, `zh-Hant`. The error says what was expected and
/// found.
///
/// Codes of two letters are those of ISO 639-1. One of three letters passes where the language has none of two, as
/// BCP 47 wants it, and is not looked up.
pub fn language_tag(tag: &str) -> Result<String, String> {
    let mut parts = tag.split('-');
    let code = parts.next().unwrap_or_default().to_ascii_lowercase();
    if code.len() > 3 || code.len() < 2 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(not_a_tag(tag));
    }
    if let Some((two, ..)) = LANGUAGES.iter().find(|(_, three, _)| three.contains(&code.as_str())) {
        return Err(format!("`{code}` has a code of two letters, which BCP 47 asks for: write `{two}`"));
    }
    if code.len() == 2 && language_name(&code).is_none() {
        return Err(format!("`{code}` is no code of a language (ISO 639-1)"));
    }
    let mut written = code;
    for part in parts {
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(not_a_tag(tag));
        }
        written.push('-');
        let part = part.to_ascii_lowercase();
        match part.len() {
            // A region.
            2 => written.push_str(&part.to_ascii_uppercase()),
            // A script.
            4 if !part.starts_with(|first: char| first.is_ascii_digit()) => {
                written.extend(part.chars().take(1).map(|first| first.to_ascii_uppercase()));
                written.push_str(&part[1..]);
            }
            _ => written.push_str(&part),
        }
    }
    Ok(written)
}

fn not_a_tag(tag: &str) -> String {
    let named = LANGUAGES.iter().find(|(.., name)| name.eq_ignore_ascii_case(tag));
    match (named, tag.contains('_')) {
        (Some((code, .., name)), _) => {
            format!("expected the code of a language, found its name: write `{code}` for {name}")
        }
        (None, true) => format!("`{tag}` is not a language tag (BCP 47): its parts are joined by `-`"),
        (None, false) => format!(
            "`{tag}` is not a language tag (BCP 47): expected a code of two or three letters, for example `pl`, and \
             perhaps a region, as in `en-GB`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    #[test]
    fn tags_are_written_as_bcp_47_does() {
        // RFC 5646, section 2.1.1 and appendix A.
        for (tag, written) in [
            ("pl", "pl"),
            ("EN-gb", "en-GB"),
            ("zh-hant", "zh-Hant"),
            ("sl-ROZAJ-biske", "sl-rozaj-biske"),
            ("de-ch-1996", "de-CH-1996"),
            ("es-419", "es-419"),
            ("hsb", "hsb"),
        ] {
            assert_eq!(language_tag(tag).as_deref(), Ok(written));
        }
        assert_eq!(["en-GB", "EN", "zh-Hant"].map(language_code), ["en", "en", "zh"]);
        assert_eq!(["pl", "en-CA", "hsb", ""].map(language_name), [Some("Polish"), Some("English"), None, None]);
    }

    #[test]
    fn what_is_no_tag_is_told_with_what_to_write() {
        let told = |tag: &str| language_tag(tag).expect_err(tag);
        assert!(told("polish").ends_with("found its name: write `pl` for Polish"), "{}", told("polish"));
        assert!(told("Pol").ends_with("write `pl`") && told("ger").ends_with("write `de`"));
        assert_eq!(told("xq"), "`xq` is no code of a language (ISO 639-1)");
        assert!(told("en_GB").ends_with("joined by `-`"));
        for none in ["", "e", "e1", "en-", "en--GB", "en-GB!", "Klingon", "pl-123456789"] {
            assert!(told(none).contains("is not a language tag (BCP 47): expected"), "{none}");
        }
    }

    #[test]
    fn codes_are_of_one_language_each() {
        let (two, names): (BTreeSet<_>, BTreeSet<_>) = LANGUAGES.iter().map(|(two, _, name)| (*two, *name)).unzip();
        assert_eq!((two.len(), names.len()), (LANGUAGES.len(), LANGUAGES.len()));
        let three: BTreeSet<_> = LANGUAGES.iter().flat_map(|(_, three, _)| three.iter()).collect();
        let twice = LANGUAGES.iter().filter(|(_, [own, english], _)| own != english).count();
        assert_eq!(three.len(), LANGUAGES.len() + twice);
        assert!(LANGUAGES.iter().all(|(two, three, _)| two.len() == 2 && three.iter().all(|code| code.len() == 3)));
    }
}
