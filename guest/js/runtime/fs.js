'use strict';
// The module `fs`: reading. The host says what the program sees; nothing of it can be changed.

const { Readable } = require('stream');
const { fileURLToPath } = require('./url');

const native = globalThis.__native;
const CHUNK = 64 * 1024;

const TEXTS = {
  ENOENT: 'no such file or directory', EACCES: 'permission denied', EISDIR: 'illegal operation on a directory',
  ENOTDIR: 'not a directory', EINVAL: 'invalid argument', EIO: 'i/o error', EROFS: 'read-only file system',
};

const toPath = (path) => (path instanceof URL ? fileURLToPath(path) : `${path}`);

function fail(code, syscall, path) {
  const error = new Error(`${code}: ${TEXTS[code] ?? 'error'}, ${syscall} '${path}'`);
  return Object.assign(error, { code, syscall, path, errno: code === 'ENOENT' ? -2 : -5 });
}

function answered([code, value], syscall, path) {
  if (code) throw fail(code, syscall, path);
  return value;
}

class Stats {
  constructor({ kind, size, mtimeMs }) {
    Object.assign(this, {
      dev: 0, ino: 0, mode: kind === 'directory' ? 0o40755 : 0o100644, nlink: 1, uid: 0, gid: 0, rdev: 0, size,
      blksize: 4096, blocks: Math.ceil(size / 512), atimeMs: mtimeMs, mtimeMs, ctimeMs: mtimeMs, birthtimeMs: mtimeMs,
    });
    for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) this[name] = new Date(this[`${name}Ms`]);
    Object.defineProperty(this, '_kind', { value: kind });
  }
  isFile() { return this._kind === 'file'; }
  isDirectory() { return this._kind === 'directory'; }
  isSymbolicLink() { return false; }
  isFIFO() { return false; }
  isSocket() { return false; }
  isBlockDevice() { return false; }
  isCharacterDevice() { return false; }
}

const encodingOf = (options) => (typeof options === 'string' ? options : options?.encoding);
const toBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const sync = {
  readFile(path, options) {
    path = toPath(path);
    const buffer = toBuffer(answered(native.readFile(path, null, null), 'open', path));
    const encoding = encodingOf(options);
    return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
  },
  stat(path, options) {
    path = toPath(path);
    const [code, value] = native.stat(path);
    if (code === 'ENOENT' && options?.throwIfNoEntry === false) return undefined;
    return new Stats(answered([code, value], 'stat', path));
  },
  readdir(path, options) {
    path = toPath(path);
    const names = answered(native.readDir(path), 'scandir', path);
    if (!options?.withFileTypes) return names;
    return names.map((name) => Object.assign(sync.stat(`${path}/${name}`), { name, parentPath: path }));
  },
  realpath(path) {
    path = toPath(path);
    return answered(native.realPath(path), 'realpath', path);
  },
  access(path) { sync.stat(path); },
};
sync.lstat = sync.stat;

function exists(path) {
  try {
    sync.stat(path);
    return true;
  } catch { return false; }
}

// Asynchronous as Node's are: the answer comes in a later turn.
function later(name) {
  return (...given) => {
    const callback = given.pop();
    setImmediate(() => {
      let value;
      try {
        value = sync[name](...given);
      } catch (error) {
        callback(error);
        return;
      }
      callback(null, value);
    });
  };
}

const promise = (name) => (...given) => new Promise((resolve, reject) => {
  later(name)(...given, (error, value) => { if (error) reject(error); else resolve(value); });
});

class ReadStream extends Readable {
  constructor(path, options = {}) {
    if (typeof options === 'string') options = { encoding: options };
    super({ highWaterMark: options.highWaterMark ?? CHUNK, encoding: options.encoding, autoDestroy: options.autoDestroy });
    this.path = toPath(path);
    this.fd = null;
    this.flags = 'r';
    this.start = options.start;
    this.end = options.end ?? Infinity;
    this.pos = options.start ?? 0;
    this.bytesRead = 0;
  }
  _construct(callback) {
    setImmediate(() => {
      const [code] = native.readFile(this.path, 0, 0);
      if (code) {
        callback(fail(code, 'open', this.path));
        return;
      }
      this.fd = 3;
      callback();
      this.emit('open', this.fd);
      this.emit('ready');
    });
  }
  _read(size) {
    const length = Math.min(size, this.end - this.pos + 1);
    if (length <= 0) {
      this.push(null);
      return;
    }
    const [code, bytes] = native.readFile(this.path, this.pos, length);
    if (code) {
      this.destroy(fail(code, 'read', this.path));
      return;
    }
    this.pos += bytes.length;
    this.bytesRead += bytes.length;
    this.push(bytes.length ? toBuffer(bytes) : null);
  }
  close(callback) {
    if (callback) this.once('close', callback);
    this.destroy();
  }
}

const readOnly = (name) => (path, ...given) => {
  const error = fail('EROFS', name, path);
  const callback = given.at(-1);
  if (typeof callback !== 'function') throw error;
  process.nextTick(callback, error);
};

module.exports = {
  Stats, ReadStream,
  constants: { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, O_RDONLY: 0 },
  existsSync: exists,
  exists: (path, callback) => setImmediate(() => callback(exists(path))),
  createReadStream: (path, options) => new ReadStream(path, options),
  promises: {},
};
for (const name of Object.keys(sync)) {
  module.exports[`${name}Sync`] = sync[name];
  module.exports[name] = later(name);
  module.exports.promises[name] = promise(name);
}
for (const name of ['writeFile', 'appendFile', 'mkdir', 'unlink', 'rm', 'rmdir', 'rename', 'chmod', 'utimes', 'open']) {
  module.exports[name] = readOnly(name);
  module.exports[`${name}Sync`] = readOnly(name);
  module.exports.promises[name] = async (path) => { throw fail('EROFS', name, path); };
}
for (const name of ['watch', 'watchFile', 'createWriteStream']) {
  module.exports[name] = (path) => { throw fail('EROFS', name, path); };
}
module.exports.realpathSync.native = module.exports.realpathSync;
