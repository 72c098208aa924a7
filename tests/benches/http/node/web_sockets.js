// Echoes the messages of WebSockets with npm's ws, whose folder is the argument.
const { WebSocketServer } = require(process.argv[1]);

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 511 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
