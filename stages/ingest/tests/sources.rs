//! What several sources tell of one file: names, tables, tables in several folders, `[speakers]`.

mod support;

use ser_ingest::{Descriptor, Params, Survey, check_root};
use support::{Folder, Ingested};

const NAMES: &str =
    "name = \"own\"\ntitle = \"Own\"\n[[pattern]]\npath = '(?:^|/)(?<speaker>s\\d)_(?<emotion>[a-z]+)_(?<take>\\d)$'\n";

const NAMELESS: &str = "name = \"own\"\ntitle = \"Own\"\n[[pattern]]\npath = '[^/]+$'\n";

fn table(file: &str, joins: &str, columns: &str) -> String {
    format!("[[table]]\nfile = \"{file}\"\njoins = \"{joins}\"\nkey = \"key\"\ncolumns = {{ {columns} }}\n")
}

/// Empty files at these places, and these tables.
fn corpus(files: &[&str], tables: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    for file in files {
        folder.bytes(&format!("data/{file}.wav"), b"");
    }
    for (file, rows) in tables {
        folder.text(&format!("data/{file}"), rows);
    }
    folder
}

fn ingest(folder: &Folder, descriptor: &str) -> Ingested {
    folder.text("own.toml", descriptor);
    folder.ingest(&Params { corpus: "own.toml".into(), root: "data".into(), ..Params::default() })
}

fn check(folder: &Folder, descriptor: &str) -> Survey {
    let descriptor = Descriptor::parse(descriptor, Some("own.toml".into())).expect("descriptor");
    check_root(&descriptor, &folder.path().join("data")).expect("survey")
}

fn assert_says(texts: &[String], part: &str) {
    assert!(texts.iter().any(|text| text.contains(part)), "`{part}` is not said in:\n{texts:#?}");
}

/// Speaker, emotion and gender of each file.
fn told(found: &Ingested) -> Vec<String> {
    let none = || "-".to_owned();
    let told = |clip: &ser_schemas::Clip| {
        let speaker = clip.speaker.clone().map_or_else(none, |speaker| speaker.replace("own:", ""));
        let emotion = clip.emotion.map_or_else(none, |emotion| emotion.to_string());
        format!("{speaker} {emotion} {}", clip.gender.clone().unwrap_or_else(none))
    };
    found.rows.iter().map(told).collect()
}

#[test]
fn a_name_and_a_table_that_differ_leave_the_field_empty() {
    let descriptor = format!("{NAMES}{}", table("labels.csv", "clip", "speaker = \"who\", emotion = \"emotion\""));
    let rows = "key,who,emotion\ns1_sad_1,s1,angry\ns1_sad_2,s2,sadness\ns2_sad_3,s2,sadness\n";
    let folder = corpus(&["s1_sad_1", "s1_sad_2", "s2_sad_3"], &[("labels.csv", rows)]);
    let found = ingest(&folder, &descriptor);
    assert_eq!(told(&found), ["s1 - -", "- sad -", "s2 sad -"]);
    assert_says(&found.warnings, "the name and `");
    assert_says(
        &found.warnings,
        "labels.csv` tell different values of `emotion` for 1 file, of which it stays empty: `s1_sad_1.wav` is `sad` by \
         its name and `angry` in line 2 of `",
    );
    assert_says(&found.warnings, "different values of `speaker` for 1 file");
    let survey = check(&folder, &descriptor);
    assert!(survey.not_understood["s1_sad_2.wav"].contains("speaker is `s1` by its name and `s2` in line 3 of"));
    assert_eq!(survey.warnings.len(), 2, "each of them once: {:#?}", survey.warnings);
}

#[test]
fn two_tables_and_the_speakers_of_the_descriptor_are_equals() {
    let descriptor = format!(
        "{NAMELESS}{}{}",
        table("labels.csv", "clip", "speaker = \"who\", emotion = \"emotion\", perceived_emotion = \"heard\""),
        table("more.csv", "clip", "emotion = \"emotion\", perceived_emotion = \"heard\"")
    );
    let labels = ("labels.csv", "key,who,emotion,heard\na/x,p1,sad,sad\na/y,p1,,\nb/x,p2,sad,sad\n");
    let more = ("more.csv", "key,emotion,heard\na/x,happy,happy\na/y,angry,angry\nb/x,sadness,sad\n");
    let folder = corpus(&["a/x", "a/y", "b/x"], &[labels, more]);
    let found = ingest(&folder, &descriptor);
    assert_eq!(told(&found), ["p1 - -", "p1 angry -", "p2 sad -"]);
    assert_says(&found.warnings, "more.csv` tell different values of `emotion` for 1 file");
    let heard: Vec<String> = found.rows.iter().filter_map(|clip| Some(clip.perceived_emotion?.to_string())).collect();
    assert_eq!(heard, ["sad", "angry", "sad"], "of opinions the first counts");

    let speakers = format!(
        "{NAMES}{}[gender]\nall = \"male\"\n[speakers]\ns1 = {{ gender = \"female\", age_years = 30 }}\n",
        table("speakers.csv", "speaker", "gender = \"sex\", age_years = \"age\"")
    );
    let rows = "key,sex,age\ns1,male,30.0\ns2,female,40\n";
    let folder = corpus(&["s1_sad_1", "s1_sad_2", "s2_sad_1", "s3_sad_1"], &[("speakers.csv", rows)]);
    let found = ingest(&folder, &speakers);
    assert_eq!(told(&found), ["s1 sad -", "s1 sad -", "s2 sad female", "s3 sad male"], "a rule is no source");
    assert_eq!(found.rows[0].age_years, Some(30.0));
    assert_says(&found.warnings, "`[speakers]` and `");
    assert_says(
        &found.warnings,
        "values of `gender` for 2 files, of which it stays empty: `s1_sad_1.wav` is `female` in",
    );
}

#[test]
fn a_table_in_each_folder_tells_of_its_folder() {
    let descriptor = format!("{NAMELESS}{}", table("labels.csv", "clip", "speaker = \"who\", emotion = \"emotion\""));
    let tables = [
        ("a/labels.csv", "key,who,emotion\nx.wav,p1,sad\ny.wav,p1,angry\n"),
        ("b/labels.csv", "key,who,emotion\nx.wav,p2,happy\ny.wav,p2,sad\n"),
    ];
    let folder = corpus(&["a/x", "a/y", "b/x", "b/y"], &tables);
    let found = ingest(&folder, &descriptor);
    assert_eq!(told(&found), ["p1 sad -", "p1 angry -", "p2 happy -", "p2 sad -"]);
    assert_eq!(check(&folder, &descriptor).warnings, Vec::<String>::new());
    folder.text("data/b/labels.csv", "key,who,emotion\na/x,p1,happy\na/y,p1,angry\nx,p2,sad\ny,p2,sad\n");
    let found = ingest(&folder, &descriptor);
    assert_eq!(told(&found), ["p1 - -", "p1 angry -", "p2 sad -", "p2 sad -"]);
    assert_says(&found.warnings, "b/labels.csv` tell different values of `emotion` for 1 file");
}

#[test]
fn a_second_table_of_the_name_that_is_not_read_is_told() {
    let descriptor = format!("{NAMELESS}{}", table("labels.csv", "clip", "speaker = \"who\", emotion = \"emotion\""));
    let rows = "key,who,emotion\nx.wav,p1,sad\n";
    let folder = corpus(&["x"], &[("labels.csv", rows), ("old/labels.csv", rows)]);
    assert_eq!(check(&folder, &descriptor).warnings, Vec::<String>::new(), "a copy");
    folder.text("data/old/labels.csv", "key,who,emotion\nx.wav,p1,happy\n");
    assert_says(
        &check(&folder, &descriptor).warnings,
        "is read, and what differs from it under the same name is not: `",
    );
    assert_eq!(told(&ingest(&folder, &descriptor)), ["p1 sad -"]);
}

#[test]
fn a_misspelt_table_or_column_is_named_with_its_neighbour() {
    let labels = ("labels.csv", "key,who,emotion\nx.wav,p1,hapy\ny.wav,p1,hapy\nz.wav,p1,neutrl\n");
    let folder = corpus(&["x", "y", "z"], &[labels]);
    let of = |file: &str, emotion: &str| {
        let columns = format!("speaker = \"who\", emotion = \"{emotion}\"");
        check(&folder, &format!("{NAMELESS}{}", table(file, "clip", &columns))).warnings
    };
    assert_says(
        &of("label.csv", "emotion"),
        "`label.csv` not found, so it fills nothing: speaker, emotion; did you mean `labels.csv`?",
    );
    assert_says(&of("labels.csv", "emotoin"), "it has: key, who, emotion; did you mean `emotion`?");
    let found = of("labels.csv", "emotion");
    assert_says(
        &found,
        "left null: `hapy` (2 times, first in line 2; did you mean `happy`?), `neutrl` (line 4; did you mean `neutral`?)",
    );
    assert!(found[0].ends_with("put the table right, or what `[[table]]` says of it"), "{found:#?}");
    folder.text("data/labels.csv", "");
    assert_says(&of("labels.csv", "emotion"), "it has no column `key`; it is empty");
}

#[test]
fn all_files_are_accounted_for() {
    let descriptor = format!("{NAMES}[[pattern]]\nmodality = \"song\"\npath = 'song'\n");
    let folder = corpus(&["s1_sad_1", "copy/s1_sad_1", "s2_sad_1", "song", "nonsense"], &[]);
    let survey = check(&folder, &descriptor);
    let copies: Vec<_> = survey.seen_twice.iter().map(|(path, first)| (path.as_str(), first.as_str())).collect();
    assert_eq!(copies, [("s1_sad_1.wav", "copy/s1_sad_1.wav")]);
    let others: u64 = survey.other_modalities.values().sum();
    assert_eq!((survey.files, survey.recordings, survey.not_understood.len(), others), (5, 2, 1, 1));
}
