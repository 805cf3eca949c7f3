// Loads the bundle that rolldown.config.js describes, and keeps beside it what V8 made of it.
//
// Node's own cache (module.enableCompileCache) is filled before a module runs, when V8 has compiled hardly any of its
// functions: every start then compiled some 1,500 of them anew. This one is filled at the end of a run.
const {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { isAscii } = require('node:buffer');
const { createRequire } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');
const { withUsualFlags } = require('./young-space.js');

/** Modules of Node that take long to load and that hardly any run asks for: loaded when something of them is. */
const LAZY = ['node:crypto', 'node:net', 'node:child_process'];
/** The same of our own files: nothing of them is used before it is called for. */
const LAZY_FILES = /^\.\/kysely-/;

/** In one line with the first of the source: a stack trace names the lines of the file. */
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';
const TAIL = '\n})';

/** What the entry of the bundle exports. Its files are CommonJS: one asks for another by `require('./NAME')`. */
function loadBundle(entry) {
  const folder = dirname(entry);
  const requireOther = createRequire(entry);
  const keeper = makeKeeper(join(folder, 'compile-cache'));
  const modules = new Map();
  const load = (name) => {
    if (!name.startsWith('./')) return LAZY.includes(name) ? lazily(() => requireOther(name)) : requireOther(name);
    return LAZY_FILES.test(name) ? lazily(() => loadFile(name)) : loadFile(name);
  };
  const loadFile = (name) => {
    const path = join(folder, name);
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(path, module);
    const script = keeper.compile(path, readFileSync(path));
    script.runInThisContext().call(module.exports, module.exports, load, module, path, folder);
    return module.exports;
  };
  process.once('exit', keeper.keep);
  return load(`./${basename(entry)}`);
}

/** Stands for a module until something of it is wanted. */
function lazily(load) {
  return new Proxy({}, { get: (_, name) => load()[name] });
}

/**
 * Keeps nothing, and believes nothing, but where the folder is this program's: nobody may put code here who could not change the
 * program as well, whatever the umask of a run was. Where this user does not own the bundle, nothing is written.
 */
function makeKeeper(folder) {
  const isWanted = process.env['NODE_DISABLE_COMPILE_CACHE'] === undefined;
  const isOurs = isWanted && isOnlyOwners(folder);
  const missing = [];
  return {
    compile(path, bytes) {
      const kept = join(folder, `${basename(path)}-${process.version}-${process.arch}`);
      // Of the bytes: of a text it would have to be encoded first.
      const sum = crc32(bytes, crc32(HEAD + TAIL));
      const cachedData = isOurs ? readKept(kept, sum) : undefined;
      const source = `${HEAD}${bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')}${TAIL}`;
      const script = withUsualFlags(() => new Script(source, { filename: path, cachedData }));
      if (isWanted && (cachedData === undefined || script.cachedDataRejected)) missing.push({ script, kept, sum });
      return script;
    },
    keep() {
      if (missing.length === 0) return;
      try {
        if (process.getuid?.() !== ownerOf(dirname(folder))) return;
        if (!isOnlyOwners(folder)) rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true, mode: 0o755 });
        removeParts(folder);
        for (const { script, kept, sum } of missing) {
          const made = withUsualFlags(() => script.createCachedData());
          writeWhole(kept, sum, made);
        }
      } catch {
        // A start without it is only slower.
      }
    },
  };
}

/** @returns undefined where there are no users (Windows). */
function ownerOf(path) {
  return process.getuid === undefined ? undefined : statSync(path).uid;
}

/** Whether only the owner of the bundle can write in its folder. */
function isOnlyOwners(folder) {
  try {
    const found = lstatSync(folder);
    if (!found.isDirectory()) return false;
    return process.getuid === undefined || (found.uid === ownerOf(dirname(folder)) && (found.mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/** Before what V8 made: the checksum of the source, and that of what V8 made. V8 itself looks at neither of them. */
const HEADER = 8;

/** What V8 made of the source with that checksum; undefined where that is not there or damaged. */
function readKept(path, sum) {
  try {
    const bytes = readFileSync(path);
    const data = bytes.subarray(HEADER);
    return bytes.readUInt32LE(0) === sum && bytes.readUInt32LE(4) === crc32(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** At no time is there half a file. */
function writeWhole(path, sum, data) {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(sum, 0);
  header.writeUInt32LE(crc32(data), 4);
  const part = `${path}.${process.pid}`;
  try {
    writeFileSync(part, Buffer.concat([header, data]), { flag: 'wx', mode: 0o644, flush: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** What a process left that was killed while it wrote. */
function removeParts(folder) {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (/\.\d+$/.test(name) && statSync(path).mtimeMs < hourAgo) rmSync(path, { force: true });
  }
}

module.exports = { loadBundle };
