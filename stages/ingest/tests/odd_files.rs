//! Files that are no audio, names that are no names, folders that cannot be read: each is reported, none stops the
//! rest.

mod support;

use std::fs;

use ser_ingest::Params;
use ser_schemas::Reason;
use ser_stage::Observer;
use support::{Folder, float_wav, pcm_wav, tone};

fn tess(folder: &Folder) -> support::Ingested {
    folder.ingest(&Params { corpus: "tess".into(), root: "tess".into(), ..Params::default() })
}

#[test]
fn every_file_is_a_row_and_every_bad_one_has_its_reason() {
    let folder = Folder::new();
    let whole = pcm_wav(&tone(1, 8_000), 16_000);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 92204\n";
    folder.bytes("tess/OAF_good_sad.wav", &whole);
    folder.bytes("tess/OAF_text_sad.wav", b"I am a text file, whatever my name says.\n");
    folder.bytes("tess/OAF_empty_sad.wav", b"");
    folder.bytes("tess/OAF_pointer_sad.wav", pointer.as_bytes());
    folder.bytes("tess/OAF_cut_sad.wav", &whole[..whole.len() / 2]);
    folder.bytes("tess/OAF_nan_sad.wav", &float_wav(&[0.1, f32::NAN, 0.2, 0.1], 16_000));
    folder.bytes("tess/OAF_constant_sad.wav", &pcm_wav(&[500; 8_000], 16_000));
    folder.bytes("tess/recording 1.wav", &whole);
    folder.bytes("tess/OAF_good_bored.wav", &whole);
    folder.bytes("tess/nonsense.wav", b"");
    let found = tess(&folder);
    let problem = |name: &str| found.clip(&format!("tess/{name}")).problem;
    assert_eq!(found.rows.len(), 10);
    assert_eq!(problem("OAF_good_sad"), None);
    assert_eq!(problem("OAF_text_sad"), Some(Reason::Unreadable));
    assert_eq!(problem("OAF_empty_sad"), Some(Reason::Unreadable));
    assert_eq!(problem("OAF_pointer_sad"), Some(Reason::GitLfsPointer));
    assert_eq!(problem("OAF_cut_sad"), Some(Reason::Truncated));
    assert_eq!(problem("OAF_nan_sad"), Some(Reason::NonFinite));
    let constant = found.clip("tess/OAF_constant_sad");
    assert_eq!((constant.problem, constant.rms_dbfs, constant.channel_rms_dbfs), (None, None, None), "silence");
    assert_eq!(constant.dc_offset, Some(500.0 / 32_768.0));
    assert_eq!(problem("recording 1"), Some(Reason::NameNotUnderstood));
    assert_eq!(problem("OAF_good_bored"), Some(Reason::NameNotUnderstood));
    assert_eq!(problem("nonsense"), Some(Reason::Unreadable), "content comes before name");
    let named = found.clip("tess/recording 1");
    assert_eq!((named.duration_s, named.speaker, named.emotion), (Some(0.5), None, None));
    assert!(found.clip("tess/OAF_empty_sad").problem_detail.is_some_and(|detail| detail.contains("empty")));
    assert!(found.rows.iter().all(|clip| clip.problem.is_some() == clip.problem_detail.is_some()));
    assert_eq!((found.corpus.files, found.corpus.clips), (10, 2));
    let paths: Vec<_> = found.rows.iter().map(|clip| clip.path.clone()).collect();
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(paths, sorted);
}

#[test]
fn what_is_odd_about_the_sound_is_measured() {
    let folder = Folder::new();
    let voice: Vec<f32> = tone(1, 8_000).iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    let stereo = |other: &dyn Fn(f32) -> f32| {
        let mut bytes =
            float_wav(&voice.iter().flat_map(|sample| [*sample, other(*sample)]).collect::<Vec<_>>(), 16_000);
        // Two channels of 4 bytes each.
        (bytes[22], bytes[32]) = (2, 8);
        bytes
    };
    let scaled = |gain: f32, offset: f32| {
        float_wav(&voice.iter().map(|sample| gain * sample + offset).collect::<Vec<_>>(), 16_000)
    };
    folder.bytes("tess/OAF_plain_sad.wav", &scaled(1.0, 0.0));
    folder.bytes("tess/OAF_flip_sad.wav", &stereo(&|sample| -sample));
    folder.bytes("tess/OAF_left_sad.wav", &stereo(&|_| 0.0));
    folder.bytes("tess/OAF_shift_sad.wav", &scaled(1.0, 0.2));
    folder.bytes("tess/OAF_integer_sad.wav", &scaled(32_767.0, 0.0));
    folder.bytes(
        "tess/OAF_cut_sad.wav",
        &float_wav(&voice.iter().map(|s| s.clamp(-0.2, 0.2)).collect::<Vec<_>>(), 16_000),
    );
    folder.bytes("tess/OAF_twice_sad.wav", &[scaled(0.5, 0.0), scaled(0.5, 0.0)].concat());
    let found = tess(&folder);
    assert!(found.rows.iter().all(|clip| clip.problem.is_none()), "a manifest judges them");
    let clip = |name: &str| found.clip(&format!("tess/OAF_{name}_sad"));
    let close = |a: Option<f64>, b: f64, tolerance: f64| a.is_some_and(|a| (a - b).abs() < tolerance);
    let plain = clip("plain");
    let level = plain.rms_dbfs.expect("a level");
    assert_eq!((plain.channel_rms_dbfs, plain.clipped_fraction), (plain.rms_dbfs, Some(0.0)));
    let flip = clip("flip");
    assert_eq!((flip.rms_dbfs, flip.peak_dbfs, &flip.fingerprint), (None, None, &None), "the mix is silence");
    assert!(close(flip.channel_rms_dbfs, level, 0.01), "the channels are not");
    assert!(close(clip("left").rms_dbfs, level - 6.02, 0.01), "a dead channel takes 6 dB");
    let shift = clip("shift");
    assert!(close(shift.dc_offset, 0.2, 0.01) && close(shift.rms_dbfs, level, 0.01), "{shift:?}");
    assert_eq!(shift.leading_silence_s, plain.leading_silence_s);
    assert!(close(clip("integer").peak_dbfs, plain.peak_dbfs.expect("a peak") + 90.3, 0.1));
    assert!(clip("cut").clipped_fraction.is_some_and(|share| share > 0.1), "flat tops below full scale");
    assert!(clip("twice").remark.is_some_and(|remark| remark.starts_with("a second file (wav) begins behind it")));
    assert_eq!(plain.remark, None);
}

#[test]
fn two_formats_of_one_name_are_two_rows_of_one_clip_id() {
    let folder = Folder::new();
    folder.wav("tess/OAF_bar_sad.wav", 1);
    folder.wav("tess/OAF_bar_sad.FLAC", 2);
    let found = tess(&folder);
    assert_eq!(found.rows.iter().map(|clip| clip.clip_id.as_str()).collect::<Vec<_>>(), ["tess/OAF_bar_sad"; 2]);
    assert!(found.rows.iter().all(|clip| clip.container.as_deref() == Some("wav")), "the content decides");
}

#[cfg(unix)]
#[test]
fn links_pipes_and_names_of_other_encodings_do_no_harm() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    folder.wav("tess/OAF_bar_sad.wav", 1);
    folder.wav("elsewhere/real.bin", 2);
    let root = folder.path().join("tess");
    symlink("..", root.join("loop")).expect("link");
    symlink("../elsewhere/real.bin", root.join("YAF_bar_sad.wav")).expect("link");
    symlink("nowhere", root.join("YAF_dead_sad.wav")).expect("link");
    let latin1 = OsStr::from_bytes(b"OAF_caf\xe9_sad.wav");
    fs::write(root.join(latin1), pcm_wav(&tone(3, 800), 16_000)).expect("file");
    let found = tess(&folder);
    assert_eq!(found.clip("tess/YAF_bar_sad").problem, None, "a link to a file is followed");
    let dead = found.clip("tess/YAF_dead_sad");
    assert_eq!(dead.problem, Some(Reason::Unreadable));
    assert!(dead.problem_detail.is_some_and(|detail| detail.contains("leads nowhere")));
    let foreign = found.clip("tess/OAF_caf\u{fffd}_sad");
    assert_eq!(foreign.problem, Some(Reason::Unreadable));
    assert!(foreign.problem_detail.is_some_and(|detail| detail.contains("UTF-8")));
    assert_eq!(found.rows.len(), 4);
    assert!(found.warnings.iter().any(|warning| warning.contains("loop")), "{:?}", found.warnings);
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_a_warning_and_the_rest_is_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    folder.wav("tess/OAF_bar_sad.wav", 1);
    folder.wav("tess/locked/OAF_bar_angry.wav", 2);
    let locked = folder.path().join("tess/locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("permissions");
    // The superuser reads everything; then there is nothing to see here.
    let enforced = fs::read_dir(&locked).is_err();
    let found = tess(&folder);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("permissions");
    if enforced {
        assert_eq!(found.rows.len(), 1);
        assert!(found.warnings.iter().any(|warning| warning.contains("locked")), "{:?}", found.warnings);
    } else {
        assert_eq!(found.rows.len(), 2);
    }
}

#[test]
fn a_user_who_stops_is_obeyed() {
    struct Impatient;
    impl Observer for Impatient {
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let folder = Folder::new();
    folder.wav("tess/OAF_bar_sad.wav", 1);
    let params = Params { corpus: "tess".into(), root: "tess".into(), ..Params::default() };
    let error = folder.ingest_watched(&params, &Impatient).expect_err("cancelled");
    assert!(matches!(error, ser_ingest::IngestError::Cancelled), "{error}");
}
