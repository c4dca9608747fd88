import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AUDIT_ACTIONS } from '../../shared/auditActions.ts'
import { ROOT } from '../rules/tree.ts'

/** In capitals, and no kind of event. */
const OTHERS = new Set([
  'CSV_MAX_RECORD_SIZE',
  'MPANEL_API_KEY',
  'MPANEL_HEARTBEAT_URL',
  'MPANEL_URL',
  'SMTP_URL',
  'SUPER_ADMIN',
  'TENANT_OWNER',
  'VIES_URL',
  'XDG_CONFIG_HOME',
])
/** Those that the code puts together. */
const TOGETHER =
  /^(JOB_(SUCCEEDED|FAILED|CANCELLED|STUCK)|CLOUDPOD_(START|STOP|SHUTDOWN|REBOOT)_(REQUESTED|DONE))$/

test('the list of kinds of events is what the code writes, so that webhooks can ask for each', () => {
  const src = join(ROOT, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const written = new Set<string>()
  for (const file of files.filter((one) => !/^(db|lib|integrations|operator)\//.test(one)))
    for (const [, name = ''] of readFileSync(join(src, file), 'utf8').matchAll(
      /'([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)'/g,
    ))
      if (!OTHERS.has(name)) written.add(name)
  expect(AUDIT_ACTIONS.filter((name) => !TOGETHER.test(name))).toEqual(
    [...written].filter((name) => !TOGETHER.test(name)).toSorted(),
  )
  expect(AUDIT_ACTIONS.filter((name) => TOGETHER.test(name))).toHaveLength(12)
})
