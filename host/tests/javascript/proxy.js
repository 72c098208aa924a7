'use strict';
// http-proxy in front of a server in the same program.

const http = require('http');
const httpProxy = require('http-proxy');

const origin = http.createServer((request, response) => {
  response.writeHead(201, { 'X-Origin': 'yes' });
  request.pipe(response);
});
origin.listen(0, '127.0.0.1', () => {
  const proxy = httpProxy.createProxyServer({ target: { host: '127.0.0.1', port: origin.address().port } });
  const server = http.createServer((request, response) => {
    proxy.web(request, response, (error) => response.writeHead(502).end(error.message));
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
});
