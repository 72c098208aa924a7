'use strict';
// Runs the test that is named behind it, as a program of its own: for `--in-component`.

// Node's helpers count it among the globals, whether a test uses it or not.
globalThis.fetch ??= function fetch() { throw new Error('fetch is not available here'); };

process.argv.splice(1, 1);
require(process.argv[1]);
