// Builds the UI into ../src/main/resources/web, checks sizes and licences, and writes ../ui.sha256.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ui = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const module_ = resolve(ui, '..');
const web = join(module_, 'src/main/resources/web');
const assets = join(web, 'assets');

const SHELL_LIMIT = 90_000;
const QUERY_LIMIT = 290_000;
/** What the dashboards add to the shell and the query page. */
const BOARD_LIMIT = 200_000;
const LICENCES = /^(MIT|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|ISC|0BSD)$/;
const BANNED = new RegExp(
  [
    'innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\\.write',
    '\\beval\\s*\\(|new Function\\s*\\(',
    'https?://(?!www\\.w3\\.org/)',
  ].join('|'),
);

function files(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)]))
    .sort();
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

// Own sources may not contain ways round Trusted Types, nor addresses of other hosts.
for (const file of files(join(ui, 'src'))) {
  if (/\.test\.ts$|\.svg$/.test(file)) continue;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((line, i) => {
      if (BANNED.test(line)) fail(`${relative(ui, file)}:${i + 1}: banned construct: ${line.trim()}`);
    });
}

// style-mod adds a <style> element to documents, which a strict CSP refuses; constructed style
// sheets are not subject to it.
const styleModWithoutStyleElement = {
  name: 'style-mod',
  setup(b) {
    b.onLoad({ filter: /style-mod[\\/]src[\\/]style-mod\.js$/ }, (args) => {
      const text = readFileSync(args.path, 'utf8');
      const was = '!root.head && root.adoptedStyleSheets';
      if (!text.includes(was)) fail('style-mod changed: look again at how it mounts style sheets');
      return { contents: text.replace(was, 'root.adoptedStyleSheets'), loader: 'js' };
    });
  },
};

rmSync(web, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const result = await build({
  absWorkingDir: ui,
  entryPoints: { app: 'src/main.tsx', icon: 'src/icon.svg' },
  outdir: assets,
  bundle: true,
  splitting: true,
  format: 'esm',
  minify: true,
  target: ['chrome123', 'firefox121', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.svg': 'copy' },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  alias: { 'lru-cache': './src/lib/lru.ts' },
  plugins: [styleModWithoutStyleElement],
});

const outputs = Object.fromEntries(
  Object.entries(result.metafile.outputs).map(([path, o]) => [relative(assets, resolve(ui, path)), o]),
);
const names = Object.keys(outputs);
const entry = names.find((n) => outputs[n].entryPoint === 'src/main.tsx');
const css = names.find((n) => n.endsWith('.css'));
const icon = names.find((n) => n.endsWith('.svg'));

function closure(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const i of outputs[name].imports) {
    if (i.kind === 'import-statement') closure(relative(assets, resolve(ui, i.path)), seen);
  }
  return seen;
}
const shellFiles = closure(entry);
function lazily(source) {
  const name = names.find((n) => outputs[n].entryPoint === source);
  if (!name) fail(`${source} is no longer loaded lazily`);
  return name;
}
const queryFiles = closure(lazily('src/query/QueryPage.tsx'), new Set(shellFiles));
const boardFiles = closure(
  lazily('src/dash/ListPage.tsx'),
  closure(lazily('src/dash/BoardPage.tsx'), new Set(queryFiles)),
);

const preload = [...shellFiles]
  .filter((n) => n !== entry)
  .map((n) => `<link rel="modulepreload" href="assets/${n}">\n`)
  .join('');
const html = readFileSync(join(ui, 'index.html'), 'utf8')
  .replace('%ICON%', `assets/${icon}`)
  .replace('%CSS%', `assets/${css}`)
  .replace('%PRELOAD%', preload)
  .replace('%JS%', `assets/${entry}`);
writeFileSync(join(web, 'index.html'), html);

// Addresses of the pages, for the server that answers them with index.html.
const pages = [...readFileSync(join(ui, 'src/pages.tsx'), 'utf8').matchAll(/^ {4}path: '([a-z-]+)',$/gm)].map(
  (m) => m[1],
);
if (pages.length < 10) fail(`src/pages.tsx has ${pages.length} lines with a path, at least 10 are expected`);
writeFileSync(join(web, 'pages.txt'), pages.map((p) => `${p}\n`).join(''));

// Notices of the packages that ended up in the bundle.
const packages = new Map();
for (const input of Object.keys(result.metafile.inputs)) {
  const m = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (!m) continue;
  const dir = join(ui, 'node_modules', m[1]);
  const p = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  if (!LICENCES.test(p.license)) fail(`${p.name} ${p.version}: licence ${p.license} is not on the list`);
  const file = readdirSync(dir).find((n) => /^licen[cs]e/i.test(n));
  packages.set(p.name, { ...p, text: file ? readFileSync(join(dir, file), 'utf8').trim() : '' });
}
let notice = 'The web UI of Narthex contains these libraries, minified and bundled.\n';
for (const p of [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
  const text = p.license === 'Apache-2.0' ? 'Apache License, Version 2.0: see the LICENSE file of Narthex.' : p.text;
  const plain = text.replace(/\r/g, '').replace(/[ \t]+$/gm, '');
  notice += `\n${'='.repeat(78)}\n${p.name} ${p.version} (${p.license})\n\n${plain}\n`;
}
writeFileSync(join(web, 'THIRD-PARTY.txt'), notice);

const gz = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
const sum = (set) => [...set].reduce((n, f) => n + gz(join(assets, f)), 0);
const base = gz(join(web, 'index.html')) + gz(join(assets, css));
const shell = base + sum(shellFiles);
const query = base + sum(queryFiles);
const board = base + sum(boardFiles) - query;
const kb = (n) => `${(n / 1000).toFixed(1)} kB`;
for (const n of names.sort())
  console.log(
    `${n.padEnd(28)} ${kb(statSync(join(assets, n)).size).padStart(9)} ${kb(gz(join(assets, n))).padStart(9)} gz`,
  );
console.log(
  `shell ${kb(shell)} gz of ${kb(SHELL_LIMIT)}; query page ${kb(query)} gz of ${kb(QUERY_LIMIT)}; ` +
    `dashboards ${kb(board)} gz more of ${kb(BOARD_LIMIT)}`,
);
if (shell > SHELL_LIMIT || query > QUERY_LIMIT || board > BOARD_LIMIT) fail('too big');

// What the build was made of and what came out; BuildFreshnessTest compares.
const digest = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
const sources = [
  ...['index.html', 'package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs'].map((f) => join(ui, f)),
  ...files(join(ui, 'src')),
];
const lines = [...sources, ...files(web)].map((f) => `${digest(f)}  ${relative(module_, f).replaceAll('\\', '/')}\n`);
writeFileSync(join(module_, 'ui.sha256'), lines.join(''));
