//! Bytes behind a WAV or AIFF file: told where they begin a second file, passed over where they do not.

use crate::build::{Order, chunk, decode, format, integers, riff, sine, wav16};
use crate::compressed::fixture;

fn wav() -> Vec<u8> {
    wav16(&sine(440.0, 16_000, 800), 1, 16_000)
}

fn aiff() -> Vec<u8> {
    let common = [&[0, 1, 0, 0, 0x03, 0x20, 0, 16][..], &[0x40, 0x0c, 0xfa, 0, 0, 0, 0, 0, 0, 0]].concat();
    let sound = [vec![0; 8], integers(&sine(440.0, 16_000, 800), 16, Order::Big)].concat();
    let chunks = [chunk(*b"COMM", &common, Order::Big), chunk(*b"SSND", &sound, Order::Big)].concat();
    let size = (chunks.len() as u32 + 4).to_be_bytes();
    [b"FORM".to_vec(), size.to_vec(), b"AIFF".to_vec(), chunks].concat()
}

#[test]
fn a_second_file_is_told_and_the_first_is_read() {
    let kinds = [
        ("wav", wav()),
        ("aiff", aiff()),
        ("flac", fixture("mono_16k.flac")),
        ("ogg", fixture("mono_24414.ogg")),
        ("mp3", fixture("mono_16k.mp3")),
        ("mp3", fixture("stereo_44k.mp3")),
    ];
    for first in [wav(), aiff()] {
        let alone = decode(first.clone()).expect("one file");
        assert_eq!((alone.frame_count(), &alone.remark), (800, &None));
        for (kind, second) in &kinds {
            for gap in [0, 512 - first.len() % 512] {
                let found = decode([&first[..], &vec![0; gap], second].concat()).expect("the first");
                assert!(found.samples == alone.samples, "{kind}");
                let at = first.len() + gap;
                let expected = format!("a second file ({kind}) begins behind it, at byte {at}, and is not read");
                assert_eq!(found.remark, Some(expected));
            }
        }
    }
}

#[test]
fn chunks_tags_and_rubbish_are_no_second_file() {
    let list = chunk(*b"LIST", b"INFOISFT\x04\0\0\0abcd", Order::Little);
    let id3 = b"ID3\x03\0\0\0\0\0\x04TIT2".to_vec();
    let id3v1 = [b"TAG".to_vec(), vec![b' '; 125]].concat();
    for behind in [list, chunk(*b"id3 ", &id3, Order::Little), id3, id3v1, vec![0; 1_000], vec![0xa5; 1_000]] {
        let found = decode([wav(), behind].concat()).expect("WAVE");
        assert_eq!((found.frame_count(), found.remark), (800, None));
    }
}

#[test]
fn samples_that_are_not_read_are_told() {
    let order = Order::Little;
    let fmt = chunk(*b"fmt ", &format(1, 1, 16_000, 16, order), order);
    let data = chunk(*b"data", &integers(&sine(440.0, 16_000, 800), 16, order), order);
    let remark = |bytes: Vec<u8>| {
        let found = decode(bytes).expect("WAVE");
        (found.frame_count(), found.remark.expect("told"))
    };
    let (frames, told) = remark(riff(&[fmt.clone(), data.clone(), data.clone()], order));
    assert_eq!((frames, told.as_str()), (800, "it has several `data` chunks, and only the first is read"));
    let mut short = data;
    short[4..8].copy_from_slice(&200_u32.to_le_bytes());
    let (frames, told) = remark(riff(&[fmt, short], order));
    assert_eq!(frames, 100);
    assert!(told.starts_with("1399 bytes that no chunk holds lie behind it, from byte 245"), "{told}");
}

#[test]
fn samples_without_a_size_end_at_the_second_file() {
    let order = Order::Little;
    for size in [0_u32, 0xffff_ffff] {
        let fmt = chunk(*b"fmt ", &format(1, 1, 16_000, 16, order), order);
        let mut data = chunk(*b"data", &integers(&sine(440.0, 16_000, 800), 16, order), order);
        data[4..8].copy_from_slice(&size.to_le_bytes());
        let piped = riff(&[fmt, data], order);
        let found = decode([piped.clone(), piped.clone()].concat()).expect("piped");
        assert_eq!(found.frame_count(), 800, "{size:#x}");
        let expected = format!("a second file (wav) begins behind it, at byte {}, and is not read", piped.len());
        assert_eq!(found.remark, Some(expected));
        assert_eq!(decode(piped).expect("alone").remark, None);
    }
}
