//! The demo's pages in a real browser: headless Chromium. Skipped, and said so, where there is no Chromium: `CHROMIUM`
//! names it, or it is `chromium` or `google-chrome`.

mod driver;

use std::process::Command;

use serde_json::{Value, json};

use driver::{Browser, Process};

#[test]
fn every_link_of_the_start_page_leads_somewhere() {
    let Some(mut browser) = Browser::start() else { return };
    let demo = demo();
    let start = browser.open(&demo.said);
    let links = "Array.from(document.links, (link) => link.getAttribute('href')).join(' ')";
    let links = browser.evaluate(&start, links);
    let mut links: Vec<&str> = links.as_str().expect("a text").split(' ').collect();
    // A page that never ends has no moment at which it is there.
    let endless =
        links.remove(links.iter().position(|link| *link == "/events").expect("a link to the events"));
    let events = browser.begin(&format!("{}{endless}", demo.said));
    browser.wait_for(&events, "(document.body?.innerText ?? '').includes('\"requests\": ')", true);
    let shown = [
        ("/chat", "document.querySelector('h1').innerText", "Chat".into()),
        ("/echo?hello=world", "JSON.parse(document.body.innerText).url", "/echo?hello=world".into()),
        ("/plain", "document.body.innerText.trim()", "Hello, world".into()),
        ("/download?bytes=1000000", "document.body.textContent.length", 1_000_000.into()),
        ("/large?bytes=1000000", "document.body.textContent.length", 1_000_000.into()),
        ("/slow?seconds=2", "document.body.innerText.trim()", "after 2 s".into()),
        ("/trailers", "document.body.innerText.trim()", Value::from("one\ntwo")),
    ];
    assert_eq!(links, shown.each_ref().map(|(link, ..)| *link));
    for (link, script, wanted) in shown {
        let page = browser.open(&format!("{}{link}", demo.said));
        assert_eq!(browser.evaluate(&page, script), wanted, "{link}");
    }
}

#[test]
fn every_action_of_the_start_page_shows_its_answer() {
    let Some(mut browser) = Browser::start() else { return };
    let demo = demo();
    let page = browser.open(&demo.said);
    browser.wait_for(&page, "id('state').textContent", "live");
    let answers = [
        ("Echo", "POST /echo?hello=world HTTP/1.1", "\"body\": \"Hello from a browser\""),
        ("Plain text", "GET /plain HTTP/1.1", "Hello, world\n"),
        ("Stream", "GET /download?bytes=1000000 HTTP/1.1", "             16\n"),
        ("Range", "Range: bytes=500000-500095", "content-range: bytes 500000-500095/1000000\n"),
        ("Slow", "GET /slow?seconds=2 HTTP/1.1", "after 2 s\n"),
        ("Trailers", "GET /trailers HTTP/1.1", "one\ntwo\n"),
    ];
    let names = "Array.from(document.querySelectorAll('#actions li > button'), \
                 (button) => button.parentElement.querySelector('a').textContent).join()";
    let names = browser.evaluate(&page, names);
    assert_eq!(names, answers.map(|(name, ..)| name).join(","));
    let is_shown = |sent: &str, got: &str| {
        format!("[{}, {}].every((part) => wire.textContent.includes(part))", json!(sent), json!(got))
    };
    for (at, (name, sent, got)) in answers.into_iter().enumerate() {
        let click = format!("document.querySelectorAll('#actions li > button')[{at}].click()");
        browser.evaluate(&page, &click);
        browser.wait_for(&page, "/ bytes in [0-9]+ ms$/.test(time.textContent)", true);
        assert_eq!(browser.evaluate(&page, &is_shown(sent, got)), true, "{name}");
    }
    let upload = "{ const data = new DataTransfer(); data.items.add(new File(['12345'], 'five.txt')); \
                  const form = document.querySelector('form'); form.file.files = data.files; form.requestSubmit() }";
    browser.evaluate(&page, upload);
    browser.wait_for(&page, &is_shown("POST /upload HTTP/1.1", "\n5 bytes\n"), true);
    // Each answer counts, and the page hears of it.
    browser.wait_for(&page, "Number(requests.textContent) >= 9", true);
    // The server stops: it does not wait for the page, which says so.
    drop(demo);
    browser.wait_for(&page, "id('state').textContent", "not connected");
}

#[test]
fn two_browsers_chat() {
    let Some(mut browser) = Browser::start() else { return };
    let demo = demo();
    let pages = ["Ada", "Bob"].map(|name| {
        let page = browser.open(&format!("{}/chat", demo.said));
        browser.evaluate(&page, &format!("text.value = '{name}'; form.requestSubmit()"));
        browser.wait_for(&page, "state.textContent", "connected");
        page
    });
    for page in &pages {
        browser.wait_for(page, "people.innerText.replace('\\n', ' ')", "Ada Bob");
    }
    browser.evaluate(&pages[0], "text.value = '<i>hello</i>'; form.requestSubmit()");
    for page in &pages {
        browser.wait_for(page, "lines.innerText.replace('\\n', ': ')", "Ada: <i>hello</i>");
    }
    let third = browser.open(&format!("{}/chat", demo.said));
    browser.evaluate(&third, "text.value = 'Ada'; form.requestSubmit()");
    browser.wait_for(&third, "people.innerText.replaceAll('\\n', ' ')", "Ada Bob Ada (2)");
    // What the other Ada has said is not one's own.
    for (page, own) in [(&pages[0], 1), (&third, 0)] {
        browser.wait_for(page, "document.querySelectorAll('#lines .own').length", own);
    }
    // The server stops: pages say so, and it does not wait for them.
    drop(demo);
    browser.wait_for(&pages[1], "state.classList.contains('open')", false);
}

fn demo() -> Process {
    Process::start(Command::new(env!("CARGO_BIN_EXE_node-http")).args(["--listen", "127.0.0.1:0"]), |line| {
        line.strip_prefix("listening on ").map(str::to_owned)
    })
}
