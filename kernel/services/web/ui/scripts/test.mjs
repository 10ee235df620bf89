// Bundles src/**/*.test.ts and runs them with node's own test runner.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

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
const built = readdirSync(out, { recursive: true }).filter((f) => f.endsWith('.mjs')).map((f) => join(out, f));
const run = spawnSync(process.execPath, ['--test', ...built], { stdio: 'inherit', env: { ...process.env, TZ: 'UTC' } });
rmSync(out, { recursive: true, force: true });
process.exit(run.status ?? 1);
