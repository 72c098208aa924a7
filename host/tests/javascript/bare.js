'use strict';
// A server of Node's `http` alone.

const http = require('http');

const server = http.createServer((request, response) => {
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/plain');
    response.end(`hello ${request.url}`);
    return;
  }
  let length = 0;
  request.on('data', (chunk) => { length += chunk.length; });
  request.on('end', () => response.end(`received ${length}`));
});

server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
