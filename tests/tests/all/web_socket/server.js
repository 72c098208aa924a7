const { WebSocketServer } = require(process.argv[1]);
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: () => 'echo',
});
server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
server.on('listening', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
