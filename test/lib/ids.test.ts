import { describe, expect, test } from 'vitest'
import { isUuid, newId } from '../../src/lib/ids.ts'

describe('ids', () => {
  const ids = Array.from({ length: 20_000 }, newId)

  test('are UUIDs of version 7 that say when they were made', () => {
    const [first = ''] = ids
    expect(isUuid(first)).toBe(true)
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const ms = Number.parseInt(first.replace('-', '').slice(0, 12), 16)
    expect(Math.abs(Date.now() - ms)).toBeLessThan(600_000)
  })

  test('grow, also within a millisecond, and no two end the same way', () => {
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids.map((id) => id.slice(-15))).size).toBe(ids.length)
  })
})
