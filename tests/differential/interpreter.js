'use strict';
// The interpreter of the differential test on Node: serves requests whose handlers are small programs. Its twin is
// tests/components/src/interpreter.rs; what the operations mean is written in tests/src/differential/program.rs.
//
// Control comes on a connection of its own, one for each scenario, in lines of JSON:
//   {"listen": {options}}        answers {"port": n}: the server with these options, made when first asked for
//   {"programs": {id: [op, …]}}  what to do with the requests that say `X-Id: id`
//   {"open": id}                 opens the gate of that program once
//   {"settle": n}                answers {"settled": true} after n milliseconds in which nothing happened
// What happens is told on the same connection as it happens: [id, "began"], [id, "result", index, operation, value],
// [id, "event", name], [id, "done"].
const http = require('node:http');
const net = require('node:net');

/** Options that are properties of the server. */
const PROPERTIES = ['maxConnections', 'maxHeadersCount', 'maxRequestsPerSocket', 'timeout'];
/** How many turns of the event loop the operation `tick` takes. */
const TICK = 3;
/** A turn of `settle` that takes so many milliseconds does not count: what has arrived meanwhile is not seen yet. */
const LATE = 4;
/** On a machine that has no time, turns are always late. */
const MOST_TURNS = 400;

const servers = new Map();
const programs = new Map();

const turn = () => new Promise((resolve) => { setImmediate(resolve); });
const value = (result) => ({ result: result === undefined ? null : result });

/** Node keeps some header values as buffers. */
function plain(content) {
  if (Array.isArray(content)) return content.map(plain);
  return Buffer.isBuffer(content) ? content.toString('latin1') : content;
}

const pairs = (object) => Object.keys(object).map((name) => [name, plain(object[name])]);

async function turns(count) {
  for (let i = 0; i < count; i++) await turn();
}

/** Runs `wait` so that no scenario counts as settled meanwhile. */
async function busily(session, wait) {
  session.busy++;
  await wait;
  session.busy--;
}

function readAll({ req }) {
  return new Promise((resolve) => {
    let length = 0, sum = 0;
    const finish = () => resolve(value({ length, sum, end: req.readableEnded }));
    if (req.readableEnded || req.destroyed) return finish();
    for (const event of ['end', 'close']) req.once(event, finish);
    req.on('data', (chunk) => {
      length += chunk.length;
      // The position counts, so that bytes in another order make another sum.
      for (const byte of chunk) sum = (sum * 31 + byte) % 65521;
    });
  });
}

function drain({ res }) {
  if (!res.writableNeedDrain) return undefined;
  return new Promise((resolve) => { for (const event of ['drain', 'close']) res.once(event, () => resolve()); });
}

function gate(program) {
  program.passed++;
  if (program.opened >= program.passed) return undefined;
  return new Promise((resolve) => { program.wake = resolve; });
}

function writeHead({ res }, code, message, headers, form) {
  const list = headers && form === 'object' ? Object.fromEntries(headers) : headers && headers.flat();
  res.writeHead(...[code, message, list].filter((argument) => argument !== null && argument !== undefined));
}

const state = ({ req, res }) => ({
  headersSent: res.headersSent,
  writableEnded: res.writableEnded,
  writableFinished: res.writableFinished,
  finished: res.finished,
  destroyed: res.destroyed,
  writableCorked: res.writableCorked,
  writableNeedDrain: res.writableNeedDrain,
  socket: Boolean(res.socket),
  statusCode: res.statusCode,
  statusMessage: res.statusMessage === undefined ? null : res.statusMessage,
  complete: req.complete,
  aborted: req.aborted,
  readableEnded: req.readableEnded,
  requestDestroyed: req.destroyed,
});

/** Each returns `value(…)` for a result, nothing for none, or a promise of either. */
const OPERATIONS = {
  setHeader: ({ res }, name, content) => { res.setHeader(name, content); },
  appendHeader: ({ res }, name, content) => { res.appendHeader(name, content); },
  removeHeader: ({ res }, name) => { res.removeHeader(name); },
  setHeaders: ({ res }, list) => { res.setHeaders(new Map(list)); },
  getHeader: ({ res }, name) => value(plain(res.getHeader(name))),
  hasHeader: ({ res }, name) => value(res.hasHeader(name)),
  getHeaderNames: ({ res }) => value(res.getHeaderNames()),
  getRawHeaderNames: ({ res }) => value(res.getRawHeaderNames()),
  getHeaders: ({ res }) => value(pairs(res.getHeaders())),
  statusCode: ({ res }, code) => { res.statusCode = code; },
  statusMessage: ({ res }, message) => { res.statusMessage = message; },
  sendDate: ({ res }, flag) => { res.sendDate = flag; },
  strictContentLength: ({ res }, flag) => { res.strictContentLength = flag; },
  shouldKeepAlive: ({ res }, flag) => { res.shouldKeepAlive = flag; },
  writeHead,
  writeContinue: ({ res }) => { res.writeContinue(); },
  writeProcessing: ({ res }) => { res.writeProcessing(); },
  writeEarlyHints: ({ res }, hints) => { res.writeEarlyHints(Object.fromEntries(hints)); },
  flushHeaders: ({ res }) => { res.flushHeaders(); },
  write: ({ res }, text, encoding) => value(res.write(text, encoding)),
  writeN: ({ res }, count, letter) => value(res.write(Buffer.alloc(count, letter, 'latin1'))),
  end: ({ res }, text, encoding) => { res.end(text, encoding); },
  addTrailers: ({ res }, list) => { res.addTrailers(list); },
  cork: ({ res }) => { res.cork(); },
  uncork: ({ res }) => { res.uncork(); },
  destroy: ({ res }) => { res.destroy(); },
  reqDestroy: ({ req }) => { req.destroy(); },
  tick: ({ session }) => busily(session, turns(TICK)),
  sleep: ({ session }, milliseconds) => busily(session, new Promise((resolve) => { setTimeout(resolve, milliseconds); })),
  gate,
  drain,
  readAll,
  readTrailers: ({ req }) => value({
    raw: req.rawTrailers, trailers: pairs(req.trailers), distinct: pairs(req.trailersDistinct),
  }),
  head: ({ req }) => value({
    method: req.method, url: req.url, version: req.httpVersion, raw: req.rawHeaders, headers: pairs(req.headers),
    distinct: pairs(req.headersDistinct),
  }),
  log: (program) => value(state(program)),
};

async function run(program) {
  for (const [index, [name, ...parameters]] of program.operations.entries()) {
    try {
      let outcome = OPERATIONS[name](program, ...parameters);
      if (outcome instanceof Promise) outcome = await outcome;
      if (outcome) program.tell('result', index, name, outcome.result);
    } catch (error) {
      program.tell('result', index, name, { throw: [error.name, error.code || '', error.message] });
    }
  }
  program.tell('done');
}

function onRequest(req, res) {
  const at = req.rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'x-id');
  const program = at < 0 ? undefined : programs.get(req.rawHeaders[at + 1]);
  if (!program || program.res) return res.end('no program');
  Object.assign(program, { req, res });
  program.tell('began');
  for (const event of ['prefinish', 'finish', 'close', 'drain'])
    res.on(event, () => program.tell('event', `res.${event}`));
  for (const event of ['end', 'close', 'aborted']) req.on(event, () => program.tell('event', `req.${event}`));
  res.on('error', (error) => program.tell('event', `res.error:${error.code}`));
  req.on('error', (error) => program.tell('event', `req.error:${error.code}`));
  run(program);
}

function listen(options) {
  const key = JSON.stringify(options);
  if (!servers.has(key)) servers.set(key, new Promise((resolve) => {
    const { listen: events = [], ...rest } = options;
    const server = http.createServer(rest, onRequest);
    for (const name of PROPERTIES) if (name in rest) server[name] = rest[name];
    for (const event of events) server.on(event, onRequest);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  }));
  return servers.get(key);
}

async function settle(session, wanted) {
  for (let calm = 0, passed = 0; calm < wanted && passed < MOST_TURNS; calm++, passed++) {
    const { told } = session;
    const began = performance.now();
    await new Promise((resolve) => { setTimeout(resolve, 1); });
    // What has arrived meanwhile is looked at after the timers.
    await turns(2);
    const late = performance.now() - began > LATE;
    if (late || session.busy > 0 || session.told !== told) calm = -1;
  }
}

function newProgram(session, id, operations) {
  const tell = (...what) => {
    session.told++;
    session.send([id, ...what]);
  };
  return { session, operations, tell, opened: 0, passed: 0, wake: null, req: null, res: null };
}

const COMMANDS = {
  listen: async (session, options) => session.send({ port: await listen(options) }),
  programs: (session, table) => {
    for (const [id, operations] of Object.entries(table)) {
      session.ids.push(id);
      programs.set(id, newProgram(session, id, operations));
    }
  },
  open: (_, id) => {
    const program = programs.get(id);
    program.opened++;
    if (program.wake && program.opened >= program.passed) program.wake();
  },
  settle: async (session, wanted) => {
    await settle(session, wanted);
    session.send({ settled: true });
  },
};

function onControl(socket) {
  const session = { ids: [], busy: 0, told: 0, send: (line) => { socket.write(`${JSON.stringify(line)}\n`); } };
  let received = '';
  socket.setEncoding('utf8').setNoDelay(true);
  socket.on('data', (text) => {
    const lines = (received + text).split('\n');
    received = lines.pop();
    for (const line of lines) for (const [name, argument] of Object.entries(JSON.parse(line))) COMMANDS[name](session, argument);
  });
  socket.on('error', () => {});
  socket.on('close', () => { for (const id of session.ids) programs.delete(id); });
}

process.on('uncaughtException', (error) => console.error('uncaught', error.stack));
// Whoever started this process ends it by closing its input.
process.stdin.on('close', () => process.exit(0)).resume();
const control = net.createServer(onControl);
control.listen(0, '127.0.0.1', () => console.log(`listening ${control.address().port} control`));
