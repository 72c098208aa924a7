'use strict';
// The module `stream`: the npm package readable-stream, which is Node's own.

const Stream = require('readable-stream');

Stream.Stream = Stream;

module.exports = Stream;
