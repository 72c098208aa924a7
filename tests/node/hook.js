'use strict';
// Put before a program with `--require`: its `http` is the face over the crate. The addon is named by NODE_HTTP_ADDON.

const Module = require('module');
const path = require('path');

const addon = { exports: {} };
process.dlopen(addon, process.env.NODE_HTTP_ADDON);
globalThis[Symbol.for('node-http.binding')] = addon.exports;

const face = path.join(__dirname, '../../guest/js/face/aliases.js');
const load = Module._load;
let alias;

Module._load = function(request, ...given) {
  const name = request.replace(/^node:/, '');
  // Node's own parser, which only its own tests ask for, stays.
  if (name === 'http' || (name.startsWith('_http_') && name !== '_http_common')) {
    alias ??= load(face, null, false).alias;
    const found = alias(name);
    if (found) return found;
  }
  return load.call(this, request, ...given);
};
