// Bundles src/**/*.test.ts and runs them with node's own test runner; fails when there are fewer than there were.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Tests that pass at least; raised as tests are added. */
const FEWEST = 165;

const ui = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const out = mkdtempSync(join(tmpdir(), 'narthex-ui-'));
const tests = readdirSync(join(ui, 'src'), { recursive: true }).filter((f) => f.endsWith('.test.ts'));
await build({
  absWorkingDir: ui,
  entryPoints: tests.map((f) => join('src', f)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const built = readdirSync(out, { recursive: true })
  .filter((f) => f.endsWith('.mjs'))
  .map((f) => join(out, f));
const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...built], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  env: { ...process.env, TZ: 'UTC' },
});
rmSync(out, { recursive: true, force: true });
process.stdout.write(run.stdout);
const passed = Number(/^# pass (\d+)$/m.exec(run.stdout)?.[1] ?? 0);
if (passed < FEWEST) console.error(`test: ${passed} tests passed, at least ${FEWEST} are expected`);
process.exit(passed < FEWEST ? 1 : (run.status ?? 1));
