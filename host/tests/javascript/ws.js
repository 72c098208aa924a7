'use strict';
// ws, both ends: a server that echoes, and for who asks by HTTP a client of it; or a page with a browser's client.

const http = require('http');
const { WebSocket, WebSocketServer } = require('ws');

const PAGE = `<!doctype html><script>
  const socket = new WebSocket('ws://' + location.host), got = [];
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => { socket.send('from a page'); socket.send(new Uint8Array([1, 2, 3])); };
  socket.onmessage = ({ data }) => {
    got.push(typeof data === 'string' ? 'text: ' + data : data.byteLength + ' bytes');
    if (got.length === 2) socket.close(1000);
  };
  socket.onclose = ({ code }) => { document.title = got.join(', ') + ', closed ' + code; };
</script>`;

const server = http.createServer((request, response) => {
  if (request.url === '/page') {
    response.setHeader('Content-Type', 'text/html').end(PAGE);
    return;
  }
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  socket.on('open', () => socket.send('a message'));
  socket.on('message', (data) => {
    response.end(`echoed ${data}`);
    socket.close(1000);
  });
  socket.on('error', (error) => response.end(`${error}`));
});
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
