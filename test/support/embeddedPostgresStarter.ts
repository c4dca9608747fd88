// A process of its own that starts the embedded PostgreSQL, so that a test can kill it:
// node embeddedPostgresStarter.ts <dataDir>. Prints one line of JSON, stops the server when its input ends.
import { once } from 'node:events'
import { startEmbeddedPostgres } from '../../src/lib/embeddedPostgres.ts'

try {
  const dataDir = process.argv[2] ?? ''
  const { ownerUrl, adopted, stop } = await startEmbeddedPostgres({ dataDir, durable: false, log: () => {} })
  console.log(JSON.stringify({ ownerUrl, adopted }))
  process.stdin.resume()
  await once(process.stdin, 'end')
  await stop()
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }))
}
