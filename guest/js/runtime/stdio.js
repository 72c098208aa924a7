'use strict';
// Standard output and error as streams, and the console over them.

const { Writable, Readable } = require('stream');
const util = require('./util');

const native = globalThis.__native;

function output(fd) {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, callback) {
      native.print(fd, typeof chunk === 'string' ? chunk : chunk.toString('utf8'));
      callback();
    },
  });
  return Object.assign(stream, { fd, isTTY: false, columns: 80, _type: 'pipe' });
}

const stdout = output(1), stderr = output(2);

class Console {
  constructor(out = stdout, error = out) {
    if (out.stdout) [out, error] = [out.stdout, out.stderr ?? out.stdout];
    const indent = { text: '' }, counts = new Map(), times = new Map();
    const line = (stream) => (...words) => {
      stream.write(`${indent.text}${util.format(...words).replaceAll('\n', `\n${indent.text}`)}\n`);
    };
    this.log = this.info = this.debug = line(out);
    this.error = this.warn = line(error);
    this.dir = (value, options) => this.log(util.inspect(value, { customInspect: false, ...options }));
    this.dirxml = this.log;
    this.table = this.log;
    this.trace = (...words) => this.error(`${new Error(util.format(...words)).stack}`);
    this.assert = (holds, ...words) => { if (!holds) this.warn('Assertion failed', ...words); };
    this.group = (...words) => { if (words.length) this.log(...words); indent.text += '  '; };
    this.groupCollapsed = this.group;
    this.groupEnd = () => { indent.text = indent.text.slice(2); };
    this.count = (label = 'default') => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      this.log(`${label}: ${counts.get(label)}`);
    };
    this.countReset = (label = 'default') => counts.delete(label);
    this.time = (label = 'default') => times.set(label, native.now());
    this.timeLog = (label = 'default') => this.log(`${label}: ${native.now() - times.get(label)}ms`);
    this.timeEnd = (label = 'default') => { this.timeLog(label); times.delete(label); };
  }
}

const stdin = () => new Readable({ read() { this.push(null); } });

module.exports = { stdout, stderr, stdin, Console };
