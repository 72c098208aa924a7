// Asks again and again: IN_FLIGHT requests at a time, on connections that are kept if KEEP_ALIVE is true.
const http = require('http');

const maxSockets = Number(process.env.IN_FLIGHT);
const agent = new http.Agent({ keepAlive: process.env.KEEP_ALIVE === 'true', maxSockets });
const options = { host: '127.0.0.1', port: Number(process.env.PORT), path: '/plain', agent };

function ask() {
  http.get(options, (response) => {
    let body = '';
    response.on('data', (chunk) => { body += chunk; });
    response.on('end', () => {
      if (body.length !== 13) throw new Error(body);
      ask();
    });
  });
}

for (let count = 0; count < maxSockets; count++) ask();
