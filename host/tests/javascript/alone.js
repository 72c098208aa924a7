'use strict';
// Express and ws, asked by the program itself, which then ends.

const http = require('http');
const express = require('express');
const { WebSocket, WebSocketServer } = require('ws');

const app = express();
app.get('/', (request, response) => response.send('hello from express'));
const server = http.createServer(app);
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data) => socket.send(`echoed ${data}`));
});

function echo(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  socket.on('open', () => socket.send('a message'));
  socket.on('message', (data) => {
    console.log(`${data}`);
    socket.close();
  });
  socket.on('close', () => server.close(() => console.log('closed')));
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
    response.setEncoding('utf8').on('data', (text) => console.log(text)).on('end', () => echo(port));
  });
});
