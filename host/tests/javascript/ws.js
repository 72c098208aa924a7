'use strict';
// ws, both ends: a server that echoes, and for who asks by HTTP a client of it.

const http = require('http');
const { WebSocket, WebSocketServer } = require('ws');

const server = http.createServer((request, response) => {
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
