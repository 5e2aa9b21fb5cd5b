use super::*;

#[test]
fn opcodes_are_unique_and_not_zero() {
    let mut codes: Vec<u16> = Op::ALL.iter().map(|row| row.0).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count);
    assert!(codes[0] > 0);
}

#[test]
fn only_work_of_a_stream_says_where_it_names_it() {
    let named = Launch { function: 1, stream: 0x0bad_cafe, ..Launch::from_bytes(&[0; 64]).expect("it is shorter") };
    let at = Op::Launch.stream_offset().expect("it is work of a stream");
    assert_eq!(u32::from_bytes(&named.as_bytes()[at..]), Some(named.stream));
    assert_eq!([Op::StreamCreate, Op::MemFree, Op::MemAlloc].map(Op::stream_offset), [None; 3]);
}

#[test]
fn a_short_body_is_refused() {
    let header = RecordHeader { op: Op::MemFree as u16, tail_bytes: 4, ..Default::default() };
    let error = split::<MemFree>(&header, &[0; 8]).unwrap_err();
    assert_eq!(error.needed_bytes, 12);
}
