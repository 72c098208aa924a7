'use strict';
// axios as the client of a server in the same program.

const http = require('http');
const axios = require('axios');

const origin = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  if (request.url === '/missing') response.statusCode = 404;
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => response.end(JSON.stringify({ method: request.method, body: body && JSON.parse(body) })));
});
const server = http.createServer(async (request, response) => {
  const base = `http://127.0.0.1:${origin.address().port}`;
  try {
    const got = await axios.get(base);
    const posted = await axios.post(base, { name: 'value' });
    const missing = await axios.get(`${base}/missing`).catch((error) => error.response.status);
    response.end(JSON.stringify([got.data, posted.data, missing]));
  } catch (error) { response.writeHead(500).end(`${error.stack}`); }
});
origin.listen(0, '127.0.0.1', () => {
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
});
