// Files of the folder in the first argument: GET, HEAD, If-Modified-Since; POST makes one.
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const server = http.createServer((req, res) => {
  const file = process.argv[1] + req.url;
  if (req.method === 'POST') {
    req.pipe(fs.createWriteStream(file)).on('finish', () => res.writeHead(201).end());
    return;
  }
  fs.stat(file, (error, stat) => {
    if (error) {
      res.writeHead(404).end('Not found');
      return;
    }
    const modified = stat.mtime.toUTCString();
    res.setHeader('Last-Modified', modified);
    if (req.headers['if-modified-since'] === modified) {
      res.writeHead(304).end();
      return;
    }
    // What is large comes in chunks.
    if (stat.size < 1000) res.setHeader('Content-Length', stat.size);
    if (req.method === 'HEAD') res.end();
    else fs.createReadStream(file).pipe(res);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
