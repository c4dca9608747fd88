import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { handlers } from '../../src/jobs/index.ts'
import { isAudited } from '../../src/services/provisioningQueues.ts'

type Declared = { kind: string; payload: { parse(value: unknown): unknown } }
type Handler = {
  kind: string
  steps: readonly { name: string; title: string }[]
  parse(value: unknown): unknown
}

/** Every value that a folder's modules export and that looks like what is sought. */
async function exported<T>(folder: string, name: RegExp, is: (value: object) => boolean): Promise<T[]> {
  const directory = new URL(`../../src/${folder}/`, import.meta.url)
  const found = new Set<object>()
  for (const file of readdirSync(directory).filter((one) => name.test(one))) {
    const module = (await import(new URL(file, directory).href)) as Record<string, unknown>
    for (const value of Object.values(module)) {
      if (typeof value === 'object' && value !== null && 'kind' in value && is(value)) found.add(value)
    }
  }
  return [...found] as T[]
}

const declared = await exported<Declared>('services', /Queues\.ts$/, (value) => 'payload' in value)
const written = await exported<Handler>('jobs', /\.ts$/, (value) => 'steps' in value)
const kinds = (list: { kind: string }[]): string[] => list.map((one) => one.kind).toSorted()

test('each declared kind of job has exactly one handler, and each handler a declared kind', () => {
  expect(declared.length).toBeGreaterThan(3)
  expect(new Set(kinds(declared)).size).toBe(declared.length)
  expect(kinds(written)).toEqual(kinds(declared))
  expect([...handlers.keys()].toSorted()).toEqual(kinds(declared))
})

test('a handler is registered under its own kind and has steps with names of their own', () => {
  for (const handler of written) {
    expect(handlers.get(handler.kind)).toBe(handler)
    const names = handler.steps.map((step) => step.name)
    expect(names.length, handler.kind).toBeGreaterThan(0)
    expect(new Set(names).size, handler.kind).toBe(names.length)
    for (const step of handler.steps) expect(step.title, `${handler.kind} ${step.name}`).toMatch(/\w+/)
  }
})

test('a handler refuses a payload that is not of its form', () => {
  for (const handler of written) {
    for (const payload of [null, {}, 'text', []]) expect(() => handler.parse(payload), handler.kind).toThrow()
  }
})

test('every job leaves audit events but those that only look, and their list only gets shorter', () => {
  expect([...handlers.keys()].filter((kind) => !isAudited(kind))).toEqual([
    'cluster.reconcile',
    'cluster.sync',
    'ipPool.compare',
    'registrar.poll',
    'domain.zoneWatch',
  ])
})
