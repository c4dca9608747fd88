import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BenchDatabase } from './database.ts'

/** `heapMb`: how much the process may keep; without, Node takes what it finds. `inspect`: the port of its inspector. */
type Options = { heapMb?: number; inspect?: number }
export type Running = { pid: number; stop: () => Promise<void> }

/** The program itself, in a process of its own, as production runs it; `ready` finds in a line that it is. */
async function run(
  database: Pick<BenchDatabase, 'url' | 'dataDir'>,
  command: string,
  ready: RegExp,
  options: Options,
): Promise<Running & { found: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/cli.ts', import.meta.url)), command], {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      MPANEL_DATA_DIR: database.dataDir,
      MPANEL_PORT: '0',
      MPANEL_REQUESTS_PER_MINUTE: '0',
      MPANEL_ADDRESS_REQUESTS_PER_MINUTE: '0',
      NODE_OPTIONS: [
        ...(options.heapMb === undefined ? [] : [`--max-old-space-size=${options.heapMb}`]),
        ...(options.inspect === undefined ? [] : [`--inspect=127.0.0.1:${options.inspect}`]),
      ].join(' '),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const found = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`mpanel ${command} ended with ${code}`)))
    lines.on('line', (line) => {
      const match = ready.exec(line)?.[1]
      if (match !== undefined) resolve(match)
    })
  })
  return {
    found,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

export async function serve(
  database: Pick<BenchDatabase, 'url' | 'dataDir'>,
  options: Options = {},
): Promise<Running & { url: string }> {
  const { found, ...running } = await run(database, 'serve', /serves (http\S+)/, options)
  return { ...running, url: found }
}

export const work = (
  database: Pick<BenchDatabase, 'url' | 'dataDir'>,
  options: Options = {},
): Promise<Running> => run(database, 'worker', /worker (\S+) is running/, options)
