import { array, assert, constantFrom, nat, property } from 'fast-check'
import { expect, test } from 'vitest'
import { watchRfbInput } from '../../src/lib/rfbInput.ts'

const GREETING = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])])
const sized = (bytes: number[], length: number): Buffer =>
  Buffer.concat([Buffer.from(bytes), Buffer.alloc(length - bytes.length, 4)])

/** What a client sends by itself; filled with fours, which would be keys if they were read as messages. */
const QUIET = [
  sized([0], 20),
  sized([2, 0, 0, 3], 16),
  sized([3], 10),
  sized([150], 10),
  sized([248, 0, 0, 0, 0, 0, 0, 0, 5], 14),
  sized([250], 4),
  sized([251, 0, 0, 1, 0, 1, 1, 0], 24),
]
/** What a person does. */
const TYPED = [
  sized([4], 8),
  sized([5], 6),
  sized([6, 0, 0, 0, 0, 0, 0, 9], 17),
  sized([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf7], 17),
  sized([255, 0], 12),
]

/** Whether any piece was taken for a person's. */
function isSeen(messages: Buffer[], cuts: number[]): boolean {
  const all = Buffer.concat([GREETING, ...messages])
  const watch = watchRfbInput()
  const places = [0, ...cuts.map((cut) => cut % all.length).toSorted((a, b) => a - b), all.length]
  return places
    .slice(1)
    .map((end, index) => watch(all.subarray(places[index], end)))
    .includes(true)
}

test('a client that only looks is idle, however its messages are cut, and one that types is not', () => {
  const cuts = array(nat(), { maxLength: 8 })
  const quiet = array(constantFrom(...QUIET), { maxLength: 6 })
  assert(property(quiet, cuts, (messages, at) => !isSeen(messages, at)))
  assert(
    property(quiet, constantFrom(...TYPED), quiet, cuts, (before, typed, after, at) =>
      isSeen([...before, typed, ...after], at),
    ),
  )
})

test('what is not known is taken for a person’s', () => {
  expect(isSeen([Buffer.from([77])], [])).toBe(true)
})
