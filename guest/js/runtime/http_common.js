'use strict';
// Of Node's `_http_common` what programs use.

const core = require('../face/core');

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;
const INVALID = /[^\t\x20-\x7e\x80-\xff]/;

module.exports = {
  methods: core.call(0, 'methods'), parsers: { max: 1000 }, chunkExpression: /(?:^|\W)chunked(?:$|\W)/i,
  continueExpression: /(?:^|\W)100-continue(?:$|\W)/i, CRLF: '\r\n', HTTPParser: class HTTPParser {},
  _checkIsHttpToken: (text) => TOKEN.test(text), _checkInvalidHeaderChar: (text) => INVALID.test(text),
};
