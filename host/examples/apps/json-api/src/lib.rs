//! A JSON API for notes, kept in the file `notes.json` of the folder `/data`.
//!
//! `GET /notes`, `POST /notes` with `{"text": "…"}`, `GET /notes/1`, `PUT /notes/1`, `DELETE /notes/1`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::{fs, io};

use node_http_imports::main;
use node_http_imports::server::{ListenOptions, Reply, Server, ServerOptions, ServerResponse};
use serde::{Deserialize, Serialize};

const FILE: &str = "/data/notes.json";
const MAX_BODY: u64 = 64 * 1024;

main!(json_api);

async fn json_api() -> Result<(), Box<dyn Error>> {
    let store = RefCell::new(Store::open()?);
    let server = Server::create(&ServerOptions::default())?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    server.serve(async move |response: &ServerResponse| route(response, &store).await).await;
    Ok(())
}

#[derive(Clone, Serialize, Deserialize)]
struct Note {
    text: String,
}

/// All notes. A component has one thread, so nothing else changes them while a handler does.
struct Store(BTreeMap<u32, Note>);

impl Store {
    fn open() -> Result<Self, Box<dyn Error>> {
        match fs::read(FILE) {
            Ok(json) => Ok(Self(serde_json::from_slice(&json)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(BTreeMap::new())),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the notes and writes them, to a file that takes the old one's place when it is whole.
    fn change<T>(&mut self, change: impl FnOnce(&mut BTreeMap<u32, Note>) -> T) -> Result<T, Box<dyn Error>> {
        let mut notes = self.0.clone();
        let result = change(&mut notes);
        let fresh = format!("{FILE}.new");
        fs::write(&fresh, serde_json::to_vec_pretty(&notes)?)?;
        fs::rename(fresh, FILE)?;
        self.0 = notes;
        Ok(result)
    }
}

async fn route(response: &ServerResponse, store: &RefCell<Store>) -> Result<Reply, Box<dyn Error>> {
    let line = response.request_line();
    let path = line.url.split('?').next().unwrap_or_default();
    let Some(id) = path.strip_prefix("/notes") else { return problem(404, "no such resource") };
    if let Some(id) = id.strip_prefix('/') {
        let Ok(id) = id.parse() else { return problem(404, "no such note") };
        return one(response, store, &line.method, id).await;
    }
    match line.method.as_str() {
        "GET" | "HEAD" => json(200, &store.borrow().0),
        "POST" => {
            let note = match body(response).await? {
                Ok(note) => note,
                Err(reply) => return Ok(reply),
            };
            let id = store.borrow_mut().change(|notes| {
                let id = notes.last_key_value().map_or(1, |(last, _)| last + 1);
                notes.insert(id, note.clone());
                id
            })?;
            Ok(json(201, &note)?.header("Location", format!("/notes/{id}")))
        }
        _ => Ok(problem(405, "GET or POST")?.header("Allow", "GET, HEAD, POST")),
    }
}

async fn one(
    response: &ServerResponse,
    store: &RefCell<Store>,
    method: &str,
    id: u32,
) -> Result<Reply, Box<dyn Error>> {
    match method {
        "GET" | "HEAD" => match store.borrow().0.get(&id) {
            Some(note) => json(200, note),
            None => problem(404, "no such note"),
        },
        "PUT" => match body(response).await? {
            Ok(note) => {
                let old = store.borrow_mut().change(|notes| notes.insert(id, note.clone()))?;
                json(if old.is_some() { 200 } else { 201 }, &note)
            }
            Err(reply) => Ok(reply),
        },
        "DELETE" => match store.borrow_mut().change(|notes| notes.remove(&id))? {
            Some(_) => Ok(Reply::empty(204)),
            None => problem(404, "no such note"),
        },
        _ => Ok(problem(405, "GET, PUT or DELETE")?.header("Allow", "GET, HEAD, PUT, DELETE")),
    }
}

/// The note in the body, or the answer to one that is none.
async fn body(response: &ServerResponse) -> Result<Result<Note, Reply>, Box<dyn Error>> {
    match response.request().read_all(MAX_BODY).await {
        Ok(body) => match serde_json::from_slice(&body) {
            Ok(note) => Ok(Ok(note)),
            Err(error) => Ok(Err(problem(400, &error.to_string())?)),
        },
        Err(error) if error.code == "ERR_OUT_OF_RANGE" => Ok(Err(problem(413, "too long")?)),
        Err(error) => Err(error.into()),
    }
}

fn json(status: u16, value: &impl Serialize) -> Result<Reply, Box<dyn Error>> {
    Ok(Reply::json(serde_json::to_vec(value)?).status(status))
}

fn problem(status: u16, why: &str) -> Result<Reply, Box<dyn Error>> {
    json(status, &serde_json::json!({ "error": why }))
}
