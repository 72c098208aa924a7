'use strict';
// The module `buffer`: the npm package, with UTF-8 done natively.

const buffer = require('buffer/');

const native = globalThis.__native;
const { Buffer } = buffer;
const { from } = Buffer;
const isUtf8 = (encoding) => encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8';

Buffer.from = (value, encoding, length) => {
  if (typeof value === 'string' && isUtf8(encoding)) return Object.setPrototypeOf(native.utf8(value), Buffer.prototype);
  return from(value, encoding, length);
};

const { byteLength } = Buffer;
Buffer.byteLength = (value, encoding) => (
  typeof value === 'string' && isUtf8(encoding) ? native.utf8(value).length : byteLength(value, encoding));

const { toString } = Buffer.prototype;
Buffer.prototype.toString = function(encoding, start = 0, end = this.length) {
  if (!isUtf8(encoding)) return toString.call(this, encoding, start, end);
  return native.fromUtf8(start === 0 && end >= this.length ? this : this.subarray(start, end));
};

// Small pieces of one piece of memory would have to be told apart; here each has its own.
Buffer.poolSize = 0;

module.exports = buffer;
