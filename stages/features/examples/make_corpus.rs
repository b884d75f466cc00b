//! Writes recordings of synthetic speech to measure with: 16-bit mono WAV files that cost what real ones cost.
//!
//!     cargo run --release -p ser-features --example make_corpus -- FOLDER CLIPS RATE_HZ SHORTEST_S LONGEST_S
//!
//! RAVDESS has 1440 clips of 3 to 5 s at 48 000 Hz, TESS 2800 of 1.3 to 3 s at 24 414 Hz. The same arguments always
//! make the same files. What they hold is a buzz with three resonances that glides and pauses, in faint noise.

use std::error::Error;
use std::f32::consts::TAU;
use std::path::Path;

use ser_audio::testing::mono_wav;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, clips, rate_hz, shortest_s, longest_s] = &arguments[..] else {
        return Err("usage: make_corpus FOLDER CLIPS RATE_HZ SHORTEST_S LONGEST_S".into());
    };
    let (clips, rate_hz): (u64, u32) = (clips.parse()?, rate_hz.parse()?);
    let (shortest_s, longest_s): (f32, f32) = (shortest_s.parse()?, longest_s.parse()?);
    for clip in 0..clips {
        let mut noise = Noise(clip.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let seconds = shortest_s + (longest_s - shortest_s) * (0.5 + 0.5 * noise.next());
        let samples = speech((seconds * rate_hz as f32) as usize, rate_hz as f32, &mut noise);
        let folder = Path::new(folder).join(format!("{:02}", clip % 24));
        std::fs::create_dir_all(&folder)?;
        let samples = samples.iter().map(|sample| (sample.clamp(-1.0, 1.0) * 32_767.0) as i16);
        std::fs::write(folder.join(format!("{clip:06}.wav")), mono_wav(rate_hz, samples))?;
    }
    Ok(())
}

/// Even white noise, -1 to 1 (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }
}

fn speech(count: usize, rate_hz: f32, noise: &mut Noise) -> Vec<f32> {
    let base_hz = 150.0 + 70.0 * noise.next();
    let resonances = [500.0 + 200.0 * noise.next(), 1500.0 + 400.0 * noise.next(), 2700.0 + 300.0 * noise.next()];
    let mut phase = 0.0_f32;
    // Each resonance is a decaying oscillation that every period strikes anew.
    let mut states = [(0.0_f32, 0.0_f32); 3];
    (0..count)
        .map(|n| {
            let seconds = n as f32 / rate_hz;
            let hz = base_hz * (1.0 + 0.2 * (TAU * 0.7 * seconds).sin() + 0.01 * (TAU * 5.0 * seconds).sin());
            phase += hz / rate_hz;
            let strike = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= strike;
            let mut sum = 0.0;
            for ((re, im), resonance) in states.iter_mut().zip(resonances) {
                let (sin, cos) = (TAU * resonance / rate_hz).sin_cos();
                let decay = (-TAU * 80.0 / rate_hz).exp();
                (*re, *im) = (decay * (*re * cos - *im * sin) + strike, decay * (*re * sin + *im * cos));
                sum += *im;
            }
            // Syllables of a quarter of a second, with pauses between.
            let loudness = (TAU * 2.0 * seconds).sin().max(0.0);
            0.2 * loudness * sum + 0.001 * noise.next()
        })
        .collect()
}
