use std::fs;

use ser_schemas::{Clip, Corpus, Emotion, Provenance, Table as _};

use super::*;

#[test]
fn tables_are_described_where_they_lie_with_checksums_types_and_meanings() {
    let folder = tempfile::tempdir().expect("folder");
    let (manifest, docs) = (folder.path().join("artifacts/manifest"), folder.path().join("docs"));
    fs::create_dir_all(&manifest).expect("folder");
    fs::create_dir(&docs).expect("folder");
    let mut clip = Clip::found("c/a".into(), "c".into(), "c/a.wav".into(), 9);
    clip.emotion = Some(Emotion::SAD);
    clip.language = Some("pl".to_owned());
    let corpus = |name: &str, licence: Option<&str>| Corpus {
        corpus: name.to_owned(),
        title: format!("The corpus {name}"),
        licence: licence.map(str::to_owned),
        citation: Some(format!("Author of {name}.")),
        ..Corpus::default()
    };
    Clip::write_in(&manifest, &[clip], &Provenance::default()).expect("write");
    ser_schemas::Exclusion::write_in(&manifest, &[], &Provenance::default()).expect("write");
    Corpus::write_in(&manifest, &[corpus("c", Some("CC BY 4.0")), corpus("d", None)], &Provenance::default())
        .expect("write");
    let dataset = Dataset::read("small", &manifest).expect("tables");
    let table =
        |file: &str| DescribedTable { stage: "manifest".to_owned(), file: file.to_owned(), path: manifest.join(file) };
    let description = Description {
        published: "2026-11-29T23:00:00Z".to_owned(),
        content: "0123456789abcdef0123".to_owned(),
        url: None,
        creator: None,
    };
    let tables = [table("clips.parquet"), table("exclusions.parquet")];
    let described = croissant(&docs, &dataset, &tables, &description).expect("described");
    let columns = Clip::schema().fields().len() + ser_schemas::Exclusion::schema().fields().len();
    assert_eq!((described.files, described.fields), (2, columns));
    let told: Value = serde_json::from_str(&described.text).expect("JSON");
    assert_eq!(told["conformsTo"], CONFORMS_TO);
    assert_eq!(told["license"], json!(["https://creativecommons.org/licenses/by/4.0/"]), "only of corpora with clips");
    assert_eq!(told["citeAs"], "Author of c.");
    assert_eq!(told["version"], "1.0.0+0123456789abcdef");
    assert_eq!(told["inLanguage"], json!(["pl"]));
    assert_eq!(told["creator"][0]["name"], "The authors of The corpus c");
    assert!(told.get("url").is_none());
    let file = &told["distribution"][0];
    assert_eq!(file["contentUrl"], "../artifacts/manifest/clips.parquet");
    assert_eq!(file["sha256"], sha256(&manifest.join("clips.parquet")).expect("read").0);
    let records = &told["recordSet"][0];
    assert_eq!((&records["@id"], &records["key"]["@id"]), (&json!("manifest/clips"), &json!("manifest/clips/clip_id")));
    let field = |name: &str| {
        let fields = records["field"].as_array().expect("fields");
        fields.iter().find(|field| field["name"] == name).expect("a field").clone()
    };
    let rate = field("sample_rate_hz");
    assert_eq!(rate["dataType"], "cr:UInt32");
    assert_eq!(rate["description"], "Sample rate of the file in hertz, before any resampling.");
    assert_eq!(rate["source"]["fileObject"]["@id"], file["@id"]);
    assert_eq!(rate["source"]["extract"]["column"], "sample_rate_hz");
    let fingerprint = field("fingerprint");
    assert_eq!((&fingerprint["isArray"], &fingerprint["arrayShape"]), (&json!(true), &json!("-1")));
}

#[test]
fn what_is_no_table_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("clips.parquet");
    fs::write(&path, "no table").expect("write");
    let dataset = Dataset { name: "d".to_owned(), clips: Vec::new(), exclusions: Vec::new(), corpora: Vec::new() };
    let description =
        Description { published: String::new(), content: String::new(), url: None, creator: Some("me".to_owned()) };
    let table = DescribedTable { stage: "s".to_owned(), file: "clips.parquet".to_owned(), path };
    let error = croissant(folder.path(), &dataset, &[table], &description).expect_err("no table").to_string();
    assert!(error.contains("clips.parquet` is not a readable Parquet file"), "{error}");
}
