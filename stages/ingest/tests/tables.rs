//! Tables beside a corpus as spreadsheets, scripts and hands leave them: what they label, and what is said of the rest.

mod support;

use ser_ingest::{Descriptor, Params, Survey, check_root};
use ser_schemas::{Emotion, Reason};
use support::Folder;

/// Files are called anything; `labels.csv` tells speaker and emotion.
const LABELS: &str = r#"
name = "toy"
title = "Toy"
[[pattern]]
path = '(?<sentence>[^/]+)$'
[[table]]
file = "labels.csv"
joins = "clip"
key = "file"
columns = { speaker = "speaker", emotion = "emotion" }
"#;

/// Names are `<speaker>_<sentence>_<emotion>`; `speakers.csv` tells of the speakers.
const SPEAKERS: &str = r#"
name = "toy"
title = "Toy"
[[pattern]]
path = '(?:^|/)(?<speaker>[^/_]+)_(?<sentence>[^/_]+)_(?<emotion>[^/_]+)$'
[[table]]
file = "speakers.csv"
joins = "speaker"
key = "id"
columns = { gender = "sex", age_years = "age" }
codes.gender = { m = "male", f = "female" }
"#;

/// A corpus of files without content: what the names and the tables tell is all that is asked.
struct Toy {
    folder: Folder,
    descriptor: Descriptor,
}

impl Toy {
    fn new(descriptor: &str, files: &[&str]) -> Self {
        let folder = Folder::new();
        for file in files {
            folder.bytes(&format!("data/{file}"), b"");
        }
        Self { folder, descriptor: Descriptor::parse(descriptor, None).expect("descriptor") }
    }

    fn labels(files: &[&str], table: impl AsRef<[u8]>) -> Self {
        let toy = Self::new(LABELS, files);
        toy.folder.bytes("data/labels.csv", table.as_ref());
        toy
    }

    fn speakers(names: &[&str], table: impl AsRef<[u8]>) -> Self {
        let toy = Self::new(SPEAKERS, &names.iter().map(|name| format!("{name}_a_sad.wav")).collect::<Vec<_>>().each());
        toy.folder.bytes("data/speakers.csv", table.as_ref());
        toy
    }

    fn check(&self) -> Survey {
        check_root(&self.descriptor, &self.folder.path().join("data")).expect("survey")
    }

    /// What an ingest says of each file: speaker and emotion, or why not.
    fn told(&self) -> Vec<String> {
        let found = self.ingest();
        let told = |clip: &ser_schemas::Clip| {
            let name = clip.clip_id.trim_start_matches("toy/");
            let speaker = clip.speaker.as_deref().unwrap_or("-").trim_start_matches("toy:");
            format!("{name} {speaker} {}", clip.emotion.map_or("-", Emotion::as_str))
        };
        found.rows.iter().map(told).collect()
    }

    fn ingest(&self) -> support::Ingested {
        self.folder.text("toy.toml", &self.descriptor.text);
        self.folder.ingest(&Params { corpus: "toy.toml".into(), root: "data".into(), ..Params::default() })
    }

    fn warnings(&self) -> String {
        self.ingest().warnings.join("\n")
    }
}

/// Borrowed names of owned ones.
trait Each {
    fn each(&self) -> Vec<&str>;
}

impl Each for Vec<String> {
    fn each(&self) -> Vec<&str> {
        self.iter().map(String::as_str).collect()
    }
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not said in:\n{text}");
    }
}

#[test]
fn a_row_of_another_width_labels_nothing() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav", "u2.wav"],
        "file,speaker,text,emotion,rater\nu0.wav,p1,Dogs, sad, run,happy\nu1.wav,p2,angry\nu2.wav,p3,\"Oh, well\",sad,r1\n",
    );
    assert_eq!(toy.told(), ["u0 - -", "u1 - -", "u2 p3 sad"]);
    assert_says(
        &toy.warnings(),
        &[
            "2 rows have more or fewer cells than the header and fill nothing; the first is line 2: expected 5 cells, found 6",
        ],
    );
    assert_says(&toy.warnings(), &["joined 1 of 3 rows: speaker, emotion; 2 of 3 recordings have no row: `u0`, `u1`"]);
    let detail = &toy.check().not_understood["u0.wav"];
    assert_says(detail, &["`labels.csv` has no row for it among those that can be read (line 2 cannot)"]);
}

#[test]
fn an_open_quote_is_told_and_swallows_no_row() {
    let (open, good) = ("u2.wav,p3,\"left open,sad\n", "u1.wav,p2,\"Oh well, happy\",angry\n");
    let wide = "u0.wav,p1,Oh well, happy, angry\n";
    for (rows, line) in [([wide, good, open], 4), ([open, wide, good], 2), ([wide, open, good], 3)] {
        let table = format!("file,speaker,text,emotion\n{}", rows.concat());
        let toy = Toy::labels(&["u0.wav", "u1.wav", "u2.wav"], table);
        assert_eq!(toy.told(), ["u0 - -", "u1 p2 angry", "u2 - -"], "{rows:?}");
        let said = toy.warnings();
        assert_says(&said, &[&format!("line {line} fills nothing: a quote opens a cell and is never closed")]);
        assert_says(&said, &["1 row has more or fewer cells", "expected 4 cells, found 5"]);
    }
}

#[test]
fn an_open_quote_that_another_stray_one_would_close_labels_nobody() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav", "u2.wav"],
        "file,speaker,text,emotion\nu0.wav,p1,\"left open,sad\nu1.wav,p2,well,angry\nu2.wav,p3,closed here\",happy\n",
    );
    assert_eq!(toy.told(), ["u0 - -", "u1 p2 angry", "u2 p3 happy"]);
}

#[test]
fn a_transcript_may_hold_separators_quotes_and_lines() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav"],
        "file,text,speaker,emotion\r\nu0.wav,\"Oh, \"\"well\"\"\r\nhe, said\",p1,sad\r\nu1.wav,5'2\" tall,p2,happy\r\n",
    );
    assert_eq!(toy.told(), ["u0 p1 sad", "u1 p2 happy"]);
    assert_eq!(toy.warnings().lines().filter(|line| line.contains("labels.csv")).count(), 0, "{}", toy.warnings());
}

#[test]
fn a_bare_name_of_several_files_labels_none_of_them() {
    let toy = Toy::labels(
        &["p1/001.wav", "p2/001.wav", "p1/002.wav"],
        "file,speaker,emotion\n001.wav,p1,happy\np1/002.wav,p1,angry\n",
    );
    assert_eq!(toy.told(), ["p1/001 - -", "p1/002 p1 angry", "p2/001 - -"]);
    assert_says(
        &toy.warnings(),
        &["1 key fits several files, so it fills nothing: `001.wav` (line 2) may mean `p1/001` or `p2/001`"],
    );
    let detail = &toy.check().not_understood["p2/001.wav"];
    assert_says(detail, &["`labels.csv` has no row for it alone: `001.wav` in line 2 fits several files"]);
}

#[test]
fn rows_that_contradict_each_other_leave_that_column_empty() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav", "u2.wav"],
        "file,speaker,emotion\nu0.wav,p1,angry\nu0.wav,p1,sad\nu1,p2,joy\nu1.wav,p2,happiness\nu2,p3,sad\nu2,p3,\n",
    );
    assert_eq!(toy.told(), ["u0 p1 -", "u1 p2 happy", "u2 p3 sad"]);
    let said = toy.warnings();
    assert_says(
        &said,
        &[
            "1 key has rows that contradict each other in `emotion`, which they leave null: `u0.wav` is `angry` in line 2 \
           and `sad` in line 3",
        ],
    );
    assert!(!said.contains("`speaker`, which"), "{said}");
    let detail = &toy.check().not_understood["u0.wav"];
    assert_says(
        detail,
        &["tell no emotion", "contradict each other: emotion is `angry` in line 2 and `sad` in line 3"],
    );
}

#[test]
fn two_keys_of_one_file_are_rows_about_it() {
    let files = ["p1/001.wav"];
    let toy = Toy::labels(&files, "file,speaker,emotion\np1/001.wav,p1,angry\n001.wav,p1,sad\n");
    assert_eq!(toy.told(), ["p1/001 p1 -"]);
    let toy = Toy::labels(
        &files,
        "file,speaker,emotion\np1/001.wav,p1,angry\n./p1\\001.WAV,p1,angry\ndata/p1/001,p1,angry\n",
    );
    assert_eq!(toy.told(), ["p1/001 p1 angry"]);
    assert!(!toy.warnings().contains("labels.csv"), "{}", toy.warnings());
}

#[test]
fn speakers_who_contradict_themselves_keep_what_is_agreed() {
    let toy = Toy::speakers(&["s1", "s2"], "id,sex,age\ns1,f,30\ns1,f,31\ns2,m,40\ns2,m,40.0\n");
    let found = toy.ingest();
    let told: Vec<_> = found.rows.iter().map(|clip| (clip.gender.as_deref(), clip.age_years)).collect();
    assert_eq!(told, [(Some("female"), None), (Some("male"), Some(40.0))]);
    assert_says(
        &found.warnings.join("\n"),
        &["1 key has rows that contradict each other in `age_years`", "`30` in line 2"],
    );
}

#[test]
fn letters_of_other_encodings_stay_different_letters() {
    let files = ["u0.wav", "u1.wav", "u2.wav", "u3.wav"];
    let rows = "file,speaker,emotion\nu0.wav,B\u{e4}r,angry\nu1.wav,B\u{e4}r,sad\nu2.wav,B\u{f6}r,angry\nu3.wav,B\u{f6}r,sad\n";
    let latin: Vec<u8> = rows.chars().map(|character| character as u8).collect();
    let little: Vec<u8> = format!("\u{feff}{rows}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = format!("\u{feff}{rows}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [&latin, &little, &big] {
        let survey = Toy::labels(&files, bytes).check();
        let speakers: Vec<_> = survey.speakers.into_iter().collect();
        assert_eq!(speakers, [("B\u{e4}r".to_owned(), 2), ("B\u{f6}r".to_owned(), 2)]);
    }
    let notes = Toy::labels(&files, &latin).check().notes.join("\n");
    assert_says(&notes, &["read as Windows-1252 (byte 0xE4 in line 2, column 9,"]);
    assert!(!Toy::labels(&files, &little).check().notes.join("\n").contains("Windows-1252"));
}

#[test]
fn bytes_that_are_no_text_are_refused_by_name() {
    let refused = |bytes: &[u8], parts: &[&str]| {
        let toy = Toy::labels(&["u0.wav"], bytes);
        assert_says(&toy.warnings(), &[&["labels.csv` is not joined: "], parts].concat());
        assert_eq!(toy.told(), ["u0 - -"]);
        assert_says(&toy.check().not_understood["u0.wav"], &["`labels.csv` could not be joined"]);
    };
    let unmarked: Vec<u8> = "file,speaker,emotion\nu0.wav,p1,sad\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(&unmarked, &["UTF-16 without its byte order mark"]);
    refused(
        b"file,speaker,emotion\nu0.wav,B\x81r,sad\n",
        &["neither UTF-8 nor Windows-1252", "0x81 in line 2, column 9"],
    );
    refused(b"\xef\xbb\xbffile,speaker,emotion\nu0.wav,B\xe4r,sad\n", &["marked as UTF-8", "0xE4 in line 2"]);
    refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &["it is no text"]);
}

#[test]
fn a_letter_that_was_lost_earlier_makes_no_speaker() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav", "u\u{e4}.wav"],
        "file,speaker,emotion\nu0.wav,B\u{fffd}r,sad\nu1.wav,p1,sad\nu\u{fffd}.wav,p1,sad\n",
    );
    assert_eq!(toy.told(), ["u0 - sad", "u1 p1 sad", "u\u{e4} - -"]);
    assert_says(
        &toy.warnings(),
        &["1 value of `speaker` is not understood", "line 4 has lost letters of its key (U+FFFD)"],
    );
}

#[test]
fn letters_are_compared_in_one_unicode_form() {
    let (composed, decomposed) = ("Jos\u{e9}", "Jose\u{301}");
    let toy = Toy::labels(
        &[&format!("{decomposed}/u0.wav"), &format!("{composed}/u1.wav")],
        format!(
            "file,speaker,e\u{301}motion,emotion\n{composed}/u0.wav,{decomposed},,sad\n{decomposed}/u1.wav,{composed},,sad\n"
        ),
    );
    assert_eq!(toy.check().speakers.into_iter().collect::<Vec<_>>(), [(composed.to_owned(), 2)]);
    for (in_names, in_table) in [(composed, decomposed), (decomposed, composed)] {
        let toy = Toy::speakers(&[in_names], format!("id,sex,age\n{in_table},f,30\n"));
        assert_eq!(toy.ingest().rows[0].age_years, Some(30.0));
    }
}

#[test]
fn ids_that_went_through_a_spreadsheet_are_named_and_not_joined() {
    let toy = Toy::speakers(&["01", "02", "03", "04"], "id,sex,age\n1,f,21\n2,f,22\n3,f,23\n4,f,24\n");
    assert!(toy.ingest().rows.iter().all(|clip| clip.age_years.is_none() && clip.gender.is_none()));
    assert_says(
        &toy.warnings(),
        &[
            "speakers.csv`: joined 0 of 4 rows: gender, age_years",
            "4 are about no speaker that is here, the first is `1` (line 2)",
            "4 of 4 speakers have no row: `01`, `02`, `03` and 1 more",
            "ids are compared as written: `1` (line 2) and `01` are not joined, nor 3 more pairs like it",
        ],
    );
    let toy = Toy::speakers(&["s1", "s2", "s3"], "id,sex,age\nS1,f,21\ns2 ,f,22\ns9,f,23\n");
    assert_says(
        &toy.warnings(),
        &[
            "joined 1 of 3 rows",
            "2 are about no speaker that is here, the first is `S1` (line 2)",
            "`S1` (line 2) and `s1` are not joined",
        ],
    );
    let ages: Vec<_> = toy.ingest().rows.iter().map(|clip| clip.age_years).collect();
    assert_eq!(ages, [None, Some(22.0), None]);
}

#[test]
fn a_table_of_more_than_is_here_is_no_reason_to_warn() {
    let toy = Toy::speakers(&["s1", "s2"], "id,sex,age\ns1,f,21\ns2,f,22\ns3,f,23\ns4,f,24\ns5,m,25\n");
    let found = toy.ingest();
    assert!(!found.warnings.join("\n").contains("speakers.csv"), "{:?}", found.warnings);
    assert_says(&found.summary.notes.join("\n"), &["joined 2 of 5 rows", "the first is `s3` (line 4)"]);
    let nobody = Toy::speakers(&["s1"], "id,sex,age\n").warnings();
    assert_says(&nobody, &["speakers.csv`: it has no row: gender, age_years", "1 of 1 speaker has no row: `s1`"]);
}

#[test]
fn exports_with_semicolons_marks_and_windows_line_ends() {
    let table = "\u{feff}id;sex;age\r\ns1;f;31,5\r\ns2;m;40\r\ns3;f;\r\ns4;m;abc\r\n";
    let names = ["s1", "s2", "s3", "s4"];
    let toy = Toy::speakers(&names, table);
    assert_says(
        &toy.warnings(),
        &[
            "it has no column `id`; it has: id;sex;age; its cells seem to be separated by semicolons: set `separator = \";\"`",
        ],
    );
    let quoted = Toy::speakers(&names, "\"id\"\t\"sex\"\t\"age\"\ns1\tf\t31\n").warnings();
    assert_says(&quoted, &["separated by tabs: set `separator = \"\\t\"`"]);
    let descriptor = SPEAKERS.replace("joins =", "separator = \";\"\njoins =");
    let toy = Toy { descriptor: Descriptor::parse(&descriptor, None).expect("descriptor"), ..toy };
    let found = toy.ingest();
    let told: Vec<_> = found.rows.iter().map(|clip| (clip.gender.as_deref().unwrap_or("-"), clip.age_years)).collect();
    assert_eq!(told, [("female", None), ("male", Some(40.0)), ("female", None), ("male", None)]);
    assert_says(
        &found.warnings.join("\n"),
        &["2 values of `age_years` are not understood and left null: `31,5` (line 2), `abc` (line 5)"],
    );
    let marked = Toy::speakers(&names[..1], "sep=;\r\nid;sex;age\r\ns1;f;31\r\n");
    assert_eq!(marked.ingest().rows[0].age_years, Some(31.0), "the file itself tells its separator");
}

#[test]
fn a_column_that_is_there_twice_is_a_mistake() {
    let toy = Toy::labels(&["u0.wav"], "file,speaker,emotion,Emotion\nu0.wav,p1,sad,happy\n");
    assert_eq!(toy.told(), ["u0 p1 sad"], "only one is written so");
    let toy = Toy::labels(&["u0.wav"], "file,speaker,emotion,emotion\nu0.wav,p1,sad,happy\n");
    assert_eq!(toy.told(), ["u0 - -"]);
    assert_says(&toy.warnings(), &["is not joined: it has 2 columns named `emotion`"]);
}

#[test]
fn keys_of_other_folders_and_machines_find_their_files() {
    let files = ["sub/u0.wav", "sub/u1.wav", "sub/u2.wav", "sub/u3.wav", "sub/u4.wav"];
    let toy = Toy::labels(
        &files,
        "file,speaker,emotion\nsub\\u0.wav,p1,angry\n./sub/u1.WAV,p2,sad\ndata/sub/u2.wav,p3,happy\n\
         /home/someone/corpus/sub/u3.wav,p4,sad\nC:\\Users\\me\\sub\\u4.wav,p5,sad\n",
    );
    let told = ["sub/u0 p1 angry", "sub/u1 p2 sad", "sub/u2 p3 happy", "sub/u3 p4 sad", "sub/u4 p5 sad"];
    assert_eq!(toy.told(), told);
    assert!(!toy.warnings().contains("labels.csv"), "{}", toy.warnings());
    let toy = Toy::labels(
        &files[..2],
        "file,speaker,emotion\nsub/u0.wav,p1,angry\nother/u1.wav,p2,sad\nsub/U1.wav,p2,sad\nsub/u7.wav,p2,sad\n",
    );
    assert_eq!(toy.told(), ["sub/u0 p1 angry", "sub/u1 - -"], "an equal name in another folder is another file");
    assert_says(
        &toy.warnings(),
        &["joined 1 of 4 rows", "3 are about no recording that is here, the first is `other/u1.wav` (line 3)"],
    );
}

#[test]
fn a_key_that_names_the_place_of_a_file_counts_before_one_from_elsewhere() {
    let rows = "file,speaker,emotion\np1/001.wav,p1,angry\n001.wav,p2,sad\n";
    assert_eq!(Toy::labels(&["001.wav"], rows).told(), ["001 p2 sad"]);
    let rows = "file,speaker,emotion\np1/001.wav,p1,angry\ndata/001.wav,p2,sad\n";
    assert_eq!(Toy::labels(&["001.wav"], rows).told(), ["001 p2 sad"], "the root is called `data`");
    let rows = "file,speaker,emotion\np1/001.wav,p1,angry\np2/001.wav,p2,sad\n";
    assert_eq!(Toy::labels(&["001.wav"], rows).told(), ["001 - -"], "of two places, neither is this one");
}

#[test]
fn no_row_an_empty_cell_and_a_word_not_understood_are_told_apart() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav", "u2.wav", "u3.wav", "u4.wav", "u5.wav"],
        "file,speaker,emotion\nu0.wav,p1,angry\nu1.wav,p2,sad\nu2.wav,p1,\nu4.wav,p1,happpy\nu9.wav,p2,sad\n",
    );
    let found = toy.ingest();
    let detail = |file: &str| found.clip(&format!("toy/{file}")).problem_detail.unwrap_or_default();
    // Without content there is another problem that comes first; the survey asks the names alone.
    assert!(found.rows.iter().all(|clip| clip.problem == Some(Reason::Unreadable)), "{}", detail("u2"));
    let survey = toy.check();
    let why: Vec<(&str, &str)> =
        survey.not_understood.iter().map(|(file, why)| (file.as_str(), why.as_str())).collect();
    assert_eq!(
        why,
        [
            (
                "u2.wav",
                "`u2` and the tables of toy tell no emotion: its row in `labels.csv` (line 4) has an empty cell for emotion"
            ),
            ("u3.wav", "`u3` and the tables of toy tell neither speaker nor emotion: `labels.csv` has no row for it"),
            (
                "u4.wav",
                "`u4` and the tables of toy tell no emotion: its emotion in `labels.csv`, `happpy` in line 5, is not \
                 understood; did you mean `happy`?"
            ),
            ("u5.wav", "`u5` and the tables of toy tell neither speaker nor emotion: `labels.csv` has no row for it"),
        ]
    );
    assert_eq!(survey.recordings, 2);
    let said = [survey.warnings, survey.notes].concat().join("\n");
    assert_says(&said, &["joined 4 of 5 rows", "1 is about no recording that is here, the first is `u9.wav` (line 6)"]);
    assert_says(&said, &["2 of 6 recordings have no row: `u3`, `u5`"]);
    assert_says(
        &said,
        &["1 value of `emotion` is not understood and left null: `happpy` (line 5; did you mean `happy`?)"],
    );
}

#[test]
fn what_a_table_does_not_tell_becomes_the_detail_of_an_exclusion() {
    let toy = Toy::new(LABELS, &[]);
    toy.folder.wav("data/u0.wav", 1);
    toy.folder.wav("data/u1.wav", 2);
    toy.folder.text("data/labels.csv", "file,speaker,emotion\nu0.wav,p1,sad\n");
    let found = toy.ingest();
    assert_eq!(found.clip("toy/u0").problem, None);
    let u1 = found.clip("toy/u1");
    assert_eq!(u1.problem, Some(Reason::NameNotUnderstood));
    assert_says(&u1.problem_detail.unwrap_or_default(), &["`labels.csv` has no row for it"]);
    std::fs::remove_file(toy.folder.path().join("data/labels.csv")).expect("file");
    assert_says(&toy.ingest().clip("toy/u1").problem_detail.unwrap_or_default(), &["`labels.csv` was not found"]);
}

#[test]
fn tables_that_each_label_a_part_are_not_said_to_lack_the_others() {
    let second = LABELS[LABELS.find("[[table]]").expect("a table")..].replace("labels.csv", "test.csv");
    let toy = Toy::new(&format!("{LABELS}{second}"), &["u0.wav", "u1.wav"]);
    toy.folder.text("data/labels.csv", "file,speaker,emotion\nu0.wav,p1,sad\n");
    toy.folder.text("data/test.csv", "file,speaker,emotion\nu1.wav,p2,happy\n");
    assert_eq!(toy.told(), ["u0 p1 sad", "u1 p2 happy"]);
    assert!(!toy.warnings().contains(".csv"), "{}", toy.warnings());
    toy.folder.bytes("data/u2.wav", b"");
    assert_says(
        &toy.check().not_understood["u2.wav"],
        &["`labels.csv` has no row for it; `test.csv` has no row for it"],
    );
}

#[test]
fn rows_that_the_descriptor_selects_are_the_ones_counted() {
    let descriptor = LABELS.replace("columns =", "rows = { modality = '^audio$' }\ncolumns =");
    let toy = Toy::new(&descriptor, &["u0.wav", "u1.wav"]);
    let table =
        "file,modality,speaker,emotion\nu0,audio,p1,sad\nu0,video,p1,happy\nu1,audio,p1,sad\nu1,video,p1,angry\n";
    toy.folder.text("data/labels.csv", table);
    assert_eq!(toy.told(), ["u0 p1 sad", "u1 p1 sad"]);
    assert!(!toy.warnings().contains("labels.csv"), "{}", toy.warnings());
    assert_says(&toy.check().notes.join("\n"), &["labels.csv`: joined 2 of 2 rows: speaker, emotion"]);
    toy.folder.text("data/labels.csv", &table.replace("audio", "voice"));
    assert_says(&toy.warnings(), &["`rows` selects none of its 4 rows"]);
}

#[test]
fn copies_of_a_tree_are_labelled_alike() {
    let votes = "\"\",\"FileName\",\"VoiceVote\"\n\"1\",\"1001_IEO_ANG_HI\",\"N\"\n\"2\",\"1040_ITH_SAD_XX\",\"S\"\n";
    let folder = Folder::new();
    for name in ["AudioWAV/1001_IEO_ANG_HI", "AudioWAV/AudioWAV/1001_IEO_ANG_HI", "1001_IEO_ANG_HI", "x/1040_ITH_SAD_X"]
    {
        folder.bytes(&format!("crema_d/{name}.wav"), b"");
    }
    folder.bytes("crema_d/AudioMP3/1001_IEO_ANG_HI.mp3", b"");
    folder.text("crema_d/processedResults/summaryTable.csv", votes);
    let found = folder.ingest(&Params { corpus: "crema_d".into(), root: "crema_d".into(), ..Params::default() });
    assert_eq!(found.rows.len(), 5);
    assert!(found.rows.iter().all(|clip| clip.perceived_emotion.is_some()), "{:?}", found.rows);
    assert!(!found.warnings.join("\n").contains("summaryTable"), "{:?}", found.warnings);
    let toy = Toy::labels(&["a/u0.wav", "a/a/u0.wav"], "file,speaker,emotion\nu0.wav,p1,sad\n");
    assert_eq!(toy.told(), ["a/a/u0 p1 sad", "a/u0 p1 sad"], "a tree in a folder of its own name");
}

#[test]
fn control_characters_of_a_table_reach_no_terminal() {
    let toy = Toy::labels(
        &["u0.wav", "u1.wav"],
        "file,speaker,emotion\nu0.wav,p1,\u{1b}[31msad\n\u{1b}]0;u9.wav,p1,sad\nu1.wav,p1,a\u{7}\nu1.wav,p1,b\u{7}\n",
    );
    let survey = toy.check();
    let told: Vec<String> = [survey.warnings.clone(), survey.notes.clone()].concat();
    let said: Vec<&String> = told.iter().chain(survey.not_understood.values()).collect();
    assert!(said.iter().all(|text| !text.contains(char::is_control)), "{said:?}");
    assert_says(&told.join("\n"), &["`\\u{1b}]0;u9.wav` (line 3)", "`\\u{1b}[31msad`", "`a\\u{7}` in line 4"]);
}
