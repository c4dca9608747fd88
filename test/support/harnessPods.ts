import type { TestApp } from './app.ts'
import type { AnyHandler } from './harnessRun.ts'

export type PodKind = 'vm' | 'ct'
export type OwnPod = { tenantId: string; podId: string }

/** What the cases of pods are made with. */
export type PodParts = {
  handlerOf: (kind: string) => AnyHandler
  activePod: (app: TestApp, tenantId: string, kind: PodKind) => Promise<string>
}

const pods = new WeakMap<TestApp, Map<string, Promise<OwnPod>>>()

/** The pod of a case, in a tenant of its own: made once for a server, and set back by the case before every try. */
export function ownPod(
  app: TestApp,
  name: string,
  make: (tenantId: string) => Promise<string>,
): Promise<OwnPod> {
  const own = pods.get(app) ?? new Map<string, Promise<OwnPod>>()
  pods.set(app, own)
  const made =
    own.get(name) ?? app.tenant().then(async (tenantId) => ({ tenantId, podId: await make(tenantId) }))
  own.set(name, made)
  return made
}
