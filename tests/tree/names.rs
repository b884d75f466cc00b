//! The file names of the four corpora, all 12,162 of them, each below its corpus's folder.

/// Name of a corpus's folder, and its files below it.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) files: Vec<String>,
}

/// CREMA-D, RAVDESS, SAVEE and TESS, as many files as the published corpora have.
pub(crate) fn all() -> [Corpus; 4] {
    [
        Corpus { name: "crema_d", files: crema_d() },
        Corpus { name: "ravdess", files: ravdess() },
        Corpus { name: "savee", files: savee() },
        Corpus { name: "tess", files: tess() },
    ]
}

/// 91 actors say 12 sentences with 6 emotions, one sentence at three levels; 20 of these 7,462 are missing.
fn crema_d() -> Vec<String> {
    const SENTENCES: [&str; 12] = ["IEO", "DFA", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI"];
    let mut files = Vec::new();
    for actor in 1001..=1091 {
        for sentence in SENTENCES {
            for emotion in ["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"] {
                let levels: &[&str] = if sentence == "IEO" && emotion != "NEU" { &["LO", "MD", "HI"] } else { &["XX"] };
                files.extend(levels.iter().map(|level| format!("AudioWAV/{actor}_{sentence}_{emotion}_{level}.wav")));
            }
        }
    }
    files.truncate(7_442);
    files
}

/// 24 actors, 8 emotions, 2 intensities (neutral has one), 2 statements, 2 repetitions.
fn ravdess() -> Vec<String> {
    let mut files = Vec::new();
    for actor in 1..=24 {
        for emotion in 1..=8 {
            for intensity in 1..=if emotion == 1 { 1 } else { 2 } {
                for (statement, repetition) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
                    files.push(format!(
                        "Actor_{actor:02}/03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}.wav"
                    ));
                }
            }
        }
    }
    files
}

/// 4 men, 15 clips of each of 6 emotions and 30 neutral ones.
fn savee() -> Vec<String> {
    let mut files = Vec::new();
    for speaker in ["DC", "JE", "JK", "KL"] {
        for (emotion, clips) in [("a", 15), ("d", 15), ("f", 15), ("h", 15), ("n", 30), ("sa", 15), ("su", 15)] {
            files.extend((1..=clips).map(|clip| format!("AudioData/{speaker}/{emotion}{clip:02}.wav")));
        }
    }
    files
}

/// 2 women say 200 words with 7 emotions. The real words stand for themselves; these are numbered.
fn tess() -> Vec<String> {
    let mut files = Vec::new();
    for speaker in ["OAF", "YAF"] {
        for emotion in ["angry", "disgust", "fear", "happy", "neutral", "ps", "sad"] {
            files.extend((0..200).map(|word| format!("{speaker}_{emotion}/{speaker}_word{word}_{emotion}.wav")));
        }
    }
    files
}
