// `npm run chaos -- [faults] [seed]`: the chaos suite, as long as wished (2,000 faults when nothing is said).
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [faults = '2000', seed] = process.argv.slice(2)
const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const child = spawn(process.execPath, [vitest, 'run', 'test/chaos'], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    MPANEL_CHAOS_FAULTS: faults,
    ...(seed === undefined ? {} : { MPANEL_CHAOS_SEED: seed }),
  },
})
child.once('exit', (code) => (process.exitCode = code ?? 1))
