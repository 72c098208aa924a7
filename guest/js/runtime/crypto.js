'use strict';
// Of the module `crypto`: hashes and random bytes.

const { Transform } = require('stream');

const native = globalThis.__native;
const BLOCKS = { md5: 64, sha1: 64, sha256: 64, sha384: 128, sha512: 128 };
const toBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const bytesOf = (data, encoding) => (typeof data === 'string' ? Buffer.from(data, encoding) : Buffer.from(data));
const nameOf = (algorithm) => `${algorithm}`.toLowerCase().replace('-', '');

function digest(algorithm, bytes) {
  const value = native.hash(nameOf(algorithm), bytes);
  if (value === null) throw Object.assign(new Error('Digest method not supported'), { code: 'ERR_CRYPTO_INVALID_DIGEST' });
  return toBuffer(value);
}

class Hash extends Transform {
  constructor(algorithm, inner) {
    super();
    if (!Object.hasOwn(BLOCKS, nameOf(algorithm))) digest(algorithm, Buffer.alloc(0));
    this._algorithm = algorithm;
    this._parts = inner ? [inner] : [];
  }
  update(data, encoding) {
    this._parts.push(bytesOf(data, encoding));
    return this;
  }
  _compute() { return digest(this._algorithm, Buffer.concat(this._parts)); }
  digest(encoding) {
    const value = this._compute();
    return encoding && encoding !== 'buffer' ? value.toString(encoding) : value;
  }
  copy() {
    const other = new Hash(this._algorithm);
    other._parts = [...this._parts];
    return other;
  }
  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }
  _flush(callback) { callback(null, this.digest()); }
}

class Hmac extends Hash {
  constructor(algorithm, key) {
    super(algorithm);
    const size = BLOCKS[nameOf(algorithm)];
    let bytes = bytesOf(key);
    if (bytes.length > size) bytes = digest(algorithm, bytes);
    const padded = Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
    this._outer = Buffer.from(padded.map((byte) => byte ^ 0x5c));
    this._parts = [Buffer.from(padded.map((byte) => byte ^ 0x36))];
  }
  _compute() { return digest(this._algorithm, Buffer.concat([this._outer, super._compute()])); }
}

function randomBytes(size, callback) {
  const bytes = toBuffer(native.random(size));
  if (!callback) return bytes;
  setImmediate(callback, null, bytes);
  return undefined;
}

function randomFillSync(target, offset = 0, size = target.length - offset) {
  target.set(randomBytes(size), offset);
  return target;
}

function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') [min, max, callback] = [0, min, max];
  const value = min + Math.floor(randomBytes(6).readUIntBE(0, 6) / 2 ** 48 * (max - min));
  if (!callback) return value;
  setImmediate(callback, null, value);
  return undefined;
}

function randomUUID() {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function timingSafeEqual(one, other) {
  if (one.length !== other.length) throw new RangeError('Input buffers must have the same byte length');
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one[i] ^ other[i];
  return difference === 0;
}

module.exports = {
  createHash: (algorithm) => new Hash(algorithm), createHmac: (algorithm, key) => new Hmac(algorithm, key), Hash, Hmac,
  getHashes: () => Object.keys(BLOCKS), randomBytes, randomFillSync, randomInt, randomUUID, timingSafeEqual,
  randomFill: (target, callback) => setImmediate(callback, null, randomFillSync(target)),
  hash: (algorithm, data, encoding = 'hex') => new Hash(algorithm).update(data).digest(encoding),
  webcrypto: { getRandomValues: randomFillSync, randomUUID },
  constants: {},
};
