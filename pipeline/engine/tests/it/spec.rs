//! Pipeline files: what is accepted, and how mistakes are shown.

use std::fs;
use std::path::Path;

use ser_engine::{Spec, SpecErrors, Stage};
use serde_json::json;

use crate::fake::{env, mistakes, mistakes_of_pairs, parse, registry};

const GOOD: &str = r#"
name = "test"

[stage.a]
kind = "source"
root = "${SER_DATA:-data}/a"

[stage.b]
kind = "source"
root = "${NOT_SET:-data}/b"

[stage.w]
kind = "work"
from = ["b", "a"]
n_mels = 80
protocol = "random"
frames = { length_ms = 25 }
steps = [{ kind = "trim", below_db = -40 }, { kind = "pre-emphasis" }]
codes.x = "random"

[stage.r]
kind = "report"
from = "w"
"#;

/// `GOOD` with one piece replaced.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "`{old}` is not in the file");
    GOOD.replacen(old, new, 1)
}

#[test]
fn a_good_file_becomes_a_pipeline_with_all_defaults_filled_in() {
    let pipeline = parse(GOOD, &[]).unwrap();
    assert_eq!(pipeline.name(), "test");
    assert_eq!(pipeline.seed(), 42);
    let names: Vec<&str> = pipeline.stages().iter().map(Stage::name).collect();
    assert_eq!(names, ["a", "b", "w", "r"]);
    assert_eq!(pipeline.stage("a").unwrap().params(), &json!({ "root": "elsewhere/a", "add": 0 }));
    assert_eq!(pipeline.stage("b").unwrap().params()["root"], "data/b");
    let work = pipeline.stage("w").unwrap();
    assert_eq!(work.from(), ["b", "a"]);
    assert_eq!(work.params()["n_mels"], 80);
    assert_eq!(work.params()["frames"], json!({ "length_ms": 25.0, "hop_ms": 10.0 }));
    assert_eq!(work.params()["steps"][0], json!({ "kind": "trim", "below_db": -40.0 }));
    assert_eq!(work.params()["codes"], json!({ "x": "random" }));
    let inputs: Vec<&str> = pipeline.inputs_of(work).map(Stage::name).collect();
    assert_eq!(inputs, ["b", "a"]);
}

#[test]
fn stages_may_stand_before_what_they_read() {
    let text = "name = 't'\n[stage.z]\nkind = 'work'\nfrom = 'a'\n[stage.a]\nkind = 'source'\nroot = 'x'\n";
    let pipeline = parse(text, &[]).unwrap();
    let names: Vec<&str> = pipeline.stages().iter().map(Stage::name).collect();
    assert_eq!(names, ["a", "z"]);
}

#[test]
fn five_mistakes_are_five_reports() {
    let text = r#"
name = "test"
sead = 7

[stage.a]
kind = "source"
root = "x"

[stage.w]
kind = "work"
from = ["a", "bb"]
n_mel = 80
share = 1.5

[stage.r]
kind = "raport"
from = "w"
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @r#"
    error: unknown key `sead`
     --> pipeline.toml:3:1
      |
    3 | sead = 7
      | ^^^^
      |
      = hint: did you mean `seed`? valid: `name`, `seed`, `stage`

    error: stage `w` reads `bb`, but there is no such stage
      --> pipeline.toml:11:14
       |
    11 | from = ["a", "bb"]
       |              ^^^^ unknown stage
       |
       = hint: stages: `r`

    error: `w` has no parameter `n_mel`
      --> pipeline.toml:12:1
       |
    12 | n_mel = 80
       | ^^^^^ unknown parameter
       |
       = hint: did you mean `n_mels`? valid: `n_mels`, `share`, `protocol`, `limit`, `steps`, `frames`, `codes`, `ignored`, `act`, `kind`, `from`

    error: `w.share` must be from 0 to 1, found `1.5`
      --> pipeline.toml:13:9
       |
    13 | share = 1.5
       |         ^^^ out of range
       |
       = hint: Share of something, from 0 to 1.

    error: there is no kind of stage `raport`
      --> pipeline.toml:16:8
       |
    16 | kind = "raport"
       |        ^^^^^^^^ unknown kind
       |
       = hint: did you mean `report`? valid: `source`, `work`, `report`

    5 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn parameters_are_checked_down_to_the_last_one() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = 5
[stage.w]
kind = "work"
from = "a"
n_mels = 7
limit = 70000
protocol = "randm"
frames = { length_ms = 0, hop = 5 }
steps = [{ kind = "trim" }, { kind = "trin" }, { below_db = -3 }, { kind = "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra = 1 }]
codes = { x = "random", y = 1 }
act = 2026-01-01
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @r#"
    error: `a.root` must be a string, found a whole number
     --> pipeline.toml:5:8
      |
    5 | root = 5
      |        ^ expected a string
      |
      = hint: File with a number, relative to the pipeline file.

    error: `w.n_mels` must be from 8 to 512, found `7`
     --> pipeline.toml:9:10
      |
    9 | n_mels = 7
      |          ^ out of range
      |
      = hint: Number of mel bands.

    error: `w.limit` must be from 1 to 65535, found `70000`
      --> pipeline.toml:10:9
       |
    10 | limit = 70000
       |         ^^^^^ out of range
       |
       = hint: Stop after this many steps.

    error: `w.protocol` cannot be `randm`
      --> pipeline.toml:11:12
       |
    11 | protocol = "randm"
       |            ^^^^^^^ not one of the valid values
       |
       = hint: did you mean `random`? valid: `speaker-independent`, `random`

    error: `w.frames.length_ms` must be above 0, found `0`
      --> pipeline.toml:12:24
       |
    12 | frames = { length_ms = 0, hop = 5 }
       |                        ^ out of range
       |
       = hint: Length in milliseconds.

    error: `w.frames` has no parameter `hop`
      --> pipeline.toml:12:27
       |
    12 | frames = { length_ms = 0, hop = 5 }
       |                           ^^^ unknown parameter
       |
       = hint: did you mean `hop_ms`? valid: `length_ms`, `hop_ms`

    error: `w.steps[0]` lacks the required parameter `below_db`
      --> pipeline.toml:13:10
       |
    13 | steps = [{ kind = "trim" }, { kind = "trin" }, { below_db = -3 }, { kind = "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra ...
       |          ^^^^^^^^^^^^^^^^^
       |
       = hint: add `below_db = ...`: Level below the peak.

    error: `w.steps[1].kind` cannot be `trin`
      --> pipeline.toml:13:38
       |
    13 | steps = [{ kind = "trim" }, { kind = "trin" }, { below_db = -3 }, { kind = "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra ...
       |                                      ^^^^^^ not one of the valid values
       |
       = hint: did you mean `trim`? valid: `trim`, `pre-emphasis`

    error: `w.steps[2]` lacks `kind`
      --> pipeline.toml:13:48
       |
    13 | steps = [{ kind = "trim" }, { kind = "trin" }, { below_db = -3 }, { kind = "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra ...
       |                                                ^^^^^^^^^^^^^^^^^
       |
       = hint: `kind` is one of `trim`, `pre-emphasis`

    error: `w.steps[3].below_db` must be at most 0, found `3.5`
      --> pipeline.toml:13:95
       |
    13 | steps = [{ kind = "trim" }, { kind = "trin" }, { below_db = -3 }, { kind = "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra ...
       |                                                                                               ^^^ out of range
       |
       = hint: Level below the peak.

    error: `w.steps[4]` has no parameter `extra`
      --> pipeline.toml:13:127
       |
    13 | ...= "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra = 1 }]
       |                                                         ^^^^^ unknown parameter
       |
       = hint: valid: `kind`

    error: `w.codes.y` cannot be `1`
      --> pipeline.toml:14:29
       |
    14 | codes = { x = "random", y = 1 }
       |                             ^ not one of the valid values
       |
       = hint: valid: `speaker-independent`, `random`

    error: `w.act` must be a string, found a date or time
      --> pipeline.toml:15:7
       |
    15 | act = 2026-01-01
       |       ^^^^^^^^^^ expected a string
       |
       = hint: What the stage does instead of working: nothing, `fail`, `refuse`, `panic`, `forget`, `slow`, `full`.

    13 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn arrays_of_tables_and_subtables_are_checked_where_they_stand() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
[stage.w]
kind = "work"
from = "a"
[stage.w.frames]
hop_mss = 10
[[stage.w.steps]]
kind = "trim"
[stage.w.n_mels]
x = 1
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @r#"
    error: `w.frames` has no parameter `hop_mss`
      --> pipeline.toml:10:1
       |
    10 | hop_mss = 10
       | ^^^^^^^ unknown parameter
       |
       = hint: did you mean `hop_ms`? valid: `length_ms`, `hop_ms`

    error: `w.steps[0]` lacks the required parameter `below_db`
      --> pipeline.toml:11:1
       |
    11 | [[stage.w.steps]]
       | ^^^^^^^^^^^^^^^^^
       |
       = hint: add `below_db = ...`: Level below the peak.

    error: `w.n_mels` must be a whole number, found a table
      --> pipeline.toml:13:1
       |
    13 | [stage.w.n_mels]
       | ^^^^^^^^^^^^^^^^ expected a whole number
       |
       = hint: Number of mel bands.

    3 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn cross_field_rules_point_at_their_key() {
    insta::assert_snapshot!(mistakes(&with("length_ms = 25", "length_ms = 25, hop_ms = 30"), &[]), @r#"
    error: `w.frames.hop_ms`: 30 is longer than a frame of 25
      --> pipeline.toml:17:37
       |
    17 | frames = { length_ms = 25, hop_ms = 30 }
       |                                     ^^
       |
       = hint: shorten the hop
    "#);
}

#[test]
fn links_are_checked() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
from = "w"
[stage.w]
kind = "work"
from = ["w", "a", "a"]
[stage.v]
kind = "work"
from = ["r"]
[stage.r]
kind = "report"
from = [1]
[stage.u]
kind = "work"
[stage.Bad]
kind = "source"
root = "x"
[stage.none]
[stage]
five = 5
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @r#"
    error: stage `a` cannot read `w`, which is of kind `work`
     --> pipeline.toml:6:8
      |
    6 | from = "w"
      |        ^^^
      |
      = hint: a stage of kind `source` reads no other stage

    error: stage `w` reads itself
     --> pipeline.toml:9:9
      |
    9 | from = ["w", "a", "a"]
      |         ^^^
      |
      = hint: stages: `v`, `r`, `u`, `Bad`, `none`, `five`

    error: the stages read each other in a circle: a → w → a
     --> pipeline.toml:9:14
      |
    9 | from = ["w", "a", "a"]
      |              ^^^ closes the circle
      |
      = hint: `a → b` says that `a` reads `b`

    error: stage `w` reads `a` twice
     --> pipeline.toml:9:19
      |
    9 | from = ["w", "a", "a"]
      |                   ^^^

    error: stage `v` cannot read `r`, which is of kind `report`
      --> pipeline.toml:12:9
       |
    12 | from = ["r"]
       |         ^^^
       |
       = hint: a stage of kind `work` reads stages that write `number` (kind `source`), `text` (kind `work`)

    error: `r.from` must be the name of a stage or an array of names, found a whole number
      --> pipeline.toml:15:9
       |
    15 | from = [1]
       |         ^

    error: stage `u` must read at least 1 stage that writes `number`, found 0
      --> pipeline.toml:16:8
       |
    16 | [stage.u]
       |        ^
       |
       = hint: name it in `from`: `a`, `Bad`

    error: `Bad` cannot be the name of a stage
      --> pipeline.toml:18:8
       |
    18 | [stage.Bad]
       |        ^^^
       |
       = hint: lower-case letters, digits, `_` and `-`, starting with a letter, at most 64: it names a folder

    error: stage `none` has no `kind`
      --> pipeline.toml:21:8
       |
    21 | [stage.none]
       |        ^^^^
       |
       = hint: add `kind = "..."`, one of `source`, `work`, `report`

    error: `stage.five` must be a table, found a whole number
      --> pipeline.toml:23:8
       |
    23 | five = 5
       |        ^
       |
       = hint: write `[stage.five]`

    10 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn stages_that_are_read_already_or_read_the_stage_are_no_advice() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
[stage.p]
kind = "pair"
from = ["v"]
[stage.q]
kind = "pair"
from = ["p", "w"]
[stage.v]
kind = "work"
from = ["a"]
[stage.w]
kind = "work"
from = ["a"]
"#;
    insta::assert_snapshot!(mistakes_of_pairs(text), @r#"
    error: stage `p` must read at least 2 stages that write `text`, found 1
     --> pipeline.toml:6:8
      |
    6 | [stage.p]
      |        ^
      |
      = hint: name it in `from`: `w`
    "#);
}

#[test]
fn rules_between_parameters_and_what_is_read_are_checked_with_everything_else() {
    let text = r#"
name = "test"
sead = 1
[stage.a]
kind = "source"
root = "x"
[stage.b]
kind = "source"
root = "x"
[stage.v]
kind = "work"
from = ["a"]
[stage.w]
kind = "work"
from = ["b"]
[stage.p]
kind = "pair"
from = ["v", "w"]
shares = { v = 1, ww = 2 }
[stage.unknown]
kind = "pair"
from = ["v", "x"]
shares = { v = 1 }
"#;
    insta::assert_snapshot!(mistakes_of_pairs(text), @r#"
    error: unknown key `sead`
     --> pipeline.toml:3:1
      |
    3 | sead = 1
      | ^^^^
      |
      = hint: did you mean `seed`? valid: `name`, `seed`, `stage`

    error: `p.from[1]`: `w` rests on b, `v` on a
      --> pipeline.toml:18:14
       |
    18 | from = ["v", "w"]
       |              ^^^

    error: `p.shares.ww`: `ww` is not read
      --> pipeline.toml:19:24
       |
    19 | shares = { v = 1, ww = 2 }
       |                        ^

    error: stage `unknown` reads `x`, but there is no such stage
      --> pipeline.toml:22:14
       |
    22 | from = ["v", "x"]
       |              ^^^ unknown stage
       |
       = hint: stages: `a`, `b`, `w`, `p`

    4 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn too_many_inputs_of_a_kind_are_counted() {
    let mut text = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'x'\n".to_owned();
    for name in ["b", "c", "d", "e"] {
        text.extend(["[stage.", name, "]\nkind = 'work'\nfrom = 'a'\n"]);
    }
    text += "[stage.f]\nkind = 'work'\nfrom = ['a', 'b', 'c', 'd', 'e']\n";
    insta::assert_snapshot!(mistakes(&text, &[]), @r#"
    error: stage `f` can read at most 3 stages that write `text`, found 4
      --> pipeline.toml:19:29
       |
    19 | from = ['a', 'b', 'c', 'd', 'e']
       |                             ^^^
       |
       = hint: keep 3 of `b`, `c`, `d`, `e`
    "#);
}

#[test]
fn a_circle_is_named_in_full() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
[stage.w]
kind = "work"
from = ["a", "v"]
[stage.v]
kind = "work"
from = ["a", "u"]
[stage.u]
kind = "work"
from = ["a", "w"]
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @r#"
    error: the stages read each other in a circle: w → v → u → w
      --> pipeline.toml:14:14
       |
    14 | from = ["a", "w"]
       |              ^^^ closes the circle
       |
       = hint: `a → b` says that `a` reads `b`
    "#);
}

#[test]
fn the_head_is_checked() {
    insta::assert_snapshot!(mistakes("name = ''\nseed = -1\n", &[]), @r#"
    error: `name` must be a string that is not empty, found `""`
     --> pipeline.toml:1:8
      |
    1 | name = ''
      |        ^^

    error: `seed` must be a whole number from 0 to 9223372036854775807, found `-1`
     --> pipeline.toml:2:8
      |
    2 | seed = -1
      |        ^^

    error: the pipeline has no stages
     --> pipeline.toml:2:10
      |
    2 | seed = -1
      |          ^
      |
      = hint: declare one: `[stage.<name>]` with `kind = "..."`

    3 mistakes in `pipeline.toml`
    "#);
    insta::assert_snapshot!(mistakes("seed = 1.5\nstage = 3\n[a]\nkind = 'source'\n", &[]), @r#"
    error: the pipeline has no `name`
     --> pipeline.toml:1:1
      |
    1 | seed = 1.5
      | ^
      |
      = hint: add `name = "..."` at the top

    error: `seed` must be a whole number from 0 to 9223372036854775807, found `1.5`
     --> pipeline.toml:1:8
      |
    1 | seed = 1.5
      |        ^^^

    error: `stage` must be a table of stages, found a whole number
     --> pipeline.toml:2:1
      |
    2 | stage = 3
      | ^^^^^
      |
      = hint: declare one: `[stage.<name>]` with `kind = "..."`

    error: unknown key `a`
     --> pipeline.toml:3:2
      |
    3 | [a]
      |  ^
      |
      = hint: write `[stage.a]`

    4 mistakes in `pipeline.toml`
    "#);
    assert!(mistakes("", &[]).contains("the pipeline has no `name`"));
}

#[test]
fn variables_that_are_not_set_are_mistakes() {
    insta::assert_snapshot!(mistakes(&with("${NOT_SET:-data}", "${NOT_SET}/${1}"), &[]), @r#"
    error: environment variable `NOT_SET` is not set
      --> pipeline.toml:10:8
       |
    10 | root = "${NOT_SET}/${1}/b"
       |        ^^^^^^^^^^^^^^^^^^^
       |
       = hint: set it, or give a default: `${NOT_SET:-...}`

    error: `1` is not the name of an environment variable
      --> pipeline.toml:10:8
       |
    10 | root = "${NOT_SET}/${1}/b"
       |        ^^^^^^^^^^^^^^^^^^^
       |
       = hint: write `${NAME}` or `${NAME:-default}`; `$${` stands for a literal `${`

    2 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn a_stage_declared_twice_is_shown_and_the_rest_still_checked() {
    let text = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'x'\n[stage.a]\nkind = 'source'\nrot = 'y'\n[stage.b]\nkind = 'sauce'\n";
    insta::assert_snapshot!(mistakes(text, &[]), @r#"
    error: `a` is declared twice
     --> pipeline.toml:5:8
      |
    5 | [stage.a]
      |        ^ declared before on line 2
      |
      = hint: every stage and every key stands once; rename or remove one

    error: `a` has no parameter `rot`
     --> pipeline.toml:7:1
      |
    7 | rot = 'y'
      | ^^^ unknown parameter
      |
      = hint: did you mean `root`? valid: `root`, `add`, `kind`, `from`

    error: there is no kind of stage `sauce`
     --> pipeline.toml:9:8
      |
    9 | kind = 'sauce'
      |        ^^^^^^^ unknown kind
      |
      = hint: did you mean `source`? valid: `source`, `work`, `report`

    3 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn what_is_no_toml_is_shown_line_by_line() {
    insta::assert_snapshot!(mistakes("name = \n[stage.a\nkind = 'source'\n", &[]), @r#"
    error: not valid TOML: string values must be quoted, expected literal string
     --> pipeline.toml:1:8
      |
    1 | name = 
      |        ^

    error: not valid TOML: unclosed table, expected `]`
     --> pipeline.toml:2:9
      |
    2 | [stage.a
      |         ^

    2 mistakes in `pipeline.toml`
    "#);
}

#[test]
fn files_that_cannot_be_read_are_one_clear_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str| -> SpecErrors { Spec::load(&dir.path().join(name), &registry(), &[], &env).unwrap_err() };
    let plain = |errors: SpecErrors| errors.render(false).replace(dir.path().to_str().unwrap(), "DIR");
    fs::write(dir.path().join("latin1.toml"), b"name = \"t\"\n# caf\xe9\n").unwrap();
    fs::write(dir.path().join("big.toml"), vec![b'\n'; (1 << 20) + 1]).unwrap();
    insta::assert_snapshot!(plain(load("missing.toml")), @r#"
    error: there is no pipeline file `DIR/missing.toml`
     |
    hint: run this in the folder that holds `pipeline.toml`, or name the file with `--file`
    "#);
    insta::assert_snapshot!(plain(load("latin1.toml")), @r#"
    error: `DIR/latin1.toml` is not UTF-8 text
     --> DIR/latin1.toml:2:6
      |
    2 | # caf�
      |      ^ the first byte that is not
      |
      = hint: save the file as UTF-8
    "#);
    insta::assert_snapshot!(plain(load("big.toml")), @r#"
    error: `DIR/big.toml` has 1048577 bytes, a pipeline file at most 1048576
     |
    hint: is it the right file?
    "#);
    insta::assert_snapshot!(plain(load("")), @r#"
    error: `DIR/` is not a file
     |
    hint: name the pipeline file itself, for example `pipeline.toml`
    "#);
}

#[test]
fn overrides_set_values_of_any_depth() {
    let set = [
        "seed=7",
        "w.n_mels=96",
        "w.protocol=random",
        "w.frames.hop_ms = 5",
        "a.root=\"x=y\"",
        "w.share=0.5",
        "w.share=0.25",
    ];
    let pipeline = parse(GOOD, &set).unwrap();
    assert_eq!(pipeline.seed(), 7);
    assert_eq!(pipeline.stage("a").unwrap().params()["root"], "x=y");
    let params = pipeline.stage("w").unwrap().params();
    assert_eq!(params["n_mels"], 96);
    assert_eq!(params["share"], 0.25);
    assert_eq!(params["frames"], json!({ "length_ms": 25.0, "hop_ms": 5.0 }));
    assert_eq!(pipeline.overrides(), set);
    let pipeline = parse(GOOD, &["w.from=[\"a\"]", "w.act=${SER_DATA}"]).unwrap();
    assert_eq!(pipeline.stage("w").unwrap().from(), ["a"]);
    assert_eq!(pipeline.stage("w").unwrap().params()["act"], "elsewhere");
}

#[test]
fn mistakes_in_overrides_point_into_them() {
    let set = [
        "w.n_mel=96",
        "ww.n_mels=96",
        "w.n_mels=many",
        "sed=7",
        "w=3",
        "seed",
        "w.kind=[",
        ".=1",
        "stage.w.n_mels=9",
        "a.root.x=1",
    ];
    insta::assert_snapshot!(mistakes(GOOD, &set), @r#"
    error: there is no stage `ww`
     --> -S:1:1
      |
    1 | ww.n_mels=96
      | ^^
      |
      = hint: did you mean `w`? stages: `a`, `b`, `w`, `r`

    error: unknown key `sed`
     --> -S:1:1
      |
    1 | sed=7
      | ^^^
      |
      = hint: did you mean `seed`? valid without a stage: `name`, `seed`

    error: `w` is a stage, not a value
     --> -S:1:1
      |
    1 | w=3
      | ^
      |
      = hint: name one of its parameters: `-S w.key=value`

    error: `seed` sets nothing
     --> -S:1:1
      |
    1 | seed
      | ^^^^
      |
      = hint: write `-S stage.key=value` or `-S seed=7`

    error: empty key
     --> -S:1:1
      |
    1 | .=1
      | ^
      |
      = hint: write `-S stage.key=value` or `-S seed=7`

    error: there is no stage `stage`
     --> -S:1:1
      |
    1 | stage.w.n_mels=9
      | ^^^^^
      |
      = hint: leave out the leading `stage.`

    error: `root` is a string in the pipeline file, nothing can be set below it
     --> -S:1:3
      |
    1 | a.root.x=1
      |   ^^^^
      |
      = hint: set it as a whole

    error: `w` has no parameter `n_mel`
     --> -S:1:3
      |
    1 | w.n_mel=96
      |   ^^^^^ unknown parameter
      |
      = hint: did you mean `n_mels`? valid: `n_mels`, `share`, `protocol`, `limit`, `steps`, `frames`, `codes`, `ignored`, `act`, `kind`, `from`

    error: not a TOML value: unclosed array, expected `]`
     --> -S:1:9
      |
    1 | w.kind=[
      |         ^

    error: `w.n_mels` must be a whole number, found a string
     --> -S:1:10
      |
    1 | w.n_mels=many
      |          ^^^^ expected a whole number
      |
      = hint: Number of mel bands.

    10 mistakes in `-S`
    "#);
}

#[test]
fn diagnostics_are_json_too_and_can_be_coloured() {
    let errors = parse("name = 't'\n[stage.a]\nkind = 'sauce'\n", &[]).unwrap_err();
    assert!(errors.render(true).contains('\u{1b}'));
    assert!(!errors.render(false).contains('\u{1b}'));
    insta::assert_snapshot!(serde_json::to_string_pretty(&errors).unwrap(), @r#"
    [
      {
        "message": "there is no kind of stage `sauce`",
        "label": "unknown kind",
        "hint": "did you mean `source`? valid: `source`, `work`, `report`",
        "file": "pipeline.toml",
        "line": 3,
        "column": 8,
        "bytes": [
          28,
          35
        ]
      }
    ]
    "#);
}

#[test]
fn hostile_files_neither_panic_nor_hang() {
    let deep_header = format!("name = 't'\n[stage{}]\n", ".a".repeat(100_000));
    let deep_value = format!("name = 't'\n[stage.a]\nkind = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let many = (0..50_000).fold(String::new(), |text, at| text + "[stage.s" + &at.to_string() + "]\n");
    for text in [deep_header, deep_value, many, "\u{0}".repeat(1000), "é = 'ü".to_owned(), "=".repeat(10_000)] {
        assert!(parse(&text, &[]).is_err());
    }
}

#[test]
fn the_folder_of_the_file_is_where_paths_start() {
    let load = |path: &str| Spec::parse(Path::new(path), GOOD.to_owned(), &registry(), &[], &env).unwrap();
    assert_eq!(load("pipeline.toml").base_dir(), Path::new("."));
    assert_eq!(load("some/where/p.toml").base_dir(), Path::new("some/where"));
}

#[test]
fn what_is_quoted_of_a_file_is_shown_and_not_obeyed() {
    let text = "name = \"t\"\n[stage.a]\nkind = \"sou\\u001Brce\"\nroot = \"\\u009B2J\"\n# \u{9b}2J \u{202e}\nx = 1\n";
    for colour in [false, true] {
        let errors = parse(text, &["a.\u{1b}[2J=1", "\u{9b}=2"]).expect_err("mistakes");
        let told = errors.render(colour);
        assert!(told.contains("\\u{1b}") && told.contains("\\u{9b}"), "{told}");
        for found in errors.0 {
            assert!(!found.render(false).contains('\u{1b}'), "{found:?}");
        }
    }
}
