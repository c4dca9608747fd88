// `npm run harness`: every job against every failure, at every place; `npm test` takes a sixth of the deaths and half of the failures.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const child = spawn(process.execPath, [vitest, 'run', 'test/provisioning/harness'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, MPANEL_TESTS: 'all' },
})
child.once('exit', (code) => (process.exitCode = code ?? 1))
