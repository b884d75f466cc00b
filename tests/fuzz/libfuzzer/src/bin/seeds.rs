//! Writes the seeds of a target into a folder: `seeds TARGET FOLDER`.

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, folder] = arguments.as_slice() else { panic!("name a target and a folder") };
    std::fs::create_dir_all(folder).expect("the folder can be made");
    for (number, seed) in ser_fuzz::seeds(target).iter().enumerate() {
        std::fs::write(Path::new(folder).join(format!("seed-{number:03}")), seed).expect("the seed can be written");
    }
}
