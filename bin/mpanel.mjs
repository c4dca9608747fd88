#!/usr/bin/env node
// The entry for any Node: mPanel's TypeScript needs 22.18 or newer, so an older one hands over to the Node that npm
// installed with the packages.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  // Compiled code is kept between runs, which shortens every start but the first.
  nodeModule.enableCompileCache?.()
  await import('../src/cli.ts')
} else {
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
  if (!existsSync(pinned)) {
    console.error(
      `mpanel: Node ${process.versions.node} is too old. Run npm install, or use Node 22.18 or newer.`,
    )
    process.exit(1)
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // Ctrl-C reaches the child by itself; this process only waits for it.
  process.on('SIGINT', () => undefined)
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)))
}
