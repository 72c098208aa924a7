const assert = require('assert');
const { WebSocket } = require(process.argv[1]);
const socket = new WebSocket(process.argv[2], ['echo'], { perMessageDeflate: { threshold: 0 } });
const messages = [Buffer.from('κόσμε'), Buffer.alloc(100_000), Buffer.from('a'.repeat(5000)), Buffer.alloc(0)];
let echoed = 0;
socket.on('open', () => {
  console.log('open', socket.protocol, socket.extensions);
  messages.forEach((message, at) => socket.send(message, { binary: at % 2 === 1 }));
});
socket.on('message', (data, binary) => {
  assert.deepStrictEqual([data, binary], [messages[echoed], echoed % 2 === 1]);
  if (++echoed === messages.length) socket.ping('?');
});
socket.on('pong', (data) => socket.close(3001, data.toString() + 'thanks'));
socket.on('close', (code, reason) => console.log('closed', code, reason.toString()));
