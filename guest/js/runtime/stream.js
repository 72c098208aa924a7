'use strict';
// The module `stream`: the npm package readable-stream, which is Node's own, and what is younger than it.

const Stream = require('readable-stream');

// One side of a pair: what is written here is read there.
class Side extends Stream.Duplex {
  constructor(options) {
    super(options);
    this.other = null;
    this.goOn = null;
  }
  _read() {
    const { goOn } = this;
    this.goOn = null;
    goOn?.();
  }
  _write(chunk, encoding, callback) {
    if (chunk.length === 0) {
      process.nextTick(callback);
    } else {
      this.other.push(chunk);
      this.other.goOn = callback;
    }
  }
  _final(callback) {
    this.other.on('end', callback);
    this.other.push(null);
  }
}

Stream.duplexPair ??= (options) => {
  const [one, other] = [new Side(options), new Side(options)];
  one.other = other;
  other.other = one;
  return [one, other];
};
Stream.Stream = Stream;

module.exports = Stream;
