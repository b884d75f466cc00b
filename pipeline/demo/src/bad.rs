//! Files that are bad or odd on purpose: each is something that real corpora contain.

use std::path::Path;

use crate::corpora::{self, Corpus};
use crate::prosody::Emotion;
use crate::{DemoError, Oddity, OddityKind, wave, write_file};

/// Content of a file that Git LFS has not fetched.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:5f2ad1b3b1b4f7dbb0f2a5a3ac5a35b3b6a13a9f1f0a4a2ee23f0c3a4d6f1e08\n\
    size 82260\n";
/// Samples of the silent file: the length of the silent clip of CREMA-D is 2.569 s.
const SILENT_SAMPLES: usize = 41_104;

/// Writes the odd files of one corpus below `root`.
pub(crate) fn write_oddities(corpus: &Corpus, root: &Path, seed: u64) -> Result<Vec<Oddity>, DemoError> {
    let rate = corpus.sample_rate_hz;
    let files: Vec<(String, OddityKind, Vec<u8>)> = match corpus.name {
        "crema_d" => vec![
            ("AudioWAV/1003_TAI_HAP_XX.wav".into(), OddityKind::GitLfsPointer, POINTER.into()),
            ("AudioWAV/1004_MTI_SAD_XX.wav".into(), OddityKind::Silent, wave::wav(&[0.0; SILENT_SAMPLES], rate)),
        ],
        "ravdess" => {
            let (song, cut) = (corpora::ravdess_song(), corpora::ravdess_second_take());
            let original = &corpus.clips[4];
            let copy = original.path.replace("-01-01-01.wav", "-01-02-01.wav");
            vec![
                (cut.path.clone(), OddityKind::Truncated, wave::wav_cut_in_half(&cut.render(rate, seed), rate)),
                (copy, OddityKind::Duplicate, corpus.encode(original, seed)),
                (song.path.clone(), OddityKind::Song, corpus.encode(&song, seed)),
            ]
        }
        "savee" => {
            let test = corpora::savee_clip("KL", "test_recording", Emotion::Neutral, 1);
            vec![
                ("AudioData/JK/d03.wav".into(), OddityKind::Empty, Vec::new()),
                (test.path.clone(), OddityKind::UnknownName, corpus.encode(&test, seed)),
            ]
        }
        _ => {
            let clip = corpora::tess_extra_word();
            vec![(clip.path.clone(), OddityKind::WrongExtension, wave::aiff(&clip.render(rate, seed), rate))]
        }
    };
    let mut oddities = Vec::new();
    for (path, kind, bytes) in files {
        let path = root.join(path);
        write_file(&path, &bytes)?;
        oddities.push(Oddity { path, kind });
    }
    Ok(oddities)
}
