// A reverse proxy with connections kept on both sides.
const http = require('http');

const upstream = new URL(process.env.UPSTREAM);
const agent = new http.Agent({ keepAlive: true });
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'];

function headers(message) {
  const kept = { ...message.headers };
  for (const name of OF_THE_CONNECTION) delete kept[name];
  return kept;
}

const server = http.createServer((incoming, response) => {
  const { hostname: host, port } = upstream;
  const options = { agent, host, port, method: incoming.method, path: incoming.url, headers: headers(incoming) };
  const request = http.request(options, (answer) => {
    response.writeHead(answer.statusCode, headers(answer));
    answer.pipe(response);
  });
  request.on('error', () => response.destroy());
  incoming.pipe(request);
});
server.listen(0, '127.0.0.1', 511, () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
