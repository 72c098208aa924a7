//! What a head costs: a small one, a browser's, and a long one that arrives byte by byte.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use node_http::proto::{Decoder, Direction, Event, Leniency, Limits};

const SMALL: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

const BROWSER: &[u8] = b"GET /search?q=component+model&hl=en HTTP/1.1\r\n\
    Host: www.example.com\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: max-age=0\r\n\
    sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n\
    sec-ch-ua-mobile: ?0\r\n\
    sec-ch-ua-platform: \"Linux\"\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Dest: document\r\n\
    Referer: https://www.example.com/\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\r\n";

/// Decodes one request that lies whole in the buffer.
fn whole(decoder: &mut Decoder, input: &[u8]) {
    let head = decoder.decode(black_box(input)).expect("a head");
    assert!(matches!(head, (_, Some(Event::RequestHead(_)))));
    black_box(&head);
    let end = decoder.decode(&input[head.0..]).expect("an end");
    assert_eq!(end, (0, Some(Event::End(None))));
}

/// Decodes one request that arrives byte by byte.
fn byte_by_byte(decoder: &mut Decoder, input: &[u8]) {
    let mut head = None;
    for end in 1..=input.len() {
        head = decoder.decode(black_box(&input[..end])).expect("part of a head").1;
    }
    assert!(matches!(head, Some(Event::RequestHead(_))));
    black_box(&head);
    assert_eq!(decoder.decode(&[]).expect("an end").1, Some(Event::End(None)));
}

fn decoder(leniency: Leniency) -> Decoder {
    Decoder::new(Direction::Request, Limits::default(), leniency)
}

fn heads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("head");
    // One leniency flag that changes nothing here keeps the fast path out.
    let scanner = Leniency { data_after_close: true, ..Leniency::STRICT };
    for (name, input) in [("small", SMALL), ("browser", BROWSER)] {
        group.throughput(Throughput::Bytes(input.len() as u64));
        let mut fast = decoder(Leniency::STRICT);
        group.bench_function(format!("{name}/whole"), |bencher| bencher.iter(|| whole(&mut fast, input)));
        let mut slow = decoder(scanner);
        group.bench_function(format!("{name}/whole, scanner"), |bencher| {
            bencher.iter(|| whole(&mut slow, input))
        });
    }
    // Twice the length must cost twice the time: nothing is scanned again.
    for kilobytes in [8, 16] {
        let value = "a".repeat(kilobytes * 1024 - 64);
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n").into_bytes();
        group.throughput(Throughput::Bytes(long.len() as u64));
        let mut decoder = decoder(Leniency::STRICT);
        group.bench_function(format!("{kilobytes} KiB/byte by byte"), |bencher| {
            bencher.iter(|| byte_by_byte(&mut decoder, &long));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    heads(&mut criterion);
    criterion.final_summary();
}
