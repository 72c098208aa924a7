// What the benchmark asks a server.
const http = require('http');

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 13 };
const TYPE = 'application/octet-stream';
const LARGE = Buffer.alloc(1 << 20, '.');
const PIECE = LARGE.subarray(0, 64 * 1024);

function plain(request, response) {
  response.writeHead(200, PLAIN);
  response.end('Hello, world\n');
}

function work(request, response) {
  let state = 1;
  for (let round = 0; round < 100_000; round++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  if (state === 0) throw new Error('it is never 0');
  plain(request, response);
}

// Gathered: request.pipe(response) is no faster for Node.
function echo(request, response) {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    response.writeHead(200, { 'Content-Type': TYPE, 'Content-Length': body.length });
    response.end(body);
  });
}

function sized(request, response) {
  response.writeHead(200, { 'Content-Type': TYPE, 'Content-Length': LARGE.length });
  response.end(LARGE);
}

function stream(piece, count) {
  return (request, response) => {
    response.writeHead(200, { 'Content-Type': TYPE });
    let left = count;
    function writeOn() {
      while (left > 0) {
        left -= 1;
        if (!response.write(piece)) return response.once('drain', writeOn);
      }
      response.end();
    }
    writeOn();
  };
}

const pages = {
  '/plain': plain,
  '/work': work,
  '/echo': echo,
  '/sized': sized,
  '/chunked': stream(PIECE, 16),
  '/lines': stream('a line of text\n', 1000),
};
const server = http.createServer((request, response) => pages[request.url](request, response));
server.keepAliveTimeout = Number(process.env.KEEP_ALIVE_TIMEOUT ?? 5000);
server.listen(0, '127.0.0.1', 511, () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
