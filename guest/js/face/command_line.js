'use strict';
// What Node's command line says about HTTP.

function commandLine() {
  const given = {};
  const flags = [...(process.execArgv ?? []), ...(process.env.NODE_OPTIONS ?? '').split(' ')];
  for (const flag of flags) {
    if (flag === '--insecure-http-parser') given.insecureHTTPParser = true;
    const size = /^--max-http-header-size=(\d+)$/.exec(flag);
    if (size) given.maxHeaderSize = Number(size[1]);
  }
  return given;
}

module.exports = { commandLine };
