// Runs programs of the client differential test on the `http` of the Node that runs this file: one program with its port
// as a line of JSON on standard input, one outcome as a line of JSON on standard output, one after another.
//
// The twin of this file, on our client, is `tests/components/src/client_differential`. What a word of a program means
// is described in `mod.rs` beside this file.
'use strict';

const http = require('node:http');
const net = require('node:net');
const readline = require('node:readline');

const STATE = ['aborted', 'destroyed', 'finished', 'headersSent', 'host', 'method', 'path', 'protocol',
  'reusedSocket', 'writableCorked', 'writableEnded', 'writableFinished', 'writableLength', 'writableNeedDrain'];

let current;

class Program {
  constructor({ program, port }) {
    Object.assign(this, { program, port, agent: undefined, over: 0, touched: Date.now() });
    this.exchanges = program.requests.map((request) => new Exchange(this, request));
  }

  async run() {
    http.globalAgent = new http.Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });
    const { agent } = this.program;
    if (agent.kind === 'one-shot') this.agent = false;
    if (agent.kind === 'own') this.agent = new http.Agent(agent.options);
    for (const exchange of this.exchanges) {
      exchange.start();
      if (!this.program.together) await this.settled(() => exchange.over());
    }
    await this.settled(() => false);
    return { requests: this.exchanges.map((exchange) => exchange.outcome()) };
  }

  // Until `over` says so, or nothing has happened for a while; never for longer than the limit.
  async settled(over) {
    const { quiet, limit } = this.program;
    const begun = Date.now();
    this.touched = begun;
    while (!over() && Date.now() - this.touched < quiet && Date.now() - begun < limit) await sleep(5);
    // What was over has this time to reach the pool.
    await sleep(20);
  }

  clean() {
    for (const { request } of this.exchanges) request?.destroy();
    this.agent?.destroy?.();
    http.globalAgent.destroy();
  }
}

class Exchange {
  constructor(program, description) {
    Object.assign(this, { program, description, calls: [], events: [], seen: new Set(), next: 0 });
    Object.assign(this, { request: undefined, constructed: 'not yet', response: undefined, body: undefined });
  }

  start() {
    const { description } = this;
    if (description.signal) this.signal = new AbortController();
    if (description.signal === 'aborted') this.signal.abort();
    try {
      const options = this.options();
      const how = description.get ? http.get : http.request;
      this.request = description.url === undefined ? how(options) : how(this.ported(description.url), options);
      this.constructed = 'ok';
    } catch (error) {
      this.constructed = told(error);
      return;
    }
    this.listen();
    this.proceed();
  }

  options() {
    const { description, program } = this;
    const options = { ...description.options };
    for (const name of ['port', 'defaultPort']) {
      if (options[name] === 'PORT') options[name] = program.port;
    }
    if (description.headers) options.headers = headersOf(description.headers);
    if (program.agent !== undefined) options.agent = program.agent;
    if (program.program.agent.kind === 'none') {
      const { timeout } = options;
      options.createConnection = () => net.createConnection({ host: '127.0.0.1', port: program.port, timeout });
    }
    if (this.signal) options.signal = this.signal.signal;
    return options;
  }

  ported(text) {
    return text.replaceAll('{port}', String(this.program.port));
  }

  listen() {
    const { request } = this;
    const on = (name, tell) => {
      if (!this.description.listen.includes(name)) return;
      request.on(name, tell ?? (() => this.event(`req.${name}`)));
    };
    request.on('error', (error) => this.event(`req.error${told(error)}`));
    request.on('close', () => this.event('req.close'));
    for (const name of ['abort', 'continue', 'drain', 'finish', 'prefinish', 'socket', 'timeout']) on(name);
    on('information', (info) => this.event(`req.information(${info.statusCode} ${info.statusMessage} HTTP/${
      info.httpVersion} ${JSON.stringify(info.rawHeaders)} ${JSON.stringify(Object.entries(info.headers))})`));
    for (const name of ['connect', 'upgrade']) {
      on(name, (response, socket, head) => {
        this.response = describe(response);
        this.event(`req.${name}(${response.statusCode} ${JSON.stringify(head.toString('latin1'))})`);
        socket.on('error', () => {});
        socket.destroy();
      });
    }
    on('response', (response) => this.receive(response));
  }

  receive(response) {
    this.message = response;
    this.response = describe(response);
    const { listenResponse: listen, reads } = this.description;
    for (const name of ['aborted', 'close', 'timeout']) {
      if (listen.includes(name)) response.on(name, () => this.event(`res.${name}`));
    }
    if (listen.includes('error')) response.on('error', (error) => this.event(`res.error${told(error)}`));
    // Listening to it does not make the body flow.
    if (['all', 'late'].includes(reads)) response.on('end', () => this.event('res.end'));
    const read = () => {
      this.body = '';
      response.on('data', (data) => {
        this.body += data.toString('latin1');
        this.event('res.data');
      });
    };
    if (reads === 'all') read();
    if (reads === 'late') setTimeout(read, 40);
    if (reads === 'resume') response.resume();
    this.event('req.response');
  }

  event(what) {
    this.program.touched = Date.now();
    const name = what.match(/^\w+\.\w+/)[0];
    // How a body is cut into pieces is the network's affair.
    if (what !== 'res.data' || !this.seen.has(what)) this.events.push(what);
    this.seen.add(name);
    if (this.waits === name) this.proceed();
  }

  // Goes on with the operations until one of them waits.
  proceed() {
    this.waits = undefined;
    const { ops } = this.description;
    while (this.next < ops.length) {
      const op = ops[this.next++];
      if (op.op === 'await') {
        if (this.seen.has(op.event)) continue;
        this.waits = op.event;
        return;
      }
      if (op.op === 'sleep') {
        setTimeout(() => this.proceed(), op.ms);
        return;
      }
      let result;
      try {
        result = op.op === 'state' ? state(this.request) : shown(this.perform(op));
      } catch (error) {
        result = told(error);
      }
      this.program.touched = Date.now();
      this.calls.push(op.op === 'state' ? { state: result } : `${op.op} = ${result}`);
    }
  }

  perform(op) {
    const { request } = this;
    switch (op.op) {
      case 'setHeader': return done(request.setHeader(op.name, op.value));
      case 'appendHeader': return done(request.appendHeader(op.name, op.value));
      case 'setHeaders': return done(request.setHeaders(new Map(op.fields)));
      case 'removeHeader': return done(request.removeHeader(op.name));
      case 'getHeader': return request.getHeader(op.name) ?? null;
      case 'hasHeader': return request.hasHeader(op.name);
      case 'getHeaders': return Object.entries(request.getHeaders());
      case 'getHeaderNames': return request.getHeaderNames();
      case 'getRawHeaderNames': return request.getRawHeaderNames();
      case 'flushHeaders': return done(request.flushHeaders());
      case 'addTrailers': return done(request.addTrailers(op.fields));
      case 'write': return request.write(...chunk(op));
      case 'writeN': return repeated(op, () => request.write(op.text.repeat(op.size)));
      case 'end': return done(request.end(...chunk(op)));
      case 'cork': return done(request.cork());
      case 'uncork': return done(request.uncork());
      case 'abort': return done(request.abort());
      case 'destroy': return done(request.destroy(op.error === undefined ? undefined : new Error(op.error)));
      case 'destroyResponse': return done(this.message?.destroy());
      case 'abortSignal': return done(op.reason ? this.signal.abort(new Error(op.reason)) : this.signal.abort());
      case 'setTimeout': return done(request.setTimeout(op.ms));
      case 'setNoDelay': return done(request.setNoDelay(op.on));
      case 'setSocketKeepAlive': return done(request.setSocketKeepAlive(op.on, 1000));
      case 'maxHeadersCount': return done(request.maxHeadersCount = op.count);
      case 'shouldKeepAlive': return done(request.shouldKeepAlive = op.on);
      default: throw new Error(`no such operation: ${op.op}`);
    }
  }

  over() {
    if (this.constructed !== 'ok') return true;
    const read = !this.message || !['all', 'late'].includes(this.description.reads) || this.seen.has('res.close');
    return this.next === this.description.ops.length && this.seen.has('req.close') && read;
  }

  outcome() {
    const { constructed, calls, events, request, message, response, body } = this;
    const outcome = { constructed, calls, events };
    if (request) outcome.state = state(request);
    if (response) outcome.response = response;
    if (message) outcome.end = ended(message, body);
    return outcome;
  }
}

function headersOf({ form, fields }) {
  if (form === 'flat') return fields.flat(1);
  if (form === 'pairs') return fields;
  return Object.fromEntries(fields);
}

function chunk({ text, hex, encoding }) {
  if (hex !== undefined) return [Buffer.from(hex, 'hex')];
  if (text === undefined) return [];
  return encoding ? [text, encoding] : [text];
}

function repeated({ count }, call) {
  const results = [];
  for (let number = 0; number < count; number++) results.push(call());
  const taken = results.indexOf(false);
  return `${count} calls, false from ${taken}`;
}

// How much a request holds depends on how it counts, and what it still holds when it is destroyed is no matter.
function state(request) {
  const state = Object.fromEntries(STATE.map((name) => [name, String(request[name])]));
  if (state.writableLength !== '0') state.writableLength = 'some';
  if (request.destroyed) delete state.writableLength;
  return state;
}

function describe(response) {
  return {
    status: `HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}`,
    headers: JSON.stringify(Object.entries(response.headers)),
    headersDistinct: JSON.stringify(Object.entries(response.headersDistinct)),
    rawHeaders: JSON.stringify(response.rawHeaders),
  };
}

function ended(message, body) {
  return {
    flags: `complete=${message.complete} aborted=${message.aborted} destroyed=${message.destroyed}`,
    body: body ?? 'not read',
    trailers: JSON.stringify(Object.entries(message.trailers)),
    rawTrailers: JSON.stringify(message.rawTrailers),
  };
}

function told(error) {
  const cause = error.cause ? `|cause=${error.cause.name}: ${error.cause.message}` : '';
  const reason = error.reason ? `|reason=${error.reason}` : '';
  const call = error.syscall ? `|${error.syscall}` : '';
  return `[${error.name}|${error.code ?? ''}|${error.message}${reason}${call}${cause}]`;
}

const done = () => 'ok';
const shown = (value) => typeof value === 'string' ? value : JSON.stringify(value);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

process.on('uncaughtException', (error) => current?.exchanges.at(-1).event(`uncaught.error${told(error)}`));

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    // Not before now: the server's record is looked at after the outcome.
    current?.clean();
    current = new Program(JSON.parse(line));
    process.stdout.write(`${JSON.stringify(await current.run())}\n`);
  }
})();
