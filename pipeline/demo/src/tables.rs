//! CREMA-D's side tables: who the actors are, and what raters heard in each clip.

use std::fmt::Write;

use crate::corpora::{CREMA_D_ACTORS, CREMA_D_EMOTIONS, Corpus};
use crate::random::Random;
use crate::speaker::Sex;

/// Letters of the answers, in the order of the columns.
const ANSWERS: [&str; 6] = ["A", "D", "F", "H", "N", "S"];
/// Modes that raters judged: voice, face, both; with the probability that one answers what the actor meant.
const MODES: [(u32, f64); 3] = [(1, 0.45), (2, 0.65), (3, 0.7)];

/// Votes of one clip in one mode.
struct Votes {
    counts: [u32; 6],
    /// Mean rating of the winning answer, 0 to 100.
    level: f64,
}

/// Paths below the corpus folder, and contents, of the tables that belong to `corpus`.
pub(crate) fn side_tables(corpus: &Corpus, seed: u64) -> Vec<(&'static str, String)> {
    if corpus.name != "crema_d" {
        return Vec::new();
    }
    let names: Vec<&str> = corpus.clips.iter().filter_map(|clip| clip.path.strip_prefix("AudioWAV/")).collect();
    let clips: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".wav")).collect();
    vec![
        ("VideoDemographics.csv", demographics()),
        ("processedResults/summaryTable.csv", summary(&clips, seed)),
        ("processedResults/tabulatedVotes.csv", tabulated(&clips, seed)),
    ]
}

fn demographics() -> String {
    let mut table = String::from("\"ActorID\",\"Age\",\"Sex\",\"Race\",\"Ethnicity\"\n");
    for (actor, sex, age) in CREMA_D_ACTORS {
        let sex = match sex {
            Sex::Female => "Female",
            Sex::Male => "Male",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{actor},{age},\"{sex}\",\"Unknown\",\"Not Hispanic\"");
    }
    table
}

fn summary(clips: &[&str], seed: u64) -> String {
    let mut table = String::from(
        "\"\",\"FileName\",\"VoiceVote\",\"VoiceLevel\",\"FaceVote\",\"FaceLevel\",\"MultiModalVote\",\"MultiModalLevel\"\n",
    );
    for (row, clip) in clips.iter().enumerate() {
        let _ = write!(table, "\"{}\",\"{clip}\"", row + 1);
        for mode in MODES {
            let votes = Votes::cast(clip, mode, seed);
            let _ = write!(table, ",\"{}\",\"{:.2}\"", votes.winners(), votes.level);
        }
        table.push('\n');
    }
    table
}

fn tabulated(clips: &[&str], seed: u64) -> String {
    let mut table = String::from(
        "\"\",\"A\",\"D\",\"F\",\"H\",\"N\",\"S\",\"fileName\",\"numResponses\",\"agreement\",\"emoVote\"\n",
    );
    for mode in MODES {
        for (row, clip) in clips.iter().enumerate() {
            let votes = Votes::cast(clip, mode, seed);
            let _ = write!(table, "\"{}{:05}\"", mode.0, row + 1);
            for count in votes.counts {
                let _ = write!(table, ",{count}");
            }
            let total: u32 = votes.counts.iter().sum();
            let agreement = f64::from(votes.most()) / f64::from(total);
            let _ = writeln!(table, ",\"{clip}\",{total},{agreement},\"{}\"", votes.winners());
        }
    }
    table
}

impl Votes {
    /// Answers of raters: mostly the emotion meant, often "neutral", sometimes anything.
    fn cast(clip: &str, (mode, hit): (u32, f64), seed: u64) -> Self {
        let mut random = Random::named(seed, &format!("votes {mode} {clip}"));
        let code = clip.split('_').nth(2).unwrap_or_default();
        let meant = CREMA_D_EMOTIONS.iter().position(|(emotion, _)| *emotion == code).unwrap_or(0);
        // Raters of one clip agree more with each other than chance: some clips miss their emotion as a whole.
        let hit = (hit + random.normal(0.0, 0.2)).clamp(0.1, 0.95);
        let neutral = 4;
        let mut counts = [0; 6];
        for _ in 0..(7.0 + random.unit() * 5.0) as usize {
            let answer = match random.unit() {
                x if x < hit => meant,
                x if x < hit + (1.0 - hit) * 0.6 => neutral,
                _ => *random.pick(&[0, 1, 2, 3, 5]),
            };
            counts[answer] += 1;
        }
        Self { counts, level: random.normal(62.0, 8.0).clamp(20.0, 100.0) }
    }

    fn most(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// The most frequent answers, joined by colons where they tie.
    fn winners(&self) -> String {
        let most = self.most();
        let winners: Vec<&str> =
            ANSWERS.iter().zip(self.counts).filter(|&(_, count)| count == most).map(|(answer, _)| *answer).collect();
        winners.join(":")
    }
}
