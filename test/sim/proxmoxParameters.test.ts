import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allRoutes } from '../../sim/proxmox/routes/index.ts'

/** Compares the simulator's parameters with the published API description, which is not part of the project. */
const FILE = join(import.meta.dirname, '../../../shared/proxmox-apidoc.json')

type Parameter = {
  type?: string
  optional?: number
  enum?: string[]
  minimum?: number | string
  maximum?: number | string
  maxLength?: number
}
type Method = { parameters?: { properties?: Record<string, Parameter> } }
type Branch = { path: string; info?: Record<string, Method>; children?: Branch[] }

const present = existsSync(FILE)
if (!present) console.log('Skipped: the API description is needed in ../shared/proxmox-apidoc.json.')

function methods(branches: Branch[], found = new Map<string, Record<string, Parameter>>()) {
  for (const { path, info, children } of branches) {
    for (const [method, { parameters }] of Object.entries(info ?? {})) {
      found.set(`${method} ${path}`, parameters?.properties ?? {})
    }
    methods(children ?? [], found)
  }
  return found
}

/** `net[n]` there, `net[32]` here, and `efidisk0` for what can only be there once. */
const baseName = (key: string) =>
  key.replace(/\[\w+\]$/, '[]').replace(/^(audio|efidisk|rng|tpmstate)0$/, '$1[]')

/** Storage types and roles depend on what a site has installed. */
const OPEN_ENUMS = new Set(['type'])

describe.skipIf(!present)('parameters', () => {
  const documented = present ? methods(JSON.parse(readFileSync(FILE, 'utf8')) as Branch[]) : new Map()

  it('every simulated call exists in the API', () => {
    const unknown = allRoutes
      .map(({ method, path }) => `${method} ${path}`)
      .filter((call) => !documented.has(call))
    expect(unknown).toEqual([])
  })

  it.each(allRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s takes the documented parameters, and no others',
    (call, { schema = {}, path }) => {
      const properties = (documented.get(call) ?? {}) as Record<string, Parameter>
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
      const known = new Map(Object.entries(properties).map(([key, parameter]) => [baseName(key), parameter]))
      const own = new Map(Object.entries(schema).map(([key, prop]) => [baseName(key), prop]))
      // `node` and `vmid` of a creation stand in the path and in the body respectively.
      const expected = [...known.keys()].filter((key) => !inPath.includes(key)).toSorted()
      expect([...own.keys()].toSorted()).toEqual(expected)
      for (const [key, prop] of own) {
        const there = known.get(key)
        expect({ key, type: prop.type, required: prop.required ?? false }).toEqual({
          key,
          type: there?.type,
          required: !there?.optional,
        })
        const bounds = { min: prop.min, max: prop.max, maxLength: prop.maxLength }
        expect({ key, ...bounds }).toEqual({
          key,
          min: there?.minimum === undefined ? undefined : Number(there.minimum),
          max: there?.maximum === undefined ? undefined : Number(there.maximum),
          maxLength: there?.maxLength,
        })
        if (there?.enum && !OPEN_ENUMS.has(key))
          expect({ key, values: prop.enum?.toSorted() }).toEqual({ key, values: there.enum.toSorted() })
      }
    },
  )
})
