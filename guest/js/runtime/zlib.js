'use strict';
// `zlib` is not there yet; packages that only might compress load it.

const { Transform } = require('stream');

function unavailable(name) {
  return function() {
    const error = Object.assign(new Error(`zlib.${name} is not available here`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    const stream = new Transform({ transform(chunk, encoding, callback) { callback(error); } });
    return stream;
  };
}

const constants = {
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_DEFAULT_COMPRESSION: -1, Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9, Z_DEFAULT_CHUNK: 16384, BROTLI_OPERATION_FLUSH: 1, BROTLI_PARAM_QUALITY: 1,
};

module.exports = { constants, ...constants };
for (const name of ['Gzip', 'Gunzip', 'Deflate', 'Inflate', 'DeflateRaw', 'InflateRaw', 'Unzip', 'BrotliCompress', 'BrotliDecompress']) {
  module.exports[`create${name}`] = unavailable(`create${name}`);
}
