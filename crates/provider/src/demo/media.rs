//! The smallest pictures and sounds that other programs open, written by hand:
//! nothing here is compressed, and nothing is read.

/// Width and height of a picture.
const SIDE: usize = 16;
/// Samples of a second of sound.
const RATE: u32 = 24_000;
/// Samples of one tone: a twentieth of a second.
const TONE: usize = 1_200;

/// A PNG whose pattern and colours come from `seed`.
pub(super) fn png(seed: u64) -> Vec<u8> {
    let seeds = seed.to_le_bytes();
    let [a, b, c, d, e, f, _, _] = seeds;
    let mut rows = Vec::with_capacity(SIDE * (1 + SIDE * 3));
    for y in 0..SIDE {
        rows.push(0);
        for x in 0..SIDE {
            // Mirrored, so that it looks meant.
            let cell = y / 2 * 4 + x.min(SIDE - 1 - x) / 2;
            rows.extend(if seed.rotate_left(17) >> cell & 1 == 0 { [a, b, c] } else { [d, e, f] });
        }
    }
    // Zlib with one stored block.
    let length = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(&rows);
    data.extend(adler32(&rows).to_be_bytes());

    let side = u32::try_from(SIDE).unwrap_or(0).to_be_bytes();
    let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &header[..]), (b"IDAT", &data), (b"IEND", &[])] {
        picture.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        let checked = [&kind[..], data].concat();
        picture.extend(&checked);
        picture.extend(crc32(&checked).to_be_bytes());
    }
    picture
}

/// Tones after each other as 16-bit samples.
pub(super) fn tones(seeds: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut samples = Vec::new();
    for seed in seeds {
        // 300 to 811 hertz, as a triangle: no floating point, the same everywhere.
        let period = i64::from(RATE) / i64::try_from(300 + seed % 512).unwrap_or(440);
        for at in 0..i64::try_from(TONE).unwrap_or(0) {
            let phase = at % period * 4;
            let height = (phase - 2 * period).abs() - period;
            let sample = i16::try_from(height * 6_000 / period).unwrap_or(0);
            samples.extend(sample.to_le_bytes());
        }
    }
    samples
}

/// Samples as a WAV file of one channel.
pub(super) fn wav(samples: &[u8]) -> Vec<u8> {
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut file = b"RIFF".to_vec();
    file.extend(length.saturating_add(36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_formats() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn sound_has_the_length_that_it_says() {
        let samples = tones([1, 2].into_iter());
        let file = wav(&samples);
        assert_eq!(samples.len(), 2 * TONE * 2);
        assert_eq!(file.len(), 44 + samples.len());
        assert!(samples.chunks(2).any(|sample| sample != [0, 0]));
    }
}
