import { expect, test } from 'vitest'
import { checkLayers } from '../../scripts/checkLayers.ts'
import { ROOT, makeTree } from './tree.ts'

test('no file of mPanel imports what its layer may not know', () => {
  expect(checkLayers(ROOT)).toEqual([])
})

test.each([
  ['a route that imports SQL', 'src/routes/cloudPods.ts', "import '../db/cloudPods.ts'"],
  [
    'a route that knows a vendor',
    'src/routes/cloudPods.ts',
    "import type { A } from '../integrations/proxmox/types.ts'",
  ],
  [
    'a route that makes a client',
    'src/routes/cloudPods.ts',
    "import { A } from '../integrations/proxmox/client.ts'",
  ],
  ['a middleware that imports SQL', 'src/middleware/auth.ts', "import { a } from '../db/users.ts'"],
  [
    'a service that makes a client',
    'src/services/sslService.ts',
    "const a = await import('../integrations/acme/client.ts')",
  ],
  [
    'a service with a value of an integration',
    'src/services/sslService.ts',
    "import { A } from '../integrations/acme/types.ts'",
  ],
  [
    'a service with a type beside types.ts',
    'src/services/sslService.ts',
    "import type { A } from '../integrations/acme/http.ts'",
  ],
  ['a service that imports a job', 'src/services/sslService.ts', "import { a } from '../jobs/sslIssue.ts'"],
  ['a service that imports a route', 'src/services/sslService.ts', "export * from '../routes/sslRoutes.ts'"],
  [
    'a service inside another feature',
    'src/services/BillingService.ts',
    "import { a } from './cloudPods/reserve.ts'",
  ],
  [
    'a job inside a feature',
    'src/jobs/cloudPodCreate.ts',
    "import { a } from '../services/cloudPods/reserve.ts'",
  ],
  [
    'a job that makes a client',
    'src/jobs/cloudPodCreate.ts',
    "import { a } from '../integrations/proxmox/client.ts'",
  ],
  ['the worker making a client', 'src/worker.ts', "import { a } from './integrations/proxmox/client.ts'"],
  ['SQL that imports a service', 'src/db/users.ts', "import type { a } from '../services/userService.ts'"],
  [
    'one vendor that knows another',
    'src/integrations/proxmox/client.ts',
    "import { a } from '../stripe/types.ts'",
  ],
  [
    'an integration that imports SQL',
    'src/integrations/proxmox/client.ts',
    "import { a } from '../../db/users.ts'",
  ],
  ['a helper that knows hosting', 'src/lib/money.ts', "import { a } from '../services/BillingService.ts'"],
  [
    'shared words that import the server',
    'shared/api/users.ts',
    "import type { a } from '../../src/db/users.ts'",
  ],
  [
    'a page that imports the server',
    'web/src/pages/user/UserPage.tsx',
    "import { a } from '../../../../src/context.ts'",
  ],
  [
    'a page that brings zod along',
    'web/src/api/users.ts',
    "import { a } from '../../../shared/api/users.ts'",
  ],
  [
    'a product file that imports a simulator',
    'src/jobs/cloudPodCreate.ts',
    "import { a } from '../../sim/proxmox/http.ts'",
  ],
  [
    'a second reader of the environment',
    'src/services/userService.ts',
    'export const home = process.env.HOME',
  ],
  ['a route without a feature', 'src/routes/helpers.ts', ''],
  ['a service folder without a feature', 'src/services/utils/dates.ts', ''],
])('%s is refused', (_, file, text) => {
  const problems = checkLayers(makeTree({ [file]: text }))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(file)
})

test('services that need each other are refused, even over a third', () => {
  const tree = makeTree({
    'src/services/userService.ts': "import { a } from './tenantService.ts'",
    'src/services/tenantService.ts': "import { a } from './auditService.ts'",
    'src/services/auditService.ts': "import { a } from './userService.ts'",
  })
  expect(checkLayers(tree)).toEqual([
    expect.stringContaining('import cycle: src/services/auditService.ts → '),
  ])
})

test.each([
  [
    'a job that knows the words of an integration',
    'src/jobs/sslIssue.ts',
    "import type { A } from '../integrations/acme/types.ts'",
  ],
  ['a vendor that opens its own folder', 'src/integrations/acme/client.ts', "import { a } from './http.ts'"],
  ['deps.ts that makes a client', 'src/deps.ts', "import { a } from './integrations/acme/client.ts'"],
  [
    'a service file that opens its folder',
    'src/services/cloudPodService.ts',
    "import { a } from './cloudPods/reserve.ts'",
  ],
  [
    'a page with types of the server',
    'web/src/api/users.ts',
    "import type { A } from '../../../shared/api/users.ts'",
  ],
  [
    'a page that asks the state machine',
    'web/src/pages/x.tsx',
    "import { can } from '../../../shared/states/cloudPod.ts'",
  ],
  ['the environment in its only reader', 'src/config.ts', 'export const home = process.env.HOME'],
  [
    'a route of the administration',
    'src/routes/adminCustomers.ts',
    "import { a } from '../middleware/rbac.ts'",
  ],
  [
    'the words of a forbidden import in a comment',
    'src/db/users.ts',
    "// import { a } from '../routes/index.ts'",
  ],
])('%s is allowed', (_, file, text) => {
  expect(checkLayers(makeTree({ [file]: text }))).toEqual([])
})
