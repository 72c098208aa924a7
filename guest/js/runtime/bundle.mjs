// node bundle.mjs OUTPUT: the runtime and the face as one file.

import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const own = (name) => join(here, `${name}.js`);
const packages = (name) => join(here, 'node_modules', name);

// Names that Node's modules have elsewhere are these files and packages.
const names = {
  events: own('events'), stream: own('stream'), util: own('util'), url: own('url'), net: own('net'), dns: own('dns'),
  process: own('process'), 'process/': own('process'), _http_common: own('http_common'),
  buffer: own('buffer'), 'buffer/': packages('buffer'), 'events/': packages('events'), 'assert/': packages('assert'),
  assert: packages('assert'), 'string_decoder/': packages('string_decoder'), string_decoder: packages('string_decoder'),
  'querystring/': packages('querystring'), 'punycode/': packages('punycode'), punycode: packages('punycode'),
  'util/util.js': join(packages('util'), 'util.js'), 'url/url.js': join(packages('url'), 'url.js'),
  'abort-controller': own('abort'), 'readable-stream': join(packages('readable-stream'), 'lib', 'stream.js'),
};

const byName = {
  name: 'by-name',
  setup(builder) {
    builder.onResolve({ filter: /^[\w@]/ }, (asked) => {
      if (asked.kind === 'entry-point' || asked.pluginData === byName) return undefined;
      const target = names[asked.path];
      if (!target) return undefined;
      return builder.resolve(target, { kind: asked.kind, resolveDir: here, pluginData: byName });
    });
  },
};

await build({
  entryPoints: [own('main')], outfile: process.argv[2], bundle: true, format: 'iife', platform: 'neutral', target: 'es2022',
  mainFields: ['main'], minifySyntax: true, minifyWhitespace: true, keepNames: true, plugins: [byName], logLevel: 'warning',
});
