// Loads the bundle that rolldown.config.js describes, and keeps beside it what V8 made of it.
//
// Node's own cache (module.enableCompileCache) is filled before a module runs, when V8 has compiled hardly any of its
// functions: every start then compiled some 1,500 of them anew. This one is filled at the end of a run, and again by one that has done
// much more: who asked for --help first would else have the rest compiled at every start.
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
const { withUsualFlags } = require('./v8-flags.js');

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
  const loaded = [];
  return {
    compile(path, bytes) {
      const kept = join(folder, `${basename(path)}-${process.version}-${process.arch}`);
      // Of the bytes: of a text it would have to be encoded first.
      const sum = crc32(bytes, crc32(HEAD + TAIL));
      const { cachedData, effort } = isOurs ? readKept(kept, sum) : NOTHING;
      const source = `${HEAD}${bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')}${TAIL}`;
      const script = withUsualFlags(() => new Script(source, { filename: path, cachedData }));
      const isKept = cachedData !== undefined && !script.cachedDataRejected;
      if (isWanted) loaded.push({ script, kept, sum, effort: isKept ? effort : null });
      return script;
    },
    keep() {
      const now = effortOfRun();
      const due = loaded.filter(({ effort }) => effort === null || isMuchMore(now, effort));
      if (due.length === 0) return;
      try {
        if (process.getuid?.() !== ownerOf(dirname(folder))) return;
        if (!isOnlyOwners(folder)) rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true, mode: 0o755 });
        removeParts(folder);
        for (const { script, kept, sum } of due) {
          const made = withUsualFlags(() => script.createCachedData());
          writeWhole(kept, { sum, effort: now }, made);
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

/** Milliseconds of processor time: what a run has done, as far as V8 had something to compile for it. */
function effortOfRun() {
  return Math.round(process.cpuUsage().user / 1000);
}

const MORE = 1.5;
const MORE_MS = 40;
/** From then on V8 forgets what it has not run for long, such as what every start needs. */
const LONGEST_MS = 3000;

/** So that it is made anew a few times in all, however many runs there are. */
function isMuchMore(now, before) {
  return now <= LONGEST_MS && now > before * MORE && now > before + MORE_MS;
}

/** Before what V8 made: the checksum of the source, that of what V8 made, and the effort of that run. V8 looks at none of them. */
const HEADER = 12;

const NOTHING = { cachedData: undefined, effort: null };

/** What V8 made of the source with that checksum, and in a run of what effort; nothing where that is not there or damaged. */
function readKept(path, sum) {
  try {
    const bytes = readFileSync(path);
    const cachedData = bytes.subarray(HEADER);
    const isWhole = bytes.readUInt32LE(0) === sum && bytes.readUInt32LE(4) === crc32(cachedData);
    return isWhole ? { cachedData, effort: bytes.readUInt32LE(8) } : NOTHING;
  } catch {
    return NOTHING;
  }
}

/** At no time is there half a file. */
function writeWhole(path, { sum, effort }, data) {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(sum, 0);
  header.writeUInt32LE(crc32(data), 4);
  header.writeUInt32LE(effort, 8);
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
