// `npm run bench [name]`: side-by-side measurements. Every figure of docs/performance.md comes from here.
import { cpus, totalmem } from 'node:os'
import { audit } from './audit.ts'
import { customerFiles } from './customerFiles.ts'
import { customers } from './customers.ts'
import { dns } from './dns.ts'
import { epp } from './epp.ts'
import { orderToActive } from './orderToActive.ts'
import { podList } from './podList.ts'
import { queue } from './queue.ts'
import { queueLoad } from './queueLoad.ts'
import { reconcile } from './reconcile.ts'
import { scale } from './scale.ts'
import { soak } from './soak.ts'
import { sslIssuance } from './sslIssuance.ts'
import { sslRenewals } from './sslRenewals.ts'

const BENCHES: Record<string, () => Promise<void>> = {
  podList,
  customers,
  customerFiles,
  queue,
  queueLoad,
  reconcile,
  dns,
  epp,
  sslIssuance,
  sslRenewals,
  orderToActive,
  audit,
  scale,
  soak,
}

const wanted = process.argv[2]
if (wanted !== undefined && !(wanted in BENCHES)) {
  console.error(`there is no bench ${wanted}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(1)
}
console.log(
  `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
)
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted !== undefined && wanted !== name) continue
  console.log(`\n## ${name}`)
  await bench()
}
